// @vitest-environment node
import { describe, expect, test } from "vitest";
import { isInRange, isSameValue, isUpTo, sorted } from "../src/sorting";

const KEY = ["id"];
const ids = (rows: { id: unknown }[]) => rows.map(({ id }) => id);

describe("rows in order", () => {
  test("compare instants, whatever their offset; nulls come last both ways", () => {
    const rows = [
      { id: "a", at: null },
      { id: "b", at: "2026-01-01T10:00:00+00:00" },
      { id: "c", at: "2026-01-01T10:30:00+01:00" },
      { id: "d", at: "2026-01-01T11:00:00.000Z" },
    ];

    expect(ids(sorted(rows, { column: "at" }, KEY))).toEqual(["c", "b", "d", "a"]);
    expect(ids(sorted(rows, { column: "at", ascending: false }, KEY))).toEqual([
      "d",
      "b",
      "c",
      "a",
    ]);
  });

  test("are in the order of their key without another, numbers as numbers", () => {
    expect(ids(sorted([{ id: 10 }, { id: 9 }], undefined, KEY))).toEqual([9, 10]);
    expect(ids(sorted([{ id: "b" }, { id: "a" }], undefined, KEY))).toEqual(["a", "b"]);
  });

  test("tell which come up to one of them", () => {
    const order = { column: "hour" };
    expect(isUpTo({ id: "b", hour: 9 }, { id: "a", hour: 9 }, order, KEY)).toBe(true);
    expect(isUpTo({ id: "b", hour: 9 }, { id: "c", hour: 9 }, order, KEY)).toBe(false);
  });
});

describe("a range", () => {
  const day = { column: "at", from: "2026-01-01T00:00:00Z", to: "2026-01-02T00:00:00Z" };

  test.each([
    ["2026-01-01T01:00:00+01:00", true],
    ["2026-01-01T00:59:00+01:00", false],
    ["2026-01-02T00:00:00+00:00", false],
    [null, false],
  ])("from one instant up to another has %s: %s", (at, expected) => {
    expect(isInRange(day, { at })).toBe(expected);
  });

  test("without bounds has everything", () => {
    expect(isInRange({ column: "at" }, { at: null })).toBe(true);
    expect(isInRange(undefined, {})).toBe(true);
  });
});

test("values are the same when the database holds them for the same", () => {
  expect(isSameValue("2026-01-01T10:00:00Z", "2026-01-01T11:00:00+01:00")).toBe(true);
  expect(isSameValue("2026-01-01T10:00:00Z", "2026-01-01T10:00:01Z")).toBe(false);
  expect(isSameValue("a", "b")).toBe(false);
  expect(isSameValue({ a: [1] }, { a: [1] })).toBe(true);
  expect(isSameValue(null, undefined)).toBe(false);
});
