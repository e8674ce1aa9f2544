import { expect, test } from "vitest";
import { offeredActions, STATUSES } from "./statuses";

/** What the database lets staff do. */
const ALLOWED = {
  pending: ["confirmed", "cancelled"],
  confirmed: ["pending", "completed", "cancelled", "no_show"],
  completed: ["confirmed", "no_show"],
  no_show: ["confirmed", "completed"],
  cancelled: ["confirmed", "pending"],
};

test.each(STATUSES)("from %s nothing is offered that the database refuses", (status) => {
  for (const hasBegun of [true, false]) {
    const offered = offeredActions(status, hasBegun).map(({ to }) => to);
    expect(offered.length).toBeGreaterThan(0);
    expect(ALLOWED[status]).toEqual(expect.arrayContaining(offered));
  }
});

test("nobody can miss an appointment that has not begun", () => {
  const offered = offeredActions("confirmed", false).map(({ action }) => action);
  expect(offered).toEqual(["cancel"]);
});
