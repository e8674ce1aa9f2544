/**
 * When team members work, from weekly hours, one-off exceptions and time off, as the zone that is shown sees it.
 *
 * Hours are local to the member's own zone (or the workspace's); they become instants first, then wall times of the
 * shown zone, so a member who works from another zone is drawn where they really are free.
 */

/** Half-open, as instants in epoch milliseconds. */
export interface Stretch {
  fromMs: number;
  toMs: number;
}

export interface WeeklyHours {
  team_member_id: string;
  /** ISO: Monday 1 … Sunday 7. */
  weekday: number;
  /** Local time, `HH:MM:SS`. */
  opens: string;
  closes: string;
}

export interface HoursException {
  team_member_id: string;
  on_date: string;
  /** Null: closed on that date. */
  opens: string | null;
  closes: string | null;
}

export interface TimeOff {
  id: string;
  team_member_id: string;
  start_time: string;
  end_time: string;
  reason: string | null;
}

export interface OpeningData {
  hours: readonly WeeklyHours[];
  exceptions: readonly HoursException[];
  timeOff: readonly TimeOff[];
}

/** The stretches in which a member works on local dates `from` … `to` (both included), time off not taken out. */
export function openStretches(
  data: OpeningData,
  memberId: string,
  memberZone: string,
  from: string,
  to: string,
): Stretch[] {
  const stretches: Stretch[] = [];
  const last = Temporal.PlainDate.from(to);
  for (
    let day = Temporal.PlainDate.from(from);
    Temporal.PlainDate.compare(day, last) <= 0;
    day = day.add({ days: 1 })
  ) {
    for (const { opens, closes } of hoursOn(data, memberId, day)) {
      const stretch = { fromMs: at(day, opens, memberZone), toMs: at(day, closes, memberZone) };
      if (stretch.fromMs < stretch.toMs) stretches.push(stretch);
    }
  }
  return stretches.sort((a, b) => a.fromMs - b.fromMs);
}

/** What is left of a whole when the parts are taken out. */
export function gaps(whole: Stretch, parts: readonly Stretch[]): Stretch[] {
  const left: Stretch[] = [];
  let from = whole.fromMs;
  for (const part of [...parts].sort((a, b) => a.fromMs - b.fromMs)) {
    if (part.toMs <= from) continue;
    if (part.fromMs >= whole.toMs) break;
    if (part.fromMs > from) left.push({ fromMs: from, toMs: part.fromMs });
    from = part.toMs;
  }
  if (from < whole.toMs) left.push({ fromMs: from, toMs: whole.toMs });
  return left;
}

/** A stretch lies within one of the open ones and touches no time off. */
export function isOpen(
  stretch: Stretch,
  open: readonly Stretch[],
  timeOff: readonly Stretch[],
): boolean {
  return (
    open.some((window) => window.fromMs <= stretch.fromMs && stretch.toMs <= window.toMs) &&
    !timeOff.some((off) => off.fromMs < stretch.toMs && stretch.fromMs < off.toMs)
  );
}

export function timeOffOf(data: OpeningData, memberId: string): Stretch[] {
  return data.timeOff
    .filter((off) => off.team_member_id === memberId)
    .map((off) => ({ fromMs: Date.parse(off.start_time), toMs: Date.parse(off.end_time) }));
}

/**
 * First and last hour of the grid: what any of the members' weeks needs, with an hour to spare.
 *
 * It does not follow the shown date, so that stepping through days does not make the grid jump.
 */
export function hoursOfDay(data: OpeningData): { from: number; to: number } {
  const opens = data.hours.map((hours) => wallHour(hours.opens));
  const closes = data.hours.map((hours) => wallHour(hours.closes));
  if (opens.length === 0) return { from: 8, to: 20 };
  return {
    from: Math.max(0, Math.floor(Math.min(...opens)) - 1),
    to: Math.min(24, Math.ceil(Math.max(...closes)) + 1),
  };
}

function hoursOn(
  data: OpeningData,
  memberId: string,
  day: Temporal.PlainDate,
): { opens: string; closes: string }[] {
  const date = day.toString();
  const exceptions = data.exceptions.filter(
    (exception) => exception.team_member_id === memberId && exception.on_date === date,
  );
  if (exceptions.length > 0) {
    return exceptions.flatMap(({ opens, closes }) =>
      opens !== null && closes !== null ? [{ opens, closes }] : [],
    );
  }
  return data.hours.filter(
    (hours) => hours.team_member_id === memberId && hours.weekday === day.dayOfWeek,
  );
}

/** PostgreSQL and Temporal agree on wall times that a clock change skips: both take the offset before it. */
function at(day: Temporal.PlainDate, time: string, zone: string): number {
  if (time.startsWith("24:")) return at(day.add({ days: 1 }), "00:00", zone);
  return day.toZonedDateTime({ timeZone: zone, plainTime: time }).epochMilliseconds;
}

function wallHour(time: string): number {
  const [hour, minute] = time.split(":").map(Number);
  return (hour ?? 0) + (minute ?? 0) / 60;
}
