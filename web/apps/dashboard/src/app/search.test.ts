import { parseSearch, stringifySearch } from "@slotcast/ui/router";
import { describe, expect, test } from "vitest";
import { validateCalendarSearch } from "../features/calendar/search";
import { validateDashboardSearch } from "./search";

const ANA = "5a3b6c1e-0000-4000-8000-000000000001";
const BEN = "5a3b6c1e-0000-4000-8000-000000000002";

describe("an address", () => {
  test("survives being written and read again", () => {
    const search = {
      date: "2026-11-24",
      view: "day" as const,
      members: [ANA, BEN],
      new: "2026-11-24T09:15",
      minutes: 45,
      for: BEN,
    };
    const text = stringifySearch({ ...search });
    expect(text).toContain("new=2026-11-24T09:15&minutes=45");
    expect(validateCalendarSearch(parseSearch(text))).toEqual(search);
  });

  test("is empty when there is nothing to say", () => {
    expect(stringifySearch({ date: undefined, members: [] })).toBe("");
  });
});

test("a workspace is named by its slug", () => {
  expect(validateDashboardSearch({ workspace: "salon-lumiere" })).toEqual({
    workspace: "salon-lumiere",
  });
  expect(validateDashboardSearch({ workspace: "../x" })).toEqual({});
});
