import "temporal-polyfill/global";
import { describe, expect, test } from "vitest";
import { gaps, hoursOfDay, isOpen, type OpeningData, openStretches, timeOffOf } from "./opening";

const ANA = "ana";

function opening(over: Partial<OpeningData> = {}): OpeningData {
  return {
    hours: [1, 2, 3, 4, 5, 7].map((weekday) => ({
      team_member_id: ANA,
      weekday,
      opens: "09:00:00",
      closes: "18:00:00",
    })),
    exceptions: [],
    timeOff: [],
    ...over,
  };
}

const instant = (text: string) => Date.parse(text);

describe("open stretches", () => {
  test("nine o'clock is another instant after the clocks went forward", () => {
    const open = openStretches(opening(), ANA, "Europe/Paris", "2027-03-26", "2027-03-29");
    expect(open.map(({ fromMs }) => new Date(fromMs).toISOString())).toEqual([
      "2027-03-26T08:00:00.000Z",
      "2027-03-28T07:00:00.000Z",
      "2027-03-29T07:00:00.000Z",
    ]);
  });

  test("opening within the hour that the clocks skip begins after it", () => {
    const early = opening({
      hours: [{ team_member_id: ANA, weekday: 7, opens: "02:30:00", closes: "05:00:00" }],
    });
    const [night] = openStretches(early, ANA, "Europe/Paris", "2027-03-28", "2027-03-28");
    expect(night).toEqual({
      fromMs: instant("2027-03-28T01:30:00Z"),
      toMs: instant("2027-03-28T03:00:00Z"),
    });
  });

  test("an exception replaces the hours of its date and of no other", () => {
    const data = opening({
      exceptions: [
        { team_member_id: ANA, on_date: "2026-11-24", opens: null, closes: null },
        { team_member_id: ANA, on_date: "2026-11-25", opens: "12:00", closes: "15:00" },
      ],
    });
    const open = openStretches(data, ANA, "UTC", "2026-11-24", "2026-11-26");
    expect(open.map(({ fromMs }) => new Date(fromMs).toISOString().slice(0, 16))).toEqual([
      "2026-11-25T12:00",
      "2026-11-26T09:00",
    ]);
  });

  test("nobody works in hours that belong to somebody else", () => {
    expect(openStretches(opening(), "ben", "UTC", "2026-11-24", "2026-11-30")).toEqual([]);
  });
});

describe("gaps", () => {
  const day = { fromMs: 0, toMs: 24 };

  test("what is closed is what is left of the day", () => {
    expect(
      gaps(day, [
        { fromMs: 14, toMs: 18 },
        { fromMs: 9, toMs: 12 },
      ]),
    ).toEqual([
      { fromMs: 0, toMs: 9 },
      { fromMs: 12, toMs: 14 },
      { fromMs: 18, toMs: 24 },
    ]);
  });

  test("parts that overlap or stick out leave nothing negative", () => {
    expect(
      gaps(day, [
        { fromMs: -5, toMs: 10 },
        { fromMs: 8, toMs: 12 },
        { fromMs: 20, toMs: 30 },
      ]),
    ).toEqual([{ fromMs: 12, toMs: 20 }]);
  });

  test("a day without hours is closed from end to end", () => {
    expect(gaps(day, [])).toEqual([day]);
  });
});

test("time off closes what the hours leave open", () => {
  const data = opening({
    timeOff: [
      {
        id: "1",
        team_member_id: ANA,
        start_time: "2026-11-24T12:00:00Z",
        end_time: "2026-11-24T13:00:00Z",
        reason: "Dentist",
      },
    ],
  });
  const open = openStretches(data, ANA, "UTC", "2026-11-24", "2026-11-24");
  const at = (from: string, to: string) =>
    isOpen(
      { fromMs: instant(`2026-11-24T${from}:00Z`), toMs: instant(`2026-11-24T${to}:00Z`) },
      open,
      timeOffOf(data, ANA),
    );
  expect(at("11:00", "12:00")).toBe(true);
  expect(at("11:30", "12:30")).toBe(false);
  expect(at("13:00", "14:00")).toBe(true);
  expect(at("17:30", "18:30")).toBe(false);
});

test("the grid's hours hold everybody's, with one to spare", () => {
  expect(hoursOfDay(opening())).toEqual({ from: 8, to: 19 });
  expect(hoursOfDay(opening({ hours: [] }))).toEqual({ from: 8, to: 20 });
});
