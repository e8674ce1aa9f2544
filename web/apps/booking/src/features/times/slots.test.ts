// @vitest-environment node
import { addMinutes, fromWall, readyTemporal, startOfDay } from "@slotcast/ui/zones";
import { describe, expect, test } from "vitest";
import { groupByPart, nearest, type Slot, slotViews } from "./slots";

await readyTemporal();

function slot(start: string): Slot {
  const instant = new Date(start).toISOString();
  return { start: instant, end: addMinutes(instant, 30), memberIds: ["a"] };
}

/** Every half hour of real time from the day's first instant to the last before *end*. */
function halfHours(day: string, next: string, zone: string): Slot[] {
  const end = Date.parse(startOfDay(next, zone));
  const slots: Slot[] = [];
  for (let at = Date.parse(startOfDay(day, zone)); at < end; at += 30 * 60_000) {
    slots.push(slot(new Date(at).toISOString()));
  }
  return slots;
}

function countsOf(day: string, next: string, zone: string): Record<string, number> {
  const parts = groupByPart(slotViews([], halfHours(day, next, zone), zone), zone);
  return Object.fromEntries(parts.map(({ part, slots }) => [part, slots.length]));
}

describe("the parts of a day", () => {
  test("begin at noon and at five by the shop's clock, not by the reader's", () => {
    const kolkata = "Asia/Kolkata";
    const slots = ["11:59", "12:00", "16:59", "17:00"].map((time) =>
      slot(fromWall(`2027-03-28T${time}:00`, kolkata)),
    );

    const parts = groupByPart(slotViews([], slots, kolkata), kolkata);

    expect(parts.map(({ part, slots }) => [part, slots.length])).toEqual([
      ["morning", 1],
      ["afternoon", 2],
      ["evening", 1],
    ]);
  });

  test.each([
    // An hour of the night is missing, or comes twice; at Lord Howe it is half an hour.
    ["Europe/Paris", "2027-03-28", "2027-03-29", 22],
    ["Europe/Paris", "2027-10-31", "2027-11-01", 26],
    ["America/New_York", "2027-03-14", "2027-03-15", 22],
    ["America/New_York", "2027-11-07", "2027-11-08", 26],
    ["Australia/Lord_Howe", "2027-10-03", "2027-10-04", 23],
    ["Australia/Lord_Howe", "2027-04-04", "2027-04-05", 25],
    ["Asia/Kolkata", "2027-03-28", "2027-03-29", 24],
  ])("in %s on %s have the half hours that there are", (zone, day, next, morning) => {
    expect(countsOf(day, next, zone)).toEqual({ morning, afternoon: 10, evening: 14 });
  });

  test("without a slot are left out", () => {
    const only = slot("2026-11-24T19:00:00Z");

    expect(groupByPart(slotViews([], [only], "UTC"), "UTC").map(({ part }) => part)).toEqual([
      "evening",
    ]);
  });
});

describe("what stands in a day", () => {
  const nine = slot("2026-11-24T09:00:00Z");
  const ten = slot("2026-11-24T10:00:00Z");
  const eleven = slot("2026-11-24T11:00:00Z");

  test("keeps the place of a slot that was taken", () => {
    const views = slotViews([nine, ten], [nine, eleven], "UTC");

    expect(views.map(({ start, isTaken }) => [start, isTaken])).toEqual([
      [nine.start, false],
      [ten.start, true],
      [eleven.start, false],
    ]);
  });

  test("frees the place again when the slot comes back", () => {
    expect(slotViews([nine, ten], [nine, ten], "UTC").some(({ isTaken }) => isTaken)).toBe(false);
  });

  test("marks the times that the clock shows twice, and only those", () => {
    const zone = "Europe/Paris";
    const night = halfHours("2027-10-31", "2027-11-01", zone);

    const twice = slotViews([], night, zone).filter(({ isAmbiguous }) => isAmbiguous);

    expect(twice.map(({ start }) => start)).toEqual([
      "2027-10-31T00:00:00.000Z",
      "2027-10-31T00:30:00.000Z",
      "2027-10-31T01:00:00.000Z",
      "2027-10-31T01:30:00.000Z",
    ]);
  });
});

describe("the nearest alternatives", () => {
  const day = ["09:00", "13:45", "14:15", "15:00", "17:00"].map((time) =>
    slot(`2026-11-24T${time}:00Z`),
  );

  test("are the nearest in time, told in the order of the day", () => {
    expect(nearest(day, "2026-11-24T14:00:00Z", 3).map(({ start }) => start.slice(11, 16))).toEqual(
      ["13:45", "14:15", "15:00"],
    );
  });

  test("prefer the later of two that are as near", () => {
    expect(nearest(day, "2026-11-24T14:00:00Z", 1)[0]?.start).toBe("2026-11-24T14:15:00.000Z");
  });

  test("are as many as there are", () => {
    expect(nearest(day.slice(0, 2), "2026-11-24T14:00:00Z", 3)).toHaveLength(2);
    expect(nearest([], "2026-11-24T14:00:00Z", 3)).toEqual([]);
  });
});
