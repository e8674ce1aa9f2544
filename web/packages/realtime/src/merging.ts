import type { AnyRow } from "./rows";
import { isSameValue } from "./sorting";

/** Columns that only mean something together: when, and with whom. */
const TOGETHER = ["start_time", "end_time", "team_member_id"];
/** What decides how all else is to be understood: nobody moves what was cancelled meanwhile. */
const DECISIVE = "status";

/**
 * Tells whether changes may be applied to the row that others made of it: they changed something else, or
 * to the same.
 */
export function isMergeable(seen: AnyRow, theirs: AnyRow, changes: AnyRow): boolean {
  const touched = new Set([...Object.keys(changes), DECISIVE]);
  if (TOGETHER.some((column) => touched.has(column))) {
    for (const column of TOGETHER) touched.add(column);
  }
  return [...touched].every(
    (column) =>
      isSameValue(theirs[column], seen[column]) ||
      (column in changes && isSameValue(theirs[column], changes[column])),
  );
}
