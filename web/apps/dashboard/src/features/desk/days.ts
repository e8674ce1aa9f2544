import { addDays, startOfDay } from "@slotcast/ui/zones";

/** From the start of the day before a date to the end of the day after; undefined while it is no date. */
export function instantsAround(
  date: string,
  zone: string,
): { column: string; from: string; to: string } | undefined {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(date)) return undefined;
  return {
    column: "start_time",
    from: startOfDay(addDays(date, -1), zone),
    to: startOfDay(addDays(date, 2), zone),
  };
}
