/**
 * Instants, wall clocks and their words.
 *
 * Three kinds of string, never mixed: an *instant* ("2027-03-28T01:30:00Z", any offset), a *wall* time without
 * zone ("2027-03-28T03:30:00", what a clock on the wall shows) and a *day* ("2027-03-28"). Zones are IANA names.
 * Converting needs Temporal: await {@link readyTemporal} before the first render.
 */

/** Brings Temporal to browsers that have none; elsewhere it costs nothing. */
export async function readyTemporal(): Promise<void> {
  if (!("Temporal" in globalThis)) await import("temporal-polyfill/global");
}

/** The zone the reader's device is set to. */
export function readerZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** What the clock on the wall in *zone* shows at *instant*. */
export function toWall(instant: string, zone: string): string {
  return zoned(instant, zone).toPlainDateTime().toString({ smallestUnit: "second" });
}

/**
 * The instant at which the wall clock in *zone* shows *wall*, in UTC.
 *
 * @param resolve Which, when the clock shows it twice (`earlier`, `later`) or never: `compatible` takes the
 *   earlier of two and moves a skipped time forward by the length of the gap, as calendars do.
 */
export function fromWall(
  wall: string,
  zone: string,
  resolve: "compatible" | "earlier" | "later" = "compatible",
): string {
  return Temporal.PlainDateTime.from(wall)
    .toZonedDateTime(zone, { disambiguation: resolve })
    .toInstant()
    .toString();
}

/** The day that *zone* has at *instant*. */
export function dayOf(instant: string, zone: string): string {
  return zoned(instant, zone).toPlainDate().toString();
}

/** The hour of the day in *zone*, 0–23. */
export function hourOf(instant: string, zone: string): number {
  return zoned(instant, zone).hour;
}

/** The day it is now in *zone*. */
export function today(zone: string): string {
  return Temporal.Now.plainDateISO(zone).toString();
}

/** The day *count* days later; earlier when negative. */
export function addDays(day: string, count: number): string {
  return Temporal.PlainDate.from(day).add({ days: count }).toString();
}

/** How many days *later* is after *earlier*. */
export function daysBetween(earlier: string, later: string): number {
  return Temporal.PlainDate.from(earlier).until(later, { largestUnit: "day" }).days;
}

/** ISO: 1 is Monday, 7 is Sunday. */
export function weekdayOf(day: string): number {
  return Temporal.PlainDate.from(day).dayOfWeek;
}

/** The first instant of *day* in *zone*; not always midnight, since clocks may change there. */
export function startOfDay(day: string, zone: string): string {
  return Temporal.PlainDate.from(day).toZonedDateTime(zone).toInstant().toString();
}

/** The instant *minutes* of real time later; earlier when negative. */
export function addMinutes(instant: string, minutes: number): string {
  return Temporal.Instant.from(instant).add({ minutes }).toString();
}

/** Minutes of real time from *earlier* to *later*. */
export function minutesBetween(earlier: string, later: string): number {
  return (Date.parse(later) - Date.parse(earlier)) / 60_000;
}

/** The weekday on which weeks begin where *locale* is at home; 1 is Monday, 7 is Sunday. */
export function firstWeekday(locale: string): number {
  const known = new Intl.Locale(locale) as Intl.Locale & {
    getWeekInfo?: () => { firstDay: number };
    weekInfo?: { firstDay: number };
  };
  return (known.getWeekInfo?.() ?? known.weekInfo)?.firstDay ?? 1;
}

/** The first day of the week that *day* is in. */
export function startOfWeek(day: string, first: number): string {
  return addDays(day, -((weekdayOf(day) - first + 7) % 7));
}

/**
 * By how many minutes the clock of *reader* is ahead of that of *zone* at *instant*; negative when it is behind.
 * Ask for the instant at hand, not for now: the two may change clocks on different days.
 */
export function minutesAhead(reader: string, zone: string, instant: string): number {
  const difference =
    zoned(instant, reader).offsetNanoseconds - zoned(instant, zone).offsetNanoseconds;
  return difference / 60e9;
}

// Words. Formatters are costly to make and few: each is made once.

const formats = new Map<string, Intl.DateTimeFormat>();

function dateFormat(locale: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = locale + JSON.stringify(options);
  const known = formats.get(key);
  if (known) return known;
  const made = new Intl.DateTimeFormat(locale, options);
  formats.set(key, made);
  return made;
}

/**
 * "09:30" or "9:30 AM", whichever the locale writes: asked for by its parts, an hour loses the zero that `timeStyle`
 * gives it in English and French.
 */
