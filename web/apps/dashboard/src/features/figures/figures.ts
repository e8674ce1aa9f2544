// What today's rows say of today.
import type { Appointment } from "@slotcast/realtime";

export interface Figures<Row> {
  /** Appointments of today that were not cancelled. */
  count: number;
  /** The one that begins next. */
  next: Row | null;
}

/** @param appointments - Those that begin today, in any order. */
export function figuresOf<Row extends Pick<Appointment, "start_time" | "status">>(
  appointments: readonly Row[],
  nowMs: number,
): Figures<Row> {
  const figures: Figures<Row> = { count: 0, next: null };
  let nextMs = Number.POSITIVE_INFINITY;
  for (const appointment of appointments) {
    if (appointment.status !== "cancelled") figures.count += 1;
    const startMs = Date.parse(appointment.start_time);
    if (startMs >= nowMs && startMs < nextMs && isAhead(appointment)) {
      figures.next = appointment;
      nextMs = startMs;
    }
  }
  return figures;
}

function isAhead({ status }: Pick<Appointment, "status">): boolean {
  return status === "pending" || status === "confirmed";
}
