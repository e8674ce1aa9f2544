// @vitest-environment node
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Lease } from "../src/lease";

const GRACE_MS = 1_000;

let happened: string[];
let lease: Lease;

beforeEach(() => {
  vi.useFakeTimers();
  happened = [];
  lease = new Lease(
    () => happened.push("open"),
    () => happened.push("close"),
    GRACE_MS,
  );
});

afterEach(() => {
  vi.useRealTimers();
});

test("it opens for the first and closes after the last and the grace", () => {
  const one = lease.take();
  const other = lease.take();
  one();
  vi.advanceTimersByTime(2 * GRACE_MS);
  expect(happened).toEqual(["open"]);

  other();
  vi.advanceTimersByTime(GRACE_MS - 1);
  expect(lease.isHeld).toBe(true);
  vi.advanceTimersByTime(1);
  expect(happened).toEqual(["open", "close"]);
  expect(lease.isHeld).toBe(false);
});

test("who ends the use twice does not end another's", () => {
  const one = lease.take();
  lease.take();
  one();
  one();
  vi.advanceTimersByTime(2 * GRACE_MS);

  expect(happened).toEqual(["open"]);
});

test("who comes within the grace keeps it open", () => {
  lease.take()();
  vi.advanceTimersByTime(GRACE_MS / 2);
  lease.take();
  vi.advanceTimersByTime(2 * GRACE_MS);

  expect(happened).toEqual(["open"]);
});

test("the last may end it without the grace", () => {
  lease.take()(0);
  vi.advanceTimersByTime(0);

  expect(happened).toEqual(["open", "close"]);
});
