import { describe, expect, test } from "vitest";
import { nearestFree, overlapping } from "./overlap";

const at = (time: string) => Date.parse(`2026-11-24T${time}:00Z`);

function row(id: string, from: string, to: string, over: object = {}) {
  return {
    id,
    team_member_id: "ana",
    start_time: `2026-11-24T${from}:00Z`,
    end_time: `2026-11-24T${to}:00Z`,
    buffer_before_minutes: 0,
    buffer_after_minutes: 0,
    status: "confirmed" as const,
    allow_overlap: false,
    ...over,
  };
}

const candidate = (from: string, to: string, over: object = {}) => ({
  memberId: "ana",
  startMs: at(from),
  endMs: at(to),
  ...over,
});

describe("overlaps", () => {
  const rows = [row("b", "12:00", "13:00"), row("a", "10:00", "11:00")];

  test("are told by the earliest appointment in the way", () => {
    expect(overlapping(rows, candidate("10:30", "12:30"))?.id).toBe("a");
  });

  test("ends may touch", () => {
    expect(overlapping(rows, candidate("11:00", "12:00"))).toBeUndefined();
  });

  test("an appointment does not stand in its own way", () => {
    expect(overlapping(rows, candidate("10:15", "11:15", { id: "a" }))).toBeUndefined();
  });

  test("somebody else's are none", () => {
    expect(overlapping(rows, candidate("10:00", "11:00", { memberId: "ben" }))).toBeUndefined();
  });

  test("what nobody is assigned to overlaps with nothing", () => {
    expect(overlapping(rows, candidate("10:00", "11:00", { memberId: null }))).toBeUndefined();
  });

  test.each(["cancelled", "completed", "no_show"] as const)("%s ones do not block", (status) => {
    const gone = [row("a", "10:00", "11:00", { status })];
    expect(overlapping(gone, candidate("10:00", "11:00"))).toBeUndefined();
  });

  test("what was overbooked on purpose does not block", () => {
    const doubled = [row("a", "10:00", "11:00", { allow_overlap: true })];
    expect(overlapping(doubled, candidate("10:00", "11:00"))).toBeUndefined();
  });

  test("buffers of both count", () => {
    const buffered = [row("a", "10:00", "11:00", { buffer_after_minutes: 15 })];
    expect(overlapping(buffered, candidate("11:10", "12:00"))?.id).toBe("a");
    expect(overlapping(buffered, candidate("11:15", "12:00"))).toBeUndefined();
    expect(overlapping(buffered, candidate("11:15", "12:00", { bufferBeforeMinutes: 5 }))?.id).toBe(
      "a",
    );
  });
});

describe("nearest free times", () => {
  const rows = [row("a", "14:00", "15:00")];
  const open = (startMs: number, endMs: number) => startMs >= at("09:00") && endMs <= at("18:00");
  const options = { count: 3, stepMinutes: 15, notBeforeMs: at("09:00"), isOpen: open };
  const times = (found: number[]) => found.map((ms) => new Date(ms).toISOString().slice(11, 16));

  test("come from both sides, nearest first", () => {
    expect(times(nearestFree(rows, candidate("14:30", "15:00"), options))).toEqual([
      "15:00",
      "15:15",
      "13:30",
    ]);
  });

  test("are never in the past nor outside of working hours", () => {
    const late = { ...options, notBeforeMs: at("13:45") };
    expect(times(nearestFree(rows, candidate("14:00", "16:00"), late))).toEqual([
      "15:00",
      "15:15",
      "15:30",
    ]);
  });

  test("are none when the day is full", () => {
    const full = [row("a", "00:00", "23:59"), row("b", "00:00", "23:59")];
    expect(nearestFree(full, candidate("14:00", "15:00"), options)).toEqual([]);
  });
});
