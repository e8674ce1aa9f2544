// Appointments as rows of a table, in the shop's own wall-clock time.
import type { Appointment } from "@slotcast/realtime";
import { toWall } from "@slotcast/ui/zones";

export const COLUMNS = [
  "date",
  "start",
  "end",
  "timeZone",
  "customer",
  "service",
  "member",
  "status",
  "price",
  "currency",
  "notes",
] as const;
export type Column = (typeof COLUMNS)[number];

export interface Labels {
  column: (column: Column) => string;
  status: (status: Appointment["status"]) => string;
  member: (id: string | null) => string;
  service: (id: string | null) => string;
}

/** A header and a row for each appointment, by start. */
export function tableOf(
  appointments: readonly Appointment[],
  timeZone: string,
  labels: Labels,
): string[][] {
  const rows = appointments
    .toSorted((a, b) => Date.parse(a.start_time) - Date.parse(b.start_time))
    .map((appointment) => rowOf(appointment, timeZone, labels));
  return [COLUMNS.map(labels.column), ...rows];
}

function rowOf(appointment: Appointment, timeZone: string, labels: Labels): string[] {
  const start = wallClock(appointment.start_time, timeZone);
  const end = wallClock(appointment.end_time, timeZone);
  const cells: Record<Column, string> = {
    date: start.date,
    start: start.time,
    // A night shift ends on another day than it begins.
    end: end.date === start.date ? end.time : `${end.date} ${end.time}`,
    timeZone,
    customer: appointment.customer_name,
    service: labels.service(appointment.service_id),
    member: labels.member(appointment.team_member_id),
    status: labels.status(appointment.status),
    price: decimalPrice(appointment.price_cents, appointment.currency),
    currency: appointment.currency ?? "",
    notes: appointment.notes ?? "",
  };
  return COLUMNS.map((column) => cells[column]);
}

interface Wall {
  /** `2026-11-24` */
  date: string;
  /** `14:00` */
  time: string;
}

function wallClock(instant: string, timeZone: string): Wall {
  const [date = "", time = ""] = toWall(instant, timeZone).split("T");
  return { date, time: time.slice(0, 5) };
}

/** `4200` cents of a euro → `42.00`; currencies without decimals keep none. */
function decimalPrice(cents: number | null, currency: string | null): string {
  if (cents === null) return "";
  const digits = currency === null ? 2 : fractionDigits(currency);
  return (cents / 10 ** digits).toFixed(digits);
}

function fractionDigits(currency: string): number {
  const format = new Intl.NumberFormat("en", { style: "currency", currency });
  return format.resolvedOptions().maximumFractionDigits ?? 2;
}

/** `salon-2026-11-23-to-2026-11-29.csv`: the days of the range in the shop's zone, the end excluded. */
export function fileNameOf(slug: string, from: string, to: string, timeZone: string): string {
  const first = wallClock(from, timeZone).date;
  const last = wallClock(new Date(Date.parse(to) - 1).toISOString(), timeZone).date;
  return first === last ? `${slug}-${first}.csv` : `${slug}-${first}-to-${last}.csv`;
}
