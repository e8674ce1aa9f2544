// @vitest-environment node
import { describe, expect, test } from "vitest";
import { mayMatch, parseFilter, restValue } from "../src/filters";

const ONE = "00000000-0000-4000-8000-00000000000a";
const OTHER = "00000000-0000-4000-8000-00000000000b";

describe("a filter", () => {
  test("is taken apart at commas outside of quotes and lists", () => {
    expect(parseFilter('name=eq."a,b",id=not.in.(1,2),hour=gte.9')).toEqual([
      { column: "name", operator: "eq", value: '"a,b"' },
      { column: "id", operator: "not.in", value: "(1,2)" },
      { column: "hour", operator: "gte", value: "9" },
    ]);
    expect(parseFilter(undefined)).toEqual([]);
  });

  test("that is none is refused", () => {
    expect(() => parseFilter("workspace_id")).toThrow(SyntaxError);
  });

  test("goes to REST without quotes, but for lists", () => {
    const values = parseFilter(String.raw`name=eq."a,\"b",id=in.("x,y",z)`).map(restValue);
    expect(values).toEqual(['a,"b', '("x,y",z)']);
  });
});

describe("a row", () => {
  test.each<[string, unknown, boolean]>([
    [`c=eq.${ONE}`, ONE, true],
    [`c=eq.${ONE.toUpperCase()}`, ONE, true],
    [`c=eq.${ONE}`, OTHER, false],
    [`c=eq.${ONE}`, null, false],
    [`c=neq.${ONE}`, OTHER, true],
    [`c=neq.${ONE}`, null, false],
    [`c=not.eq.${ONE}`, ONE, false],
    [`c=in.(${ONE},${OTHER})`, OTHER, true],
    [`c=in.(${ONE})`, OTHER, false],
    [`c=not.in.(${ONE})`, null, false],
    ["c=eq.pending", "confirmed", false],
    ["c=eq.1", 1, true],
    ["c=eq.1.0", 1, true],
    ["c=eq.true", false, false],
    ["c=is.null", null, true],
    ["c=is.null", 1, false],
    ["c=not.is.null", null, false],
  ])("belongs to %s by its value %s: %s", (filter, value, expected) => {
    expect(mayMatch(parseFilter(filter), { c: value })).toBe(expected);
  });

  test.each<[string, unknown]>([
    ["c=eq.2026-01-01T10:00:00Z", "2026-01-01T10:00:00+00:00"],
    ["c=eq.Pending", "pending"],
    ["c=gt.3", 1],
    ["c=like.a%", "b"],
    ["c=eq.1", undefined],
    ["c=in.(2026-01-01)", "2026-01-01T00:00:00"],
    ["c=is.true", false],
  ])("may belong to %s by its value %s: only PostgreSQL knows", (filter, value) => {
    expect(mayMatch(parseFilter(filter), { c: value })).toBe(true);
  });
});
