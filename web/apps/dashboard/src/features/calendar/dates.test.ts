import "temporal-polyfill/global";
import { describe, expect, test } from "vitest";
import { daysOf, hourBeside, instantsOf, offsetOf, stepDate, visibleDates } from "./dates";

const MONDAY = 1;
const SUNDAY = 7;

describe("visible dates", () => {
  test("a week begins on the locale's first day", () => {
    expect(visibleDates("week", "2026-11-24", MONDAY)).toEqual({
      from: "2026-11-23",
      to: "2026-11-30",
    });
    expect(visibleDates("week", "2026-11-24", SUNDAY)).toEqual({
      from: "2026-11-22",
      to: "2026-11-29",
    });
  });

  test("a month is filled up to whole weeks", () => {
    expect(visibleDates("month", "2026-11-24", MONDAY)).toEqual({
      from: "2026-10-26",
      to: "2026-12-07",
    });
  });

  test("a month that ends with its week gets no week more", () => {
    expect(visibleDates("month", "2027-02-10", MONDAY)).toEqual({
      from: "2027-02-01",
      to: "2027-03-01",
    });
  });

  test("a range is made of its days, the end left out", () => {
    expect(daysOf({ from: "2026-12-30", to: "2027-01-02" })).toEqual([
      "2026-12-30",
      "2026-12-31",
      "2027-01-01",
    ]);
  });
});

describe("steps", () => {
  test("a month's step from the 31st stays in the next month", () => {
    expect(stepDate("month", "2026-10-31", 1)).toBe("2026-11-30");
  });

  test("a day's step crosses the year", () => {
    expect(stepDate("day", "2027-01-01", -1)).toBe("2026-12-31");
  });
});

describe("instants of days", () => {
  test("the day on which Paris puts its clocks forward has 23 hours", () => {
    const { from, to } = instantsOf({ from: "2027-03-28", to: "2027-03-29" }, "Europe/Paris");
    expect(from).toBe("2027-03-27T23:00:00Z");
    expect(to).toBe("2027-03-28T22:00:00Z");
  });

  test("the day on which Lord Howe puts them back has 24 and a half", () => {
    const { from, to } = instantsOf(
      { from: "2027-04-04", to: "2027-04-05" },
      "Australia/Lord_Howe",
    );
    expect(Date.parse(to) - Date.parse(from)).toBe(24.5 * 3_600_000);
  });

  test("a margin widens both sides by days of the zone", () => {
    const { from, to } = instantsOf({ from: "2026-11-24", to: "2026-11-25" }, "Asia/Kolkata", 1);
    expect([from, to]).toEqual(["2026-11-22T18:30:00Z", "2026-11-25T18:30:00Z"]);
  });

  test("the offset follows the zone's clock", () => {
    expect(offsetOf("Europe/Paris", Date.parse("2027-03-28T00:59:00Z"))).toBe("+01:00");
    expect(offsetOf("Europe/Paris", Date.parse("2027-03-28T01:00:00Z"))).toBe("+02:00");
    expect(offsetOf("America/New_York", Date.parse("2026-11-24T00:00:00Z"))).toBe("-05:00");
  });
});

test.each([
  ["13:48", 14],
  ["14:00", 14],
  ["14:12", 14],
  ["14:13", null],
  ["13:47", null],
  ["23:59", 24],
])("the time %s lies on the label of hour %s", (time, hour) => {
  expect(hourBeside(`2026-11-24T${time}:30`)).toBe(hour);
});
