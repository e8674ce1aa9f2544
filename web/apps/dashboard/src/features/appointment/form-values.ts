/**
 * What the form of an appointment holds, and how it becomes what is saved. Times stand in the form as the clock on
 * the wall shows them in the shown zone.
 */
import type { Appointment, NewAppointment, Service } from "@slotcast/realtime";
import { addMinutes, fromWall, minutesBetween, toWall } from "@slotcast/ui/zones";
import type { Guess } from "./guess";
import type { AppointmentPatch } from "./undo";

/** Somebody the workspace knows, or somebody new by name. */
export type CustomerChoice =
  | { kind: "known"; contactId: string; name: string }
  | { kind: "new"; name: string; phone: string; email: string };

export interface FormValues {
  customer: CustomerChoice;
  serviceId: string | null;
  memberId: string | null;
  /** `YYYY-MM-DD` */
  date: string;
  /** `HH:MM` */
  time: string;
  /** As typed. */
  minutes: string;
  notes: string;
  /** Two at once, on purpose. */
  allowOverlap: boolean;
}

export type FormError = "customerRequired" | "dateInvalid" | "minutesInvalid";

const LEAST_MINUTES = 5;
const MOST_MINUTES = 24 * 60;

export function valuesOfGuess(guess: Guess, zone: string): FormValues {
  const wall = toWall(new Date(guess.startMs).toISOString(), zone);
  return {
    customer: { kind: "new", name: "", phone: "", email: "" },
    serviceId: guess.serviceId,
    memberId: guess.memberId,
    date: wall.slice(0, 10),
    time: wall.slice(11, 16),
    minutes: String((guess.endMs - guess.startMs) / 60_000),
    notes: "",
    allowOverlap: false,
  };
}

export function valuesOfRow(row: Appointment, zone: string): FormValues {
  const wall = toWall(row.start_time, zone);
  return {
    customer:
      row.contact_id === null
        ? { kind: "new", name: row.customer_name, phone: "", email: "" }
        : { kind: "known", contactId: row.contact_id, name: row.customer_name },
    serviceId: row.service_id,
    memberId: row.team_member_id,
    date: wall.slice(0, 10),
    time: wall.slice(11, 16),
    minutes: String(minutesBetween(row.start_time, row.end_time)),
    notes: row.notes ?? "",
    allowOverlap: row.allow_overlap,
  };
}

/** The first thing that is wrong with each field; empty when it can be saved. */
export function errorsOf(
  values: FormValues,
): Partial<Record<"customer" | "date" | "minutes", FormError>> {
  const minutes = Number(values.minutes);
  const isLength = Number.isInteger(minutes) && minutes >= LEAST_MINUTES && minutes <= MOST_MINUTES;
  return {
    ...(values.customer.name.trim() === "" ? { customer: "customerRequired" as const } : {}),
    ...(values.date === "" || values.time === "" ? { date: "dateInvalid" as const } : {}),
    ...(isLength ? {} : { minutes: "minutesInvalid" as const }),
  };
}

/** The instants that the form names; undefined while it names none. */
export function timesOf(
  values: FormValues,
  zone: string,
): { start_time: string; end_time: string } | undefined {
  const { date, minutes } = errorsOf(values);
  if (date || minutes) return undefined;
  const start_time = fromWall(`${values.date}T${values.time}`, zone);
  return { start_time, end_time: addMinutes(start_time, Number(values.minutes)) };
}

/** What a form that is without errors says of an appointment, whoever it is for. */
export function patchOf(values: FormValues, zone: string): AppointmentPatch {
  return {
    ...timesOf(values, zone),
    service_id: values.serviceId,
    team_member_id: values.memberId,
    customer_name: values.customer.name.trim(),
    notes: values.notes.trim() === "" ? null : values.notes.trim(),
    allow_overlap: values.allowOverlap,
  };
}

/** Another service brings its price and buffers along; the database does so for new ones only. */
export function withService(
  patch: AppointmentPatch,
  row: Appointment,
  services: readonly Service[],
): AppointmentPatch {
  const service = services.find(({ id }) => id === patch.service_id);
  if (patch.service_id === undefined || patch.service_id === row.service_id || !service)
    return patch;
  return {
    ...patch,
    price_cents: service.price_cents,
    currency: service.currency,
    buffer_before_minutes: service.buffer_before_minutes,
    buffer_after_minutes: service.buffer_after_minutes,
  };
}

/** A new row; staff who enter one have agreed to it, so it is confirmed. */
export function newRowOf(
  values: FormValues,
  zone: string,
  workspaceId: string,
  times: { start_time: string; end_time: string },
  contactId: string | null,
): NewAppointment {
  return {
    ...patchOf(values, zone),
    ...times,
    workspace_id: workspaceId,
    contact_id: contactId,
    status: "confirmed",
  };
}
