// What the list shows, line by line.
import type { Change } from "./change";

export type ListRow =
  | { kind: "change"; key: string; change: Change }
  /** Above it is what the reader has not seen. */
  | { kind: "divider"; key: string };

/**
 * Lines of the list, newest first.
 *
 * @param seenId - The newest event that the reader had on screen before; null: everything is new, and nothing is
 *   worth a line.
 * @param me - The reader: what oneself did needs no announcement.
 */
export function listRows(changes: readonly Change[], seenId: number | null, me: string): ListRow[] {
  const rows: ListRow[] = changes.map((change) => ({
    kind: "change",
    key: String(change.id),
    change,
  }));
  if (seenId === null) return rows;
  const firstSeen = changes.findIndex(({ id }) => id <= seenId);
  const unseen = firstSeen < 0 ? changes : changes.slice(0, firstSeen);
  if (firstSeen < 0 || !unseen.some(({ actor_id }) => actor_id !== me)) return rows;
  return rows.toSpliced(firstSeen, 0, { kind: "divider", key: "divider" });
}

/** Parts what may be shown from what came while the list was held still. */
export function holdBack(
  changes: readonly Change[],
  heldAt: number | null,
): { shown: readonly Change[]; newCount: number } {
  if (heldAt === null) return { shown: changes, newCount: 0 };
  const shown = changes.filter(({ id }) => id <= heldAt);
  return { shown, newCount: changes.length - shown.length };
}
