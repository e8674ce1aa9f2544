import type { Appointment } from "@slotcast/realtime";
import { describe, expect, test } from "vitest";
import { mergeTheirs, taking } from "./draft-merge";
import { effectiveChanges, undoValues } from "./undo";

const row = {
  id: "1",
  team_member_id: "ana",
  start_time: "2026-11-24T10:00:00+00:00",
  end_time: "2026-11-24T11:00:00+00:00",
  status: "confirmed",
  notes: null,
  cancel_reason: null,
  version: 7,
} as Appointment;

describe("undo", () => {
  test("puts back what the change replaced, and nothing else", () => {
    const patch = {
      start_time: "2026-11-24T12:00:00Z",
      end_time: "2026-11-24T13:00:00Z",
      team_member_id: "ben",
    };
    expect(undoValues(row, patch)).toEqual({
      start_time: "2026-11-24T10:00:00+00:00",
      end_time: "2026-11-24T11:00:00+00:00",
      team_member_id: "ana",
    });
  });

  test("of a cancellation removes its reason", () => {
    const patch = { status: "cancelled" as const, cancel_reason: "ill" };
    expect(undoValues(row, patch)).toEqual({ status: "confirmed", cancel_reason: null });
  });
});

describe("effective changes", () => {
  test("the same instant written otherwise is no change", () => {
    const patch = { start_time: "2026-11-24T10:00:00Z", notes: null };
    expect(effectiveChanges(row, patch)).toEqual({});
  });

  test("a note added is one", () => {
    expect(effectiveChanges(row, { notes: "by the window" })).toEqual({ notes: "by the window" });
  });
});

describe("a form and somebody else's change", () => {
  const mine = {
    start_time: "2026-11-24T10:00:00Z",
    end_time: "2026-11-24T11:00:00Z",
    notes: "by the window",
  };

  test("fields I left alone take theirs", () => {
    const theirs = { ...row, start_time: "2026-11-24T11:00:00Z", end_time: "2026-11-24T12:00:00Z" };
    expect(mergeTheirs(row, theirs, mine)).toEqual({
      taken: ["start_time", "end_time"],
      disputed: [],
    });
  });

  test("fields that both changed are disputed", () => {
    const theirs = { ...row, notes: "by the door" };
    expect(mergeTheirs(row, theirs, mine)).toEqual({ taken: [], disputed: ["notes"] });
  });

  test("agreeing is no dispute", () => {
    expect(mergeTheirs(row, { ...row, notes: "by the window" }, mine)).toEqual({
      taken: [],
      disputed: [],
    });
  });

  test("what the form does not show does not concern it", () => {
    expect(mergeTheirs(row, { ...row, status: "cancelled" }, mine)).toEqual({
      taken: [],
      disputed: [],
    });
  });

  test("taking theirs leaves what is mine alone", () => {
    const theirs = { ...row, start_time: "2026-11-24T11:00:00Z", notes: "by the door" };
    expect(taking(mine, theirs, ["start_time"])).toEqual({
      ...mine,
      start_time: "2026-11-24T11:00:00Z",
    });
  });
});
