import { describe, expect, test } from "vitest";
import { eventChanges, isMostlyOther } from "./event-changes";

const event = (id: string, start = "2026-11-24 09:00:00", over: object = {}) => ({
  id,
  start,
  end: "2026-11-24 10:00:00",
  ...over,
});
const none = new Map<string, string>();

describe("changes of events", () => {
  const before = eventChanges(none, [event("a"), event("b"), event("c")]).drawn;

  test("made anew, the same events are none", () => {
    const changes = eventChanges(before, [event("c"), event("a"), event("b")]);
    expect(changes).toMatchObject({ added: [], changed: [], gone: [] });
  });

  test("are told apart by what they are about", () => {
    const changes = eventChanges(before, [
      event("a"),
      event("b", "2026-11-24 09:15:00"),
      event("d"),
    ]);
    expect(changes.added.map(({ id }) => id)).toEqual(["d"]);
    expect(changes.changed.map(({ id }) => id)).toEqual(["b"]);
    expect(changes.gone).toEqual(["c"]);
  });

  test("a class is a change: glowing has to end", () => {
    const glowing = eventChanges(before, [
      event("a", undefined, { classNames: ["is-glowing"] }),
      event("b"),
      event("c"),
    ]);
    expect(glowing.changed.map(({ id }) => id)).toEqual(["a"]);
    const after = eventChanges(glowing.drawn, [event("a"), event("b"), event("c")]);
    expect(after.changed.map(({ id }) => id)).toEqual(["a"]);
  });

  test("all are other at first, and few when one was moved", () => {
    expect(isMostlyOther(eventChanges(none, [event("a"), event("b")]))).toBe(true);
    const moved = [event("a", "2026-11-24 11:00:00"), event("b"), event("c")];
    expect(isMostlyOther(eventChanges(before, moved))).toBe(false);
  });
});
