import type { AppointmentStatus } from "@slotcast/realtime";
import { describe, expect, test } from "vitest";
import { searchFilter } from "./search";
import { visitsOf } from "./visits";

describe("a search", () => {
  test("looks into name, email and phone", () => {
    expect(searchFilter(" mara ")).toBe(
      'name.ilike."%mara%",email.ilike."%mara%",phone.ilike."%mara%"',
    );
  });

  test("is none without letters", () => {
    expect(searchFilter("  ")).toBeNull();
    expect(searchFilter("%*")).toBeNull();
  });

  test("takes what is typed for text and not for a pattern or a condition", () => {
    expect(searchFilter('a,b)"%_')).toContain('name.ilike."%a,b)   \\\\_%"'.replace("   ", "  "));
  });
});

describe("visits", () => {
  const NOW = Date.parse("2026-11-24T10:00:00Z");
  const visit = (hour: number, status: AppointmentStatus = "confirmed") => ({
    start_time: `2026-11-24T${String(hour).padStart(2, "0")}:00:00Z`,
    end_time: `2026-11-24T${String(hour).padStart(2, "0")}:45:00Z`,
    status,
  });
  const hours = (rows: readonly { start_time: string }[]) =>
    rows.map(({ start_time }) => Number(start_time.slice(11, 13)));

  test("are upcoming, soonest first, and past, latest first", () => {
    const { upcoming, past } = visitsOf([visit(8), visit(15), visit(12), visit(9)], NOW);

    expect(hours(upcoming)).toEqual([12, 15]);
    expect(hours(past)).toEqual([9, 8]);
  });

  test("that were cancelled are past, whenever they were meant to be", () => {
    expect(hours(visitsOf([visit(15, "cancelled")], NOW).past)).toEqual([15]);
  });

  test("that go on are not past yet", () => {
    expect(hours(visitsOf([visit(10)], NOW + 60_000).upcoming)).toEqual([10]);
  });
});
