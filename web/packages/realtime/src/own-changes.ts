/**
 * Knows which changes this person made in this browser, so that nobody is told of their own.
 *
 * The writer is not enough: what my phone does is news on my desktop. So each write carries a
 * `mutation_id`, which the tabs of one browser tell each other; only those in which the same person is signed in,
 * since a page of the shop and one of a customer may be open side by side.
 */

import type { AnyRow, Change } from "./rows";
import { uuid } from "./uuid";

const KEPT_MS = 120_000;
const KEPT = 1_000;
const CHANNEL = "slotcast-own-changes";

/** What tabs tell each other. */
type Note = { id: string; userId: string | null };

const own = new Map<string, number>();
let writer: string | null = null;
const tabs = typeof BroadcastChannel === "function" ? new BroadcastChannel(CHANNEL) : null;
if (tabs) {
  tabs.onmessage = ({ data }: MessageEvent<Note>) => {
    if (data.userId === writer) keep(data.id);
  };
  // Node would otherwise wait for it; browsers' have no such method.
  (tabs as BroadcastChannel & { unref?: () => void }).unref?.();
}

/** Says who is signed in here; null is a visitor. */
export function writeAs(userId: string | null): void {
  writer = userId;
}

/** Makes the `mutation_id` of a write of this tab. */
export function newMutationId(): string {
  const id = uuid();
  markAsMine(id);
  return id;
}

/** Remembers a write of this tab, also in the other tabs, for two minutes. */
export function markAsMine(id: string): void {
  keep(id);
  tabs?.postMessage({ id, userId: writer } satisfies Note);
}

/** Names the deletion of a row, which carries no mutation's id. */
export function deletionId(table: string, key: string): string {
  return `deleted ${table} ${key}`;
}

/** Tells whether a change, or a row with a `mutation_id`, was written by this browser lately. */
export function isMine(changeOrRow: Change | AnyRow): boolean {
  if (isChange(changeOrRow)) {
    if (changeOrRow.eventType !== "DELETE") return isOwn((changeOrRow.new as AnyRow).mutation_id);
    const id = (changeOrRow.old as AnyRow).id;
    return id !== undefined && isOwn(deletionId(changeOrRow.table, String(id)));
  }
  return isOwn(changeOrRow.mutation_id);
}

function isChange(value: Change | AnyRow): value is Change {
  return "eventType" in value && "commit_timestamp" in value;
}

function isOwn(id: unknown): boolean {
  const until = typeof id === "string" ? own.get(id) : undefined;
  return until !== undefined && until > Date.now();
}

function keep(id: string): void {
  own.delete(id);
  own.set(id, Date.now() + KEPT_MS);
  const [oldest] = own.keys();
  if (own.size > KEPT && oldest !== undefined) own.delete(oldest);
}
