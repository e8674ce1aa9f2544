import { describe, expect, test } from "vitest";
import { validateCalendarSearch } from "./search";

const ANA = "5a3b6c1e-0000-4000-8000-000000000001";
const BEN = "5a3b6c1e-0000-4000-8000-000000000002";

describe("the calendar's address", () => {
  test("keeps what is valid", () => {
    const search = validateCalendarSearch({
      date: "2026-11-24",
      view: "week",
      members: `${ANA},${BEN}`,
      statuses: "pending,no_show",
      appointment: ANA,
    });
    expect(search).toEqual({
      date: "2026-11-24",
      view: "week",
      members: [ANA, BEN],
      statuses: ["pending", "no_show"],
      appointment: ANA,
    });
  });

  test.each([
    ["a date that does not exist", { date: "2027-02-30" }],
    ["a view nobody has built", { view: "year" }],
    ["members that are no ids", { members: "ana,ben" }],
    ["a status of another program", { statuses: "booked" }],
    ["something that is no id", { appointment: "1 or 1=1" }],
    ["a wall time past midnight", { new: "2026-11-24T25:00" }],
    ["a length of more than a day", { minutes: "1441" }],
    ["a length below zero", { minutes: "-5" }],
  ])("drops %s", (_what, raw) => {
    expect(validateCalendarSearch(raw)).toEqual({});
  });

  test("names each member once, whatever the case of the id", () => {
    const search = validateCalendarSearch({ members: `${ANA},${ANA.toUpperCase()},${BEN}` });
    expect(search.members).toEqual([ANA, BEN]);
  });

  test("a half valid list keeps its valid half", () => {
    expect(validateCalendarSearch({ statuses: "pending,lost" }).statuses).toEqual(["pending"]);
  });
});
