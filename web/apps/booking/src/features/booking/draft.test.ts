// @vitest-environment node
import { expect, test } from "vitest";
import { ANYONE, parseDraft, stepOf } from "./draft";

const CUT = "00000003-0000-4000-8000-000000000001";
const OLGA = "00000004-0000-4000-8000-000000000001";
const MINA = "00000004-0000-4000-8000-000000000003";
const OFFERED = new Map([[CUT, [OLGA]]]);

test("a draft survives the address and comes back in one form", () => {
  const search = { service: CUT, person: ANYONE, day: "2026-11-24", step: "time" };

  expect(parseDraft({ ...search, time: "2026-11-24T14:00:00+01:00" })).toEqual({
    ...search,
    time: "2026-11-24T13:00:00.000Z",
  });
});

test("what makes no sense in an address is left out", () => {
  expect(
    parseDraft({ service: "<script>", person: 7, day: "2026-13-45", time: "soon", step: "pay" }),
  ).toEqual({});
});

test("a step waits for what has to be chosen before it", () => {
  expect(stepOf({ step: "you" }, OFFERED)).toBe("service");
  expect(stepOf({ service: CUT, step: "you" }, OFFERED)).toBe("person");
  expect(stepOf({ service: CUT, person: OLGA, step: "you" }, OFFERED)).toBe("time");
  const time = "2026-11-24T13:00:00.000Z";
  expect(stepOf({ service: CUT, person: OLGA, time, step: "you" }, OFFERED)).toBe("you");
});

test("an earlier step can be gone back to with all that was chosen", () => {
  const draft = { service: CUT, person: ANYONE, time: "2026-11-24T13:00:00.000Z" };

  expect(stepOf({ ...draft, step: "service" }, OFFERED)).toBe("service");
  expect(stepOf({ ...draft, step: "person" }, OFFERED)).toBe("person");
});

test("a service that is gone, or a person who does not give it, has to be chosen again", () => {
  expect(stepOf({ service: MINA, person: OLGA, step: "time" }, OFFERED)).toBe("service");
  expect(stepOf({ service: CUT, person: MINA, step: "time" }, OFFERED)).toBe("person");
});
