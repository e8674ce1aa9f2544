import type { Appointment } from "@slotcast/realtime";

/** What a shop did to a customer's appointment. */
export type News = "confirmed" | "cancelled" | "moved" | "reassigned" | "declined";

/** The news in a change, or null when there is nothing that the customer has to know. */
export function newsOf(before: Partial<Appointment>, after: Appointment): News | null {
  const has = <K extends keyof Appointment>(key: K) =>
    before[key] !== undefined && before[key] !== after[key];
  if (has("status") && after.status === "cancelled") {
    return before.status === "pending" ? "declined" : "cancelled";
  }
  if (after.status !== "pending" && after.status !== "confirmed") return null;
  if (
    before.start_time !== undefined &&
    Date.parse(before.start_time) !== Date.parse(after.start_time)
  ) {
    return "moved";
  }
  if (has("status") && after.status === "confirmed") return "confirmed";
  return has("team_member_id") ? "reassigned" : null;
}
