import { describe, expect, test } from "vitest";
import type { Change } from "./change";
import { holdBack, listRows } from "./rows";

/** Newest first. */
const changes = (...ids: number[]) => ids.map((id) => ({ id, actor_id: "ben" }) as Change);

const keys = (...given: Parameters<typeof listRows>) => listRows(...given).map(({ key }) => key);

describe("the divider", () => {
  test("stands between what is new and what was seen", () => {
    expect(keys(changes(9, 8, 7), 7, "ana")).toEqual(["9", "8", "divider", "7"]);
  });

  test("is left out when nothing is new", () => {
    expect(keys(changes(9, 8), 9, "ana")).toEqual(["9", "8"]);
  });

  test("is left out when all that is new was done by the reader", () => {
    expect(keys(changes(9, 8), 8, "ben")).toEqual(["9", "8"]);
  });

  test("is left out the first time, and when everything in the list is new", () => {
    expect(keys(changes(9, 8), null, "ana")).toEqual(["9", "8"]);
    expect(keys(changes(9, 8), 3, "ana")).toEqual(["9", "8"]);
  });
});

describe("a list that is held still", () => {
  test("shows what was there, and counts what came", () => {
    const { shown, newCount } = holdBack(changes(9, 8, 7), 7);

    expect(shown.map(({ id }) => id)).toEqual([7]);
    expect(newCount).toBe(2);
  });

  test("shows everything when it is let go", () => {
    expect(holdBack(changes(9, 8), null)).toMatchObject({ newCount: 0, shown: { length: 2 } });
  });
});
