import { hourOf, toWall } from "@slotcast/ui/zones";

/** A time that can be booked. */
export interface Slot {
  /** Instants, in UTC: "2026-11-24T13:00:00.000Z". */
  start: string;
  end: string;
  /** Who is free then, by id. */
  memberIds: readonly string[];
}

/** A slot, or the place of one that was free a moment ago. */
export interface SlotView extends Slot {
  isTaken: boolean;
  /** Whether the clock shows this time twice that day, so that it needs its offset to be told from the other. */
  isAmbiguous: boolean;
}

export const PARTS = ["morning", "afternoon", "evening"] as const;
export type Part = (typeof PARTS)[number];

export interface PartOfDay {
  part: Part;
  slots: SlotView[];
}

const NOON = 12;
const EVENING = 17;

/** Sorts the slots of a day into morning, afternoon and evening by the shop's clock; empty parts are left out. */
export function groupByPart(slots: readonly SlotView[], zone: string): PartOfDay[] {
  const parts = PARTS.map((part): PartOfDay => ({ part, slots: [] }));
  for (const slot of slots) {
    parts.find(({ part }) => part === partOf(slot.start, zone))?.slots.push(slot);
  }
  return parts.filter((part) => part.slots.length > 0);
}

function partOf(instant: string, zone: string): Part {
  const hour = hourOf(instant, zone);
  if (hour < NOON) return "morning";
  return hour < EVENING ? "afternoon" : "evening";
}

/**
 * All that was seen of a day, in order: what is free, and what no longer is, in its place.
 *
 * Nothing moves under the finger: a time that somebody took fades where it stood.
 *
 * @param seen What was free before.
 * @param free What is free now.
 * @param zone The zone whose clock may show a time twice.
 */
export function slotViews(seen: readonly Slot[], free: readonly Slot[], zone: string): SlotView[] {
  const isFree = new Set(free.map((slot) => slot.start));
  const gone = seen.filter((slot) => !isFree.has(slot.start));
  const all = [...free, ...gone].sort((a, b) => (a.start < b.start ? -1 : 1));
  const walls = all.map((slot) => toWall(slot.start, zone));
  const counts = new Map<string, number>();
  for (const wall of walls) counts.set(wall, (counts.get(wall) ?? 0) + 1);
  return all.map((slot, index) => ({
    ...slot,
    isTaken: !isFree.has(slot.start),
    isAmbiguous: (counts.get(walls[index] ?? "") ?? 0) > 1,
  }));
}

/** The *count* slots nearest to an instant, in the order of the day; of two as near the later one. */
export function nearest(slots: readonly Slot[], around: string, count: number): Slot[] {
  const middle = Date.parse(around);
  const distance = (slot: Slot) => Math.abs(Date.parse(slot.start) - middle);
  return slots
    .toSorted((a, b) => distance(a) - distance(b) || (a.start > b.start ? -1 : 1))
    .slice(0, count)
    .sort((a, b) => (a.start < b.start ? -1 : 1));
}
