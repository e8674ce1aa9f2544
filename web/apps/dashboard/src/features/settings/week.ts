// A week of opening hours as it is edited.
import type { WorkingHours } from "@slotcast/realtime";

/** From when to when somebody is there, in wall-clock time, `09:00`. */
export interface Stretch {
  /** Of the row it came from, or a new one. */
  id: string;
  /** ISO: Monday is 1. */
  weekday: number;
  opens: string;
  closes: string;
}

export const WEEKDAYS = [1, 2, 3, 4, 5, 6, 7] as const;

/** The stretches of a member, in the order of the week; times without seconds. */
export function stretchesOf(rows: readonly WorkingHours[], memberId: string): Stretch[] {
  return inOrder(
    rows
      .filter(({ team_member_id }) => team_member_id === memberId)
      .map(({ id, weekday, opens, closes }) => ({
        id,
        weekday,
        opens: opens.slice(0, 5),
        closes: closes.slice(0, 5),
      })),
  );
}

export function inOrder(stretches: readonly Stretch[]): Stretch[] {
  return stretches.toSorted((a, b) => a.weekday - b.weekday || a.opens.localeCompare(b.opens));
}

/** What is wrong with a stretch: it ends before it begins, or meets another one of its day. */
export type Mistake = "ends-early" | "overlaps";

export function mistakesIn(stretches: readonly Stretch[]): ReadonlyMap<string, Mistake> {
  const mistakes = new Map<string, Mistake>();
  for (const stretch of stretches) {
    if (stretch.closes <= stretch.opens) mistakes.set(stretch.id, "ends-early");
    else if (stretches.some((other) => meets(stretch, other))) mistakes.set(stretch.id, "overlaps");
  }
  return mistakes;
}

function meets(one: Stretch, other: Stretch): boolean {
  return (
    one.id !== other.id &&
    one.weekday === other.weekday &&
    one.opens < other.closes &&
    other.opens < one.closes
  );
}

/**
 * The next stretch to offer for a day: an afternoon after what is there, else the usual day.
 *
 * Null when the day is full.
 */
export function nextStretch(
  stretches: readonly Stretch[],
  weekday: number,
  id: string,
): Stretch | null {
  const ends = stretches.filter((other) => other.weekday === weekday).map(({ closes }) => closes);
  if (ends.length === 0) return { id, weekday, opens: "09:00", closes: "18:00" };
  const opens = later(ends.toSorted().at(-1) ?? "", 60);
  const closes = opens && later(opens, 180);
  return opens && closes ? { id, weekday, opens, closes } : null;
}

/** Null after midnight. */
function later(time: string, minutes: number): string | null {
  const [hour = 0, minute = 0] = time.split(":").map(Number);
  const total = hour * 60 + minute + minutes;
  if (total >= 24 * 60) return null;
  const twoDigits = (number: number) => String(number).padStart(2, "0");
  return `${twoDigits(Math.floor(total / 60))}:${twoDigits(total % 60)}`;
}

/** Gives every weekday from Monday to Friday the hours of one of them. */
export function copyToWorkdays(
  stretches: readonly Stretch[],
  weekday: number,
  makeId: () => string,
): Stretch[] {
  const pattern = stretches.filter((stretch) => stretch.weekday === weekday);
  const kept = stretches.filter((stretch) => stretch.weekday > 5 || stretch.weekday === weekday);
  const copies = [1, 2, 3, 4, 5]
    .filter((day) => day !== weekday)
    .flatMap((day) => pattern.map((stretch) => ({ ...stretch, id: makeId(), weekday: day })));
  return inOrder([...kept, ...copies]);
}

/** Whether two weeks, each in order, have the same hours, whichever rows they are in. */
export function isSameWeek(one: readonly Stretch[], other: readonly Stretch[]): boolean {
  return (
    one.length === other.length &&
    one.every((stretch, place) => {
      const { weekday, opens, closes } = other[place] ?? {};
      return stretch.weekday === weekday && stretch.opens === opens && stretch.closes === closes;
    })
  );
}
