// A customer's appointments as the record tells them.
import type { Appointment } from "@slotcast/realtime";

export interface Visits<Row> {
  /** What is still to come and was not cancelled, soonest first. */
  upcoming: Row[];
  /** Everything else, latest first. */
  past: Row[];
}

export function visitsOf<Row extends Pick<Appointment, "start_time" | "end_time" | "status">>(
  appointments: readonly Row[],
  nowMs: number,
): Visits<Row> {
  const isUpcoming = ({ status, end_time }: Row) =>
    (status === "pending" || status === "confirmed") && Date.parse(end_time) > nowMs;
  const start = ({ start_time }: Row) => Date.parse(start_time);
  return {
    upcoming: appointments.filter(isUpcoming).toSorted((a, b) => start(a) - start(b)),
    past: appointments.filter((row) => !isUpcoming(row)).toSorted((a, b) => start(b) - start(a)),
  };
}