function timeParts(locale: string): Intl.DateTimeFormatOptions {
  const { hour12 } = dateFormat(locale, { timeStyle: "short" }).resolvedOptions();
  return { hour: hour12 ? "numeric" : "2-digit", minute: "2-digit" };
}

/** "09:30", "9:30 AM". */
export function formatTime(instant: string, zone: string, locale: string): string {
  return dateFormat(locale, { timeStyle: "short", timeZone: zone }).format(Date.parse(instant));
}

/** "09:30 – 10:15". */
export function formatTimeRange(from: string, to: string, zone: string, locale: string): string {
  const format = dateFormat(locale, { ...timeParts(locale), timeZone: zone });
  return format.formatRange(Date.parse(from), Date.parse(to));
}

const DAY_STYLES = {
  /** "Tue 24" */
  strip: { weekday: "short", day: "numeric" },
  /** "Tue 24 Nov" */
  short: { weekday: "short", day: "numeric", month: "short" },
  /** "Tuesday 24 November" */
  long: { weekday: "long", day: "numeric", month: "long" },
  /** "Tuesday 24 November 2026" */
  full: { weekday: "long", day: "numeric", month: "long", year: "numeric" },
  /** "November 2026" */
  month: { month: "long", year: "numeric" },
  /** "Nov" */
  monthShort: { month: "short" },
  /** "Tue" */
  weekday: { weekday: "short" },
  /** "Tuesday" */
  weekdayLong: { weekday: "long" },
  /** "24" */
  number: { day: "numeric" },
} as const satisfies Record<string, Intl.DateTimeFormatOptions>;

export type DayStyle = keyof typeof DAY_STYLES;

/** A day in words; it has no zone and needs none. */
export function formatDay(day: string, locale: string, style: DayStyle = "long"): string {
  const options = { ...DAY_STYLES[style], timeZone: "UTC" };
  return dateFormat(locale, options).format(Date.parse(`${day}T00:00:00Z`));
}

/** "Tue 24 Nov, 09:30". */
export function formatDayTime(instant: string, zone: string, locale: string): string {
  const options: Intl.DateTimeFormatOptions = {
    ...DAY_STYLES.short,
    ...timeParts(locale),
    timeZone: zone,
  };
  return dateFormat(locale, options).format(Date.parse(instant));
}

/** All there is to say about an instant, for titles of `<time>`. */
export function formatFull(instant: string, zone: string, locale: string): string {
  const options: Intl.DateTimeFormatOptions = {
    dateStyle: "full",
    timeStyle: "long",
    timeZone: zone,
  };
  return dateFormat(locale, options).format(Date.parse(instant));
}

/** "1 hr 30 min", "45 min". */
export function formatDuration(minutes: number, locale: string): string {
  const parts = [
    { value: Math.floor(minutes / 60), unit: "hour" },
    { value: minutes % 60, unit: "minute" },
  ].filter(({ value }) => value !== 0);
  if (parts.length === 0) parts.push({ value: 0, unit: "minute" });
  const words = parts.map(({ value, unit }) =>
    new Intl.NumberFormat(locale, { style: "unit", unit, unitDisplay: "short" }).format(value),
  );
  return new Intl.ListFormat(locale, { type: "unit", style: "narrow" }).format(words);
}

const STEPS = [
  { unit: "second", seconds: 1, upTo: 60 },
  { unit: "minute", seconds: 60, upTo: 3_600 },
  { unit: "hour", seconds: 3_600, upTo: 86_400 },
  { unit: "day", seconds: 86_400, upTo: 604_800 },
  { unit: "week", seconds: 604_800, upTo: Number.POSITIVE_INFINITY },
] as const;

/** "5 minutes ago", "in 2 days", "now"; *now* is in milliseconds, as of `Date.now()`. */
export function formatRelative(instant: string, now: number, locale: string): string {
  const seconds = (Date.parse(instant) - now) / 1_000;
  const format = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
  for (const step of STEPS) {
    if (Math.abs(seconds) < step.upTo) {
      return format.format(Math.trunc(seconds / step.seconds), step.unit);
    }
  }
  return format.format(Math.trunc(seconds / 604_800), "week");
}

/** "Europe/Paris" as people read it: "Paris". */
export function zoneCity(zone: string): string {
  return (zone.split("/").at(-1) ?? zone).replaceAll("_", " ");
}

function zoned(instant: string, zone: string): Temporal.ZonedDateTime {
  return Temporal.Instant.from(instant).toZonedDateTimeISO(zone);
}
