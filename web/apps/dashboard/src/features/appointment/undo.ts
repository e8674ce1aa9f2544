/**
 * What staff change of an appointment, and how a change is taken back: by a new change forward with the old values,
 * never by pretending that nothing happened.
 */
import type { Appointment } from "@slotcast/realtime";

/** The columns that the dashboard writes. */
export type AppointmentPatch = Partial<
  Pick<
    Appointment,
    | "team_member_id"
    | "service_id"
    | "customer_id"
    | "contact_id"
    | "customer_name"
    | "start_time"
    | "end_time"
    | "buffer_before_minutes"
    | "buffer_after_minutes"
    | "status"
    | "price_cents"
    | "currency"
    | "notes"
    | "cancel_reason"
    | "allow_overlap"
  >
>;

/** The values that a patch replaces: applying them takes the patch back. */
export function undoValues(before: Appointment, patch: AppointmentPatch): AppointmentPatch {
  const keys = Object.keys(patch) as (keyof AppointmentPatch)[];
  return Object.fromEntries(keys.map((key) => [key, before[key]]));
}

/** What of a patch says something new. */
export function effectiveChanges(row: Appointment, patch: AppointmentPatch): AppointmentPatch {
  return Object.fromEntries(
    Object.entries(patch).filter(
      ([key, value]) => !sameValue(key, row[key as keyof AppointmentPatch], value),
    ),
  );
}

/** Instants are compared as instants: PostgreSQL writes `+00:00` where browsers write `Z`. */
export function sameValue(key: string, a: unknown, b: unknown): boolean {
  if (key.endsWith("_time") && typeof a === "string" && typeof b === "string") {
    return Date.parse(a) === Date.parse(b);
  }
  return (a ?? null) === (b ?? null);
}
