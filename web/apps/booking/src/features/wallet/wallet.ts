import type { Appointment } from "@slotcast/realtime";

export const TABS = ["upcoming", "past", "cancelled"] as const;
export type Tab = (typeof TABS)[number];

/** What of the wallet is looked at; lives in the address. */
export interface WalletView {
  tab?: Tab | undefined;
  /** The appointment that is being moved, with the day and time chosen so far. */
  change?: string | undefined;
  day?: string | undefined;
  time?: string | undefined;
}

/** Sorts appointments: the next first, of those behind the latest. */
export function sortWallet<Row extends Appointment>(
  appointments: readonly Row[],
  now: number,
): Record<Tab, Row[]> {
  const sorted: Record<Tab, Row[]> = { upcoming: [], past: [], cancelled: [] };
  for (const appointment of appointments) sorted[tabOf(appointment, now)].push(appointment);
  const startOf = (row: Row) => Date.parse(row.start_time);
  sorted.upcoming.sort((a, b) => startOf(a) - startOf(b));
  sorted.past.sort((a, b) => startOf(b) - startOf(a));
  sorted.cancelled.sort((a, b) => startOf(b) - startOf(a));
  return sorted;
}

/** Where an appointment stands; one that has begun is upcoming until it ends. */
export function tabOf(appointment: Appointment, now: number): Tab {
  if (appointment.status === "cancelled") return "cancelled";
  const isOpen = appointment.status === "pending" || appointment.status === "confirmed";
  return isOpen && Date.parse(appointment.end_time) > now ? "upcoming" : "past";
}
