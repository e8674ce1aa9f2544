// Moments in words, in the zone and the language of the reader.
import { dayOf, daysBetween, formatTime } from "@slotcast/ui/zones";
import type { When } from "./sentence";

/** Within this many days the weekday says it all. */
const WEEKDAY_IS_CLEAR_DAYS = 6;

export function whenIn(zone: string, language: string, nowMs: number): When {
  const today = dayOf(new Date(nowMs).toISOString(), zone);
  const near = formatOf(language, zone, { weekday: "short" });
  const far = formatOf(language, zone, { weekday: "short", day: "numeric", month: "short" });
  const farther = formatOf(language, zone, { day: "numeric", month: "short", year: "numeric" });

  const formatFor = (day: string) => {
    if (Math.abs(daysBetween(today, day)) <= WEEKDAY_IS_CLEAR_DAYS) return near;
    return day.slice(0, 4) === today.slice(0, 4) ? far : farther;
  };
  return {
    time: (iso) => formatTime(iso, zone, language),
    isSameDay: (one, other) => dayOf(one, zone) === dayOf(other, zone),
    moment: (iso) => {
      const day = formatFor(dayOf(iso, zone)).format(Date.parse(iso));
      return `${day} ${formatTime(iso, zone, language)}`;
    },
  };
}

function formatOf(language: string, timeZone: string, options: Intl.DateTimeFormatOptions) {
  return new Intl.DateTimeFormat(language, { ...options, timeZone });
}
