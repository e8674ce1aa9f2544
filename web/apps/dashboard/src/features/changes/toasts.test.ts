import { describe, expect, test } from "vitest";
import type { Change } from "./change";
import {
  BURST_MS,
  NOTHING_TOLD,
  SAME_ROW_MS,
  type ToastOrder,
  type ToastState,
  tell,
} from "./toasts";

const change = (appointment_id: string) =>
  ({ appointment_id, action: "rescheduled", before: {}, after: {} }) as Change;

/** Tells changes of the given rows at the given times. */
function tellAll(...changes: [row: string, atMs: number][]): ToastOrder[] {
  let state: ToastState = NOTHING_TOLD;
  return changes.map(([row, atMs]) => {
    const told = tell(state, change(row), atMs);
    state = told.state;
    return told.order;
  });
}

const ids = (orders: ToastOrder[]) => orders.map(({ id }) => id);

describe("changes of one row", () => {
  test("share a toast within three seconds", () => {
    const orders = tellAll(["a", 0], ["a", SAME_ROW_MS - 1]);

    expect(ids(orders)).toEqual(["change-1", "change-1"]);
  });

  test("share it for as long as they follow each other closely", () => {
    const orders = tellAll(["a", 0], ["a", 2_500], ["a", 5_000], ["a", 7_500]);

    expect(new Set(ids(orders))).toEqual(new Set(["change-1"]));
  });

  test("get another toast after three seconds", () => {
    const orders = tellAll(["a", 0], ["a", SAME_ROW_MS]);

    expect(ids(orders)).toEqual(["change-1", "change-2"]);
  });

  test("are no burst, however many they are", () => {
    const orders = tellAll(["a", 0], ["a", 1], ["a", 2], ["a", 3], ["a", 4], ["a", 5]);

    expect(orders.every(({ kind }) => kind === "tell")).toBe(true);
  });
});

describe("changes of several rows", () => {
  test("are told one by one as long as they are three", () => {
    const orders = tellAll(["a", 0], ["b", 1], ["c", 2]);

    expect(orders.map(({ kind }) => kind)).toEqual(["tell", "tell", "tell"]);
    expect(new Set(ids(orders)).size).toBe(3);
  });

  test("become a number with the fourth, which replaces the first three", () => {
    const orders = tellAll(["a", 0], ["b", 1], ["c", 2], ["d", 3]);

    expect(orders[3]).toEqual({
      kind: "sum",
      id: "burst-4",
      count: 4,
      instead: ["change-1", "change-2", "change-3"],
    });
  });

  test("count up in the same toast while the burst goes on", () => {
    const orders = tellAll(["a", 0], ["b", 1], ["c", 2], ["d", 3], ["e", 4_000], ["f", 8_000]);

    expect(orders.slice(4)).toEqual([
      { kind: "sum", id: "burst-4", count: 5, instead: [] },
      { kind: "sum", id: "burst-4", count: 6, instead: [] },
    ]);
  });

  test("do not count a row of the burst twice", () => {
    const orders = tellAll(["a", 0], ["b", 1], ["c", 2], ["d", 3], ["d", 4]);

    expect(orders[4]).toMatchObject({ kind: "sum", count: 4 });
  });

  test("are told one by one again after five quiet seconds", () => {
    const orders = tellAll(["a", 0], ["b", 1], ["c", 2], ["d", 3], ["e", 3 + BURST_MS]);

    expect(orders[4]).toMatchObject({ kind: "tell" });
  });

  test("that come slowly are never a burst", () => {
    const orders = tellAll(["a", 0], ["b", 2_000], ["c", 4_000], ["d", 6_000], ["e", 8_000]);

    expect(orders.every(({ kind }) => kind === "tell")).toBe(true);
  });
});
