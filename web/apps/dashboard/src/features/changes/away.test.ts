import { describe, expect, test } from "vitest";
import { missed, titleWithCount } from "./away";
import { readSeen, writeSeen } from "./seen";

const event = (id: number, actorId: string | null = "ben", isWorthTelling = true) => ({
  id,
  actorId,
  isWorthTelling,
});

describe("what was missed", () => {
  test("is what others did after one left", () => {
    expect(missed([event(4), event(5), event(6)], 4, "ana")).toBe(2);
  });

  test("leaves out what one did oneself and what is not worth telling", () => {
    expect(missed([event(5, "ana"), event(6, "ben", false), event(7, null)], 4, "ana")).toBe(1);
  });
});

describe("the title", () => {
  test("has the number in front", () => {
    expect(titleWithCount("Calendar", 3)).toBe("(3) Calendar");
  });

  test("has one number only", () => {
    expect(titleWithCount("(3) Calendar", 4)).toBe("(4) Calendar");
    expect(titleWithCount("(99+) Calendar", 0)).toBe("Calendar");
  });

  test("stays short", () => {
    expect(titleWithCount("Calendar", 100)).toBe("(99+) Calendar");
  });
});

describe("how far was read", () => {
  test("is unknown before the first time", () => {
    localStorage.clear();

    expect(readSeen("salon", "ana")).toBeNull();
  });

  test("never goes back", () => {
    writeSeen("salon", "ana", 9);

    writeSeen("salon", "ana", 5);

    expect(readSeen("salon", "ana")).toBe(9);
  });

  test("is kept apart for people and workspaces", () => {
    writeSeen("salon", "ana", 9);

    expect(readSeen("salon", "ben")).toBeNull();
    expect(readSeen("studio", "ana")).toBeNull();
  });
});
