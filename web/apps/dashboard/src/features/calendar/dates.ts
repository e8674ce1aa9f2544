/**
 * Ranges of days of the shown zone. The end of a range is left out of it.
 */
import { addDays, daysBetween, startOfDay, startOfWeek } from "@slotcast/ui/zones";
import type { View } from "./search";

/** Days, `YYYY-MM-DD`. */
export interface DateRange {
  from: string;
  to: string;
}

/** How many days the agenda shows at once. */
export const AGENDA_DAYS = 7;

/** The days that a view shows for a date; a month is shown in whole weeks. `firstWeekday`: Monday 1 … Sunday 7. */
export function visibleDates(view: View, date: string, firstWeekday: number): DateRange {
  switch (view) {
    case "day":
      return { from: date, to: addDays(date, 1) };
    case "week": {
      const from = startOfWeek(date, firstWeekday);
      return { from, to: addDays(from, 7) };
    }
    case "month": {
      const first = Temporal.PlainDate.from(date).with({ day: 1 });
      const last = first.add({ months: 1 }).subtract({ days: 1 });
      return {
        from: startOfWeek(first.toString(), firstWeekday),
        to: addDays(startOfWeek(last.toString(), firstWeekday), 7),
      };
    }
    case "agenda":
      return { from: date, to: addDays(date, AGENDA_DAYS) };
  }
}

/** The date that the arrows lead to. */
export function stepDate(view: View, date: string, direction: 1 | -1): string {
  switch (view) {
    case "day":
      return addDays(date, direction);
    case "week":
      return addDays(date, 7 * direction);
    case "month":
      return Temporal.PlainDate.from(date).add({ months: direction }).toString();
    case "agenda":
      return addDays(date, AGENDA_DAYS * direction);
  }
}

/**
 * The instants between which a range of days lies.
 *
 * `marginDays` widens it on both sides, so that the next step of an arrow has its rows already.
 */
export function instantsOf(
  dates: DateRange,
  zone: string,
  marginDays = 0,
): { from: string; to: string } {
  return {
    from: startOfDay(addDays(dates.from, -marginDays), zone),
    to: startOfDay(addDays(dates.to, marginDays), zone),
  };
}

export function daysOf({ from, to }: DateRange): string[] {
  return Array.from({ length: daysBetween(from, to) }, (_, index) => addDays(from, index));
}

/** The zone's offset at an instant, `+01:00`: the calendar's own clock knows offsets only. */
export function offsetOf(zone: string, nowMs: number): string {
  return Temporal.Instant.fromEpochMilliseconds(nowMs).toZonedDateTimeISO(zone).offset.slice(0, 6);
}

/** Closer to the full hour than this, the time of now lies on its label. */
const LABEL_MINUTES = 12;

/** The hour on whose label a time lies, if it does: 13:55 lies on that of 14:00. */
export function hourBeside(wall: string): number | null {
  const minutes = Number(wall.slice(11, 13)) * 60 + Number(wall.slice(14, 16));
  const hour = Math.round(minutes / 60);
  return Math.abs(minutes - hour * 60) <= LABEL_MINUTES ? hour : null;
}
