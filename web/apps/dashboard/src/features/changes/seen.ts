// How far the reader has read, kept for each workspace and shared with the other tabs.
import { readStored, writeStored } from "@slotcast/ui";

const storedAs = (workspaceId: string, me: string) => `slotcast.changes.seen.${workspaceId}.${me}`;

/** Id of the newest event that was on screen when the reader last looked; null before the first time. */
export function readSeen(workspaceId: string, me: string): number | null {
  return readStored(storedAs(workspaceId, me), isId) ?? null;
}

/** Never goes back: a tab that slept must not undo what another has read. */
export function writeSeen(workspaceId: string, me: string, id: number): void {
  const known = readSeen(workspaceId, me);
  if (known === null || id > known) writeStored(storedAs(workspaceId, me), id);
}

function isId(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
