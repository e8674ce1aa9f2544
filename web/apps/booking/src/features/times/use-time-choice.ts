import { addDays, dayOf, daysBetween, today } from "@slotcast/ui";
import { useState } from "react";
import { nearest, type Slot, type SlotView, slotViews } from "./slots";
import { type FreeDay, useFreeDays, useFreeTimes, useNearest, type Wish } from "./use-times";

/** As many as fit a strip; the next ones are a button away. */
export const STRIP_DAYS = 14;

/** The most that `available_days` answers at once. */
const MOST_DAYS = 60;
const ALTERNATIVES = 3;

export interface TimeChoiceOptions {
  /** null while it is not known what is wanted. */
  wish: Wish | null;
  /** The day asked for; the first with a free time when left out. */
  day: string | undefined;
  /** The instant chosen. */
  time: string | undefined;
  /** The last day that can be booked. */
  lastDay: string;
  /** Instants that the server refused although they seemed free. */
  refused?: ReadonlySet<string>;
}

export interface TimeChoice {
  zone: string;
  /** The days of the strip; undefined until they are read. */
  days: readonly FreeDay[] | undefined;
  /** The day shown; undefined while it is looked for, or when no day has a free time. */
  day: string | undefined;
  slots: readonly SlotView[] | undefined;
  /** The chosen slot, while it is free. */
  chosen: Slot | undefined;
  /** The chosen instant, once somebody else has it. */
  lost: string | undefined;
  /** What is nearest to the lost time; undefined while it is looked for. */
  alternatives: readonly Slot[] | undefined;
  /** The next day after the one shown that has a free time. */
  nextFreeDay: string | undefined;
  error: unknown;
  retry: () => void;
  /** Shows earlier or later days; undefined where there are none. */
  earlier: (() => void) | undefined;
  later: (() => void) | undefined;
}

/** Everything about choosing a time, live: days, free times, and what to do when the chosen one is lost. */
export function useTimeChoice(options: TimeChoiceOptions): TimeChoice {
  const { wish, time, lastDay, refused } = options;
  const zone = wish?.zone ?? "UTC";
  const strip = useStrip(zone, options.day ?? (time && dayOf(time, zone)), lastDay);
  const days = useFreeDays(wish, strip.from, strip.count);
  const known = days.data;
  const firstFree = known?.find(({ slotCount }) => slotCount > 0)?.day;
  const day = options.day ?? (time ? dayOf(time, zone) : firstFree);
  const later = useLaterFreeDay(wish, strip.from, strip.count, lastDay, known, day);

  const times = useFreeTimes(wish, day);
  const slots = useSlotViews(times.data, zone, `${JSON.stringify(wish)} ${day}`);
  const timeSlots = useFreeTimes(wish, time && dayOf(time, zone)).data;
  const chosen = timeSlots?.find((slot) => slot.start === time && !refused?.has(slot.start));
  const lost = time && timeSlots && !chosen ? time : undefined;
  const alternatives = useAlternatives(wish, lost, timeSlots, refused);

  return {
    zone,
    days: known,
    day,
    slots,
    chosen,
    lost,
    alternatives,
    nextFreeDay: later,
    error: days.error ?? times.error,
    retry: () => {
      void days.refetch();
      void times.refetch();
    },
    earlier: strip.earlier,
    later: strip.later,
  };
}

/** Which days the strip shows: those around the day asked for, until the reader turns the pages. */
function useStrip(zone: string, day: string | undefined, lastDay: string) {
  const first = today(zone);
  const pageOf = (some: string) => Math.max(0, Math.floor(daysBetween(first, some) / STRIP_DAYS));
  const [turned, setTurned] = useState<{ day: string | undefined; page: number }>();
  const page = turned && turned.day === day ? turned.page : pageOf(day ?? first);
  const lastPage = pageOf(lastDay);
  const from = addDays(first, page * STRIP_DAYS);
  return {
    from,
    count: Math.max(0, Math.min(STRIP_DAYS, daysBetween(from, lastDay) + 1)),
    earlier: page > 0 ? () => setTurned({ day, page: page - 1 }) : undefined,
    later: page < lastPage ? () => setTurned({ day, page: page + 1 }) : undefined,
  };
}

/** The next free day: in the strip, or further on when the strip has none. */
function useLaterFreeDay(
  wish: Wish | null,
  from: string,
  count: number,
  lastDay: string,
  known: readonly FreeDay[] | undefined,
  day: string | undefined,
): string | undefined {
  const isFree = (some: FreeDay) => some.slotCount > 0 && (!day || some.day > day);
  const here = known?.find(isFree)?.day;
  const beyond = addDays(from, count);
  const rest = Math.min(MOST_DAYS, daysBetween(beyond, lastDay) + 1);
  const isWanted = known !== undefined && here === undefined && rest > 0;
  const further = useFreeDays(isWanted ? wish : null, beyond, rest);
  return here ?? (isWanted ? further.data?.find(isFree)?.day : undefined);
}

/** Remembers what was free on the day shown, so that what is taken fades in its place. */
function useSlotViews(
  free: readonly Slot[] | undefined,
  zone: string,
  scope: string,
): readonly SlotView[] | undefined {
  const [seen, setSeen] = useState<{ scope: string; slots: readonly Slot[] }>({ scope, slots: [] });
  const before = seen.scope === scope ? seen.slots : [];
  if (!free) return undefined;
  const views = slotViews(before, free, zone);
  if (seen.scope !== scope || views.length > before.length) setSeen({ scope, slots: views });
  return views;
}

/** Those of the same day are at hand at once; other days are asked for when it has too few. */
function useAlternatives(
  wish: Wish | null,
  lost: string | undefined,
  slots: readonly Slot[] | undefined,
  refused: ReadonlySet<string> | undefined,
): readonly Slot[] | undefined {
  const isOpen = (slot: Slot) => !refused?.has(slot.start);
  const sameDay = lost && slots ? nearest(slots.filter(isOpen), lost, ALTERNATIVES) : [];
  const isEnough = sameDay.length === ALTERNATIVES;
  const anyDay = useNearest(isEnough ? null : wish, lost, ALTERNATIVES + (refused?.size ?? 0));
  if (!lost || isEnough) return sameDay;
  return anyDay.data ? nearest(anyDay.data.filter(isOpen), lost, ALTERNATIVES) : undefined;
}
