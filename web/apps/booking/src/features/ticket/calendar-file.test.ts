// @vitest-environment node
import { expect, test } from "vitest";
import { type CalendarEvent, calendarFile } from "./calendar-file";

const EVENT: CalendarEvent = {
  id: "00000000-0000-4000-8000-000000000007",
  version: 3,
  status: "confirmed",
  start: "2027-03-28T09:00:00+02:00",
  end: "2027-03-28T09:45:00+02:00",
  updatedAt: "2027-03-01T12:00:00.123Z",
  summary: "Haircut",
};

/** The lines as they were before folding. */
function linesOf(event: CalendarEvent): string[] {
  return calendarFile(event).replaceAll("\r\n ", "").split("\r\n");
}

test("times are UTC, whatever offset they came with", () => {
  const lines = linesOf(EVENT);

  expect(lines).toContain("DTSTART:20270328T070000Z");
  expect(lines).toContain("DTEND:20270328T074500Z");
  expect(lines).toContain("DTSTAMP:20270301T120000Z");
});

test("the version is the sequence, so that a later file replaces an earlier one", () => {
  expect(linesOf(EVENT)).toContain("SEQUENCE:3");
  expect(linesOf(EVENT)).toContain("UID:00000000-0000-4000-8000-000000000007");
});

test("a request is tentative and a cancelled appointment says so", () => {
  expect(linesOf({ ...EVENT, status: "pending" })).toContain("STATUS:TENTATIVE");
  expect(linesOf({ ...EVENT, status: "cancelled" })).toContain("STATUS:CANCELLED");
});

test("marks that mean something to calendars are escaped", () => {
  const lines = linesOf({ ...EVENT, location: "Quai 7; 2nd floor, left\nRing \\ twice" });

  expect(lines).toContain("LOCATION:Quai 7\\; 2nd floor\\, left\\nRing \\\\ twice");
});

test("characters that no calendar may hold are left out", () => {
  expect(linesOf({ ...EVENT, location: "Quai\u0000 7\u001b[2J" })).toContain("LOCATION:Quai 7[2J");
});

test("no line is longer than 75 octets, and no character is torn", () => {
  const summary = "Épilation à la cire — été ☀️ ".repeat(12);
  const file = calendarFile({ ...EVENT, summary });

  const lengths = file.split("\r\n").map((line) => new TextEncoder().encode(line).length);
  expect(Math.max(...lengths)).toBeLessThanOrEqual(75);
  expect(file.replaceAll("\r\n ", "")).toContain(`SUMMARY:${summary}`);
});

test("every line ends with CR LF, the last one too", () => {
  const file = calendarFile({ ...EVENT, description: "One\r\nTwo" });

  expect(file.endsWith("END:VCALENDAR\r\n")).toBe(true);
  expect(file.replaceAll("\r\n", "")).not.toMatch(/[\r\n]/);
});
