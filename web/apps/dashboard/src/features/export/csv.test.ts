import type { Appointment } from "@slotcast/realtime";
import { readyTemporal } from "@slotcast/ui/zones";
import { beforeAll, describe, expect, test } from "vitest";
import { COLUMNS, fileNameOf, tableOf } from "./appointments";
import { toCsv } from "./csv";

const body = (rows: string[][]) => toCsv(rows).slice(1);

describe("the file", () => {
  test("begins with a byte order mark and ends its lines with CR LF", () => {
    expect(
      toCsv([
        ["a", "b"],
        ["c", "d"],
      ]),
    ).toBe("\uFEFFa,b\r\nc,d\r\n");
  });

  test("quotes what has separators, quotes or line breaks", () => {
    expect(body([["a,b", 'say "hi"', "two\nlines", "plain"]])).toBe(
      '"a,b","say ""hi""","two\nlines",plain\r\n',
    );
  });

  test.each(["=1+1", "+33 1 23", "-2", "@SUM(A1)", "\t=1", "\r=1"])(
    "keeps spreadsheets from running %j",
    (text) => {
      expect(body([[text]]).replaceAll('"', "")).toMatch(/^'/);
    },
  );

  test("leaves signs inside of a text alone", () => {
    expect(body([["a=b", "2026-11-24", "1-2"]])).toBe("a=b,2026-11-24,1-2\r\n");
  });
});

describe("the rows", () => {
  beforeAll(readyTemporal);

  const labels = {
    column: (column: string) => column,
    status: (status: string) => status,
    member: (id: string | null) => (id ? `member ${id}` : ""),
    service: (id: string | null) => (id ? `service ${id}` : ""),
  };

  const appointment = (changed: Partial<Appointment>) =>
    ({
      customer_name: "Mara Li",
      start_time: "2026-11-24T13:00:00Z",
      end_time: "2026-11-24T13:45:00Z",
      team_member_id: "1",
      service_id: "2",
      status: "confirmed",
      price_cents: 4200,
      currency: "EUR",
      notes: null,
      ...changed,
    }) as Appointment;

  /** The only row, by column. */
  function rowOf(changed: Partial<Appointment>, zone = "Europe/Paris") {
    const [, row = []] = tableOf([appointment(changed)], zone, labels);
    return Object.fromEntries(COLUMNS.map((column, index) => [column, row[index]]));
  }

  test("have the shop's day and time, whatever the reader's zone", () => {
    expect(
      rowOf({ start_time: "2026-11-24T23:30:00Z", end_time: "2026-11-25T00:30:00Z" }),
    ).toMatchObject({
      date: "2026-11-25",
      start: "00:30",
      end: "01:30",
      timeZone: "Europe/Paris",
    });
  });

  test("name the day of an end on another day", () => {
    const night = { start_time: "2026-11-24T22:00:00Z", end_time: "2026-11-25T00:00:00Z" };

    expect(rowOf(night).end).toBe("2026-11-25 01:00");
  });

  test("have prices in the decimals of their currency", () => {
    expect(rowOf({}).price).toBe("42.00");
    expect(rowOf({ price_cents: 4200, currency: "JPY" }).price).toBe("4200");
    expect(rowOf({ price_cents: null }).price).toBe("");
  });

  test("are in the order of their starts under one header", () => {
    const late = appointment({ customer_name: "late", start_time: "2026-11-24T16:00:00Z" });
    const early = appointment({ customer_name: "early", start_time: "2026-11-24T08:00:00Z" });

    const [header, ...rows] = tableOf([late, early], "Europe/Paris", labels);

    expect(header).toEqual([...COLUMNS]);
    expect(rows.map((row) => row[4])).toEqual(["early", "late"]);
  });

  test("are in a file that is named after its days", () => {
    const week = ["2026-11-22T23:00:00Z", "2026-11-29T23:00:00Z"] as const;
    const day = ["2026-11-23T23:00:00Z", "2026-11-24T23:00:00Z"] as const;

    expect(fileNameOf("salon", ...week, "Europe/Paris")).toBe("salon-2026-11-23-to-2026-11-29.csv");
    expect(fileNameOf("salon", ...day, "Europe/Paris")).toBe("salon-2026-11-24.csv");
  });
});
