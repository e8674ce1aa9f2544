// @vitest-environment node
import type { Appointment } from "@slotcast/realtime";
import { expect, test } from "vitest";
import { newsOf } from "./news";

const APPOINTMENT = {
  id: "00000000-0000-4000-8000-000000000001",
  status: "pending",
  start_time: "2026-11-24T13:00:00+00:00",
  team_member_id: "00000004-0000-4000-8000-000000000001",
  notes: null,
} as Appointment;

function news(before: Partial<Appointment>, changes: Partial<Appointment>) {
  const old = { ...APPOINTMENT, ...before };
  return newsOf(old, { ...old, ...changes });
}

test("a confirmation, a refusal and a cancellation are told apart", () => {
  expect(news({}, { status: "confirmed" })).toBe("confirmed");
  expect(news({}, { status: "cancelled" })).toBe("declined");
  expect(news({ status: "confirmed" }, { status: "cancelled" })).toBe("cancelled");
});

test("a move says more than the confirmation that came with it", () => {
  expect(news({}, { status: "confirmed", start_time: "2026-11-24T14:00:00+00:00" })).toBe("moved");
});

test("the same instant written otherwise is no move", () => {
  expect(news({}, { start_time: "2026-11-24T14:00:00+01:00" })).toBeNull();
});

test("what concerns the shop alone is no news", () => {
  expect(news({}, { notes: "Bring the photo" })).toBeNull();
  expect(news({ status: "confirmed" }, { status: "completed" })).toBeNull();
});

test("of an old row that is not known whole, only what is known counts", () => {
  expect(newsOf({ id: APPOINTMENT.id }, APPOINTMENT)).toBeNull();
});
