// @vitest-environment node
import { beforeAll, describe, expect, test } from "vitest";
import {
  addDays,
  dayOf,
  daysBetween,
  firstWeekday,
  formatDay,
  formatDayTime,
  formatDuration,
  formatRelative,
  formatTime,
  formatTimeRange,
  fromWall,
  minutesAhead,
  minutesBetween,
  readyTemporal,
  startOfDay,
  startOfWeek,
  toWall,
} from "./zones";

beforeAll(readyTemporal);

/** Zone, the day on which clocks go forward, the day on which they go back, and its length in minutes. */
const CLOCK_CHANGES = [
  ["Europe/Paris", "2027-03-28", "2027-10-31", 60],
  ["America/New_York", "2027-03-14", "2027-11-07", 60],
  ["Australia/Lord_Howe", "2027-10-03", "2027-04-04", 30],
] as const;

describe.each(CLOCK_CHANGES)("clock changes of %s", (zone, forward, back, shift) => {
  test("make the day shorter and longer by what the clocks move", () => {
    const lengthOf = (day: string) =>
      minutesBetween(startOfDay(day, zone), startOfDay(addDays(day, 1), zone));

    expect(lengthOf(forward)).toBe(1440 - shift);
    expect(lengthOf(back)).toBe(1440 + shift);
  });

  test("leave every instant where it was, there and back by the wall clock, outside of the doubled hour", () => {
    for (const day of [forward, back]) {
      for (const time of ["00:15:00", "09:00:00", "13:45:00", "23:30:00"]) {
        const instant = fromWall(`${day}T${time}`, zone);

        expect(toWall(instant, zone)).toBe(`${day}T${time}`);
        expect(dayOf(instant, zone)).toBe(day);
      }
    }
  });
});

test("a wall time that the clocks skip moves forward by the gap", () => {
  expect(toWall(fromWall("2027-03-28T02:30:00", "Europe/Paris"), "Europe/Paris")).toBe(
    "2027-03-28T03:30:00",
  );
});

test("of a wall time that comes twice, either can be asked for", () => {
  const wall = "2027-10-31T02:30:00";

  expect(fromWall(wall, "Europe/Paris", "earlier")).toBe("2027-10-31T00:30:00Z");
  expect(fromWall(wall, "Europe/Paris", "later")).toBe("2027-10-31T01:30:00Z");
});

test("zones that are off by half an hour have days of their own", () => {
  expect(dayOf("2027-01-01T18:45:00Z", "Asia/Kolkata")).toBe("2027-01-02");
  expect(startOfDay("2027-01-02", "Asia/Kolkata")).toBe("2027-01-01T18:30:00Z");
});

test("how far the reader's clock is ahead depends on the instant", () => {
  // New York has changed its clocks on the 14th, Paris will on the 28th.
  expect(minutesAhead("America/New_York", "Europe/Paris", "2027-03-10T12:00:00Z")).toBe(-360);
  expect(minutesAhead("America/New_York", "Europe/Paris", "2027-03-20T12:00:00Z")).toBe(-300);
  expect(minutesAhead("Asia/Kolkata", "Europe/Paris", "2027-01-10T12:00:00Z")).toBe(270);
});

test("weeks begin where the reader expects it", () => {
  expect(startOfWeek("2026-11-25", firstWeekday("fr-FR"))).toBe("2026-11-23");
  expect(startOfWeek("2026-11-25", firstWeekday("en-US"))).toBe("2026-11-22");
  expect(daysBetween("2026-11-25", "2026-12-02")).toBe(7);
});

test("words follow the reader's region", () => {
  expect(formatTime("2026-11-24T13:05:00Z", "Europe/Paris", "en-GB")).toBe("14:05");
  expect(formatTime("2026-11-24T13:05:00Z", "Europe/Paris", "en-US")).toMatch(/^2:05\sPM$/u);
  expect(formatDay("2026-11-24", "fr", "long")).toBe("mardi 24 novembre");
  expect(formatDuration(90, "en")).toBe("1 hr 30 min");
  expect(formatDuration(0, "en")).toBe("0 min");
});

test("relative times choose the largest unit that has passed", () => {
  const now = Date.parse("2026-11-24T12:00:00Z");

  expect(formatRelative("2026-11-24T11:55:00Z", now, "en")).toBe("5 minutes ago");
  expect(formatRelative("2026-11-26T12:00:00Z", now, "en")).toBe("in 2 days");
  expect(formatRelative("2026-12-15T12:00:00Z", now, "en")).toBe("in 3 weeks");
});

test("a time is written alike wherever it stands", () => {
  const [from, to] = ["2026-11-24T08:30:00Z", "2026-11-24T09:15:00Z"] as const;
  const hasZero = (locale: string) =>
    [
      formatTime(from, "Europe/Paris", locale),
      formatTimeRange(from, to, "Europe/Paris", locale),
      formatDayTime(from, "Europe/Paris", locale),
    ].map((text) => text.includes("09:30"));

  expect(hasZero("en-GB")).toEqual([true, true, true]);
  expect(hasZero("fr")).toEqual([true, true, true]);
  expect(hasZero("en-US")).toEqual([false, false, false]);
});
