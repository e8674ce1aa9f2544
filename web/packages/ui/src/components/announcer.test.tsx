import { act, cleanup, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Announcer, alertNow, announce } from "./announcer";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  cleanup();
  vi.runAllTimers();
  vi.useRealTimers();
});

test("news that come together are read as one, a loss at once", () => {
  render(<Announcer />);
  announce("12 free times.");
  announce("11 free times.");
  act(() => alertNow("14:00 was taken."));

  expect(screen.getByRole("alert").textContent).toBe("14:00 was taken.");
  expect(screen.getByRole("status").textContent).toBe("");

  act(() => vi.advanceTimersByTime(100));
  expect(screen.getByRole("status").textContent).toBe("12 free times. 11 free times.");
});

test("what was said is gone before somebody reads through the page", () => {
  render(<Announcer />);
  act(() => alertNow("14:00 was taken."));

  act(() => vi.advanceTimersByTime(10_000));

  expect(screen.getByRole("alert").textContent).toBe("");
});
