import { describe, expect, test } from "vitest";
import { type Looking, peopleIn } from "./people";

const looking = (user_id: string, changed: Partial<Looking> = {}): Looking => ({
  user_id,
  view: "day",
  date: "2026-11-24",
  at: 1,
  ...changed,
});

const everybody = () => true;

describe("who is looking", () => {
  test("leaves out oneself, in whichever tab", () => {
    const state = { tab1: [looking("ana")], tab2: [looking("ana")], tab3: [looking("ben")] };

    expect(peopleIn(state, "ana", everybody).map(({ userId }) => userId)).toEqual(["ben"]);
  });

  test("names somebody with two tabs once, where they went last", () => {
    const state = {
      tab1: [looking("ben", { view: "week", at: 5 })],
      tab2: [looking("ben", { view: "month", at: 3 })],
    };

    expect(peopleIn(state, "ana", everybody)).toEqual([
      { userId: "ben", view: "week", date: "2026-11-24" },
    ]);
  });

  test("keeps its order, whoever comes", () => {
    const before = peopleIn({ a: [looking("cleo")], b: [looking("ben")] }, "ana", everybody);
    const after = peopleIn({ b: [looking("ben")], a: [looking("cleo")] }, "ana", everybody);

    expect(after).toEqual(before);
  });

  test("knows members only", () => {
    const state = { tab1: [looking("ben")], tab2: [looking("eve")] };

    expect(peopleIn(state, "ana", (id) => id === "ben")).toHaveLength(1);
  });

  test.each([
    null,
    "ben",
    {},
    { ...looking("ben"), view: "somewhere" },
    { ...looking("ben"), date: "<b>today</b>" },
    { ...looking("ben"), at: "now" },
  ])("does not believe %j", (meta) => {
    expect(peopleIn({ tab: [meta] }, "ana", everybody)).toEqual([]);
  });
});
