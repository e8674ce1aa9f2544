import { addMinutes, formatDayTime } from "@slotcast/ui/zones";

/** Until when an appointment can be changed or cancelled online, and whether that is over. */
export interface Cutoff {
  until: string;
  isOver: boolean;
}

/**
 * @param start When the appointment begins.
 * @param minutes How long before, at the latest; 0: until it begins.
 * @param now Milliseconds, as of `Date.now()`.
 */
export function cutoffOf(start: string, minutes: number, now: number): Cutoff {
  const until = addMinutes(start, -minutes);
  return { until, isOver: now > Date.parse(until) };
}

/** What to say, as a key of the catalog with its values. */
export interface CutoffWords {
  key: "open" | "over" | "overCall";
  values: { until: string; phone: string };
}

/** Chooses the words: when the time is over, a shop with a phone is the way out. */
export function cutoffWords(
  cutoff: Cutoff,
  shop: { time_zone: string; phone: string | null },
  locale: string,
): CutoffWords {
  const values = {
    until: formatDayTime(cutoff.until, shop.time_zone, locale),
    phone: shop.phone ?? "",
  };
  if (!cutoff.isOver) return { key: "open", values };
  return { key: shop.phone ? "overCall" : "over", values };
}
