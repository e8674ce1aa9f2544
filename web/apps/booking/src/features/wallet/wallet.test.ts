// @vitest-environment node
import type { Appointment } from "@slotcast/realtime";
import { expect, test } from "vitest";
import { sortWallet } from "./wallet";

const NOW = Date.parse("2026-11-24T12:00:00Z");

function appointment(id: string, start: string, status = "confirmed") {
  const end = new Date(Date.parse(start) + 30 * 60_000).toISOString();
  return { id, start_time: start, end_time: end, status } as Appointment;
}

test("the next appointment stands first, and of those behind the latest", () => {
  const wallet = sortWallet(
    [
      appointment("old", "2026-11-01T10:00:00Z", "completed"),
      appointment("later", "2026-11-30T10:00:00Z"),
      appointment("recent", "2026-11-20T10:00:00Z"),
      appointment("next", "2026-11-25T10:00:00Z", "pending"),
      appointment("dropped", "2026-11-26T10:00:00Z", "cancelled"),
    ],
    NOW,
  );

  expect(wallet.upcoming.map(({ id }) => id)).toEqual(["next", "later"]);
  expect(wallet.past.map(({ id }) => id)).toEqual(["recent", "old"]);
  expect(wallet.cancelled.map(({ id }) => id)).toEqual(["dropped"]);
});

test("an appointment is upcoming until it ends", () => {
  expect(sortWallet([appointment("now", "2026-11-24T11:45:00Z")], NOW).upcoming).toHaveLength(1);
  expect(sortWallet([appointment("over", "2026-11-24T11:30:00Z")], NOW).past).toHaveLength(1);
});
