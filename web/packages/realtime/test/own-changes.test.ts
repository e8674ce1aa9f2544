// @vitest-environment node
import { afterEach, describe, expect, test, vi } from "vitest";
import { deletionId, isMine, markAsMine, newMutationId, writeAs } from "../src/own-changes";
import type { Change } from "../src/rows";

function change(eventType: string, row: Record<string, unknown>): Change {
  const commit_timestamp = "2026-01-01T00:00:00Z";
  const of = { schema: "public", table: "appointments", commit_timestamp, errors: [] };
  const isDelete = eventType === "DELETE";
  return { ...of, eventType, new: isDelete ? {} : row, old: isDelete ? row : {} } as Change;
}

afterEach(() => {
  vi.useRealTimers();
});

describe("a change is mine", () => {
  test("by its mutation's id, as a change or as a row that carries it", () => {
    const id = newMutationId();

    expect(isMine(change("INSERT", { id: "a", mutation_id: id }))).toBe(true);
    expect(isMine(change("UPDATE", { id: "a", mutation_id: id }))).toBe(true);
    expect(isMine({ appointment_id: "a", mutation_id: id })).toBe(true);
    expect(isMine(change("UPDATE", { id: "a", mutation_id: "theirs" }))).toBe(false);
    expect(isMine(change("UPDATE", { id: "a", mutation_id: null }))).toBe(false);
  });

  test("as a deletion by its key, whoever wrote the row last", () => {
    const id = newMutationId();
    expect(isMine(change("DELETE", { id: "a", mutation_id: id }))).toBe(false);

    markAsMine(deletionId("appointments", "a"));
    expect(isMine(change("DELETE", { id: "a" }))).toBe(true);
    expect(isMine(change("DELETE", { id: "b" }))).toBe(false);
    expect(isMine(change("DELETE", {}))).toBe(false);
  });

  test("for two minutes", () => {
    vi.useFakeTimers();
    const id = newMutationId();
    vi.advanceTimersByTime(119_000);
    expect(isMine({ mutation_id: id })).toBe(true);
    vi.advanceTimersByTime(2_000);
    expect(isMine({ mutation_id: id })).toBe(false);
  });

  test("in another tab too", async () => {
    vi.resetModules();
    const otherTab = await import("../src/own-changes");
    expect(otherTab.isMine).not.toBe(isMine);

    const id = newMutationId();

    await vi.waitFor(() => expect(otherTab.isMine({ mutation_id: id })).toBe(true));
  });

  test("but not in a tab of somebody else", async () => {
    vi.resetModules();
    const customersTab = await import("../src/own-changes");
    customersTab.writeAs("customer");
    writeAs("staff");
    const ofStaff = newMutationId();
    writeAs("customer");
    const ofCustomer = newMutationId();

    await vi.waitFor(() => expect(customersTab.isMine({ mutation_id: ofCustomer })).toBe(true));
    expect(customersTab.isMine({ mutation_id: ofStaff })).toBe(false);
    writeAs(null);
  });
});
