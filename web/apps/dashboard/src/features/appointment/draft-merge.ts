/**
 * An open form meets a change that somebody else made to the same appointment.
 */
import type { Appointment } from "@slotcast/realtime";
import { type AppointmentPatch, sameValue } from "./undo";

export type Field = keyof AppointmentPatch;

export interface Merge {
  /** They changed it, I did not touch it: the form takes theirs. */
  taken: Field[];
  /** Both changed it, to different values: I am asked. */
  disputed: Field[];
}

/**
 * Compares what the form started from with the row as it is now.
 *
 * Args are the row as the form knew it, the row now, and the values of the form (only of fields it has).
 */
export function mergeTheirs(base: Appointment, theirs: Appointment, mine: AppointmentPatch): Merge {
  const merge: Merge = { taken: [], disputed: [] };
  for (const field of Object.keys(mine) as Field[]) {
    if (sameValue(field, base[field], theirs[field])) continue;
    if (sameValue(field, mine[field], theirs[field])) continue;
    const touched = !sameValue(field, base[field], mine[field]);
    (touched ? merge.disputed : merge.taken).push(field);
  }
  return merge;
}

/** The values that a form goes on with: mine, but theirs in the given fields. */
export function taking(
  mine: AppointmentPatch,
  theirs: Appointment,
  fields: readonly Field[],
): AppointmentPatch {
  return { ...mine, ...Object.fromEntries(fields.map((field) => [field, theirs[field]])) };
}
