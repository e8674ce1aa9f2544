import { type AnyRow, type Change, isSame, type RowKey, versionOf } from "./rows";

/** Most rows of which the last change is remembered. */
const KEPT = 2_000;

/** Remembers what the stream has told, so that each change is told once. */
export class Told {
  readonly #last = new Map<RowKey, Change>();

  /**
   * Notes a change of the row *key*.
   *
   * @returns False when it is a repeat: after a crash a server may send its last changes again.
   */
  isNews(key: RowKey, change: Change): boolean {
    const last = this.#last.get(key);
    if (last && isRepeat(change, last)) return false;
    this.#last.delete(key);
    this.#last.set(key, change);
    const [oldest] = this.#last.keys();
    if (this.#last.size > KEPT && oldest !== undefined) this.#last.delete(oldest);
    return true;
  }

  clear(): void {
    this.#last.clear();
  }
}

function isRepeat(change: Change, last: Change): boolean {
  const isEarlier = change.commit_timestamp < last.commit_timestamp;
  if (change.eventType === "DELETE" || last.eventType === "DELETE") {
    return isEarlier || isExactRepeat(change, last);
  }
  const version = versionOf(change.new as AnyRow);
  const lastVersion = versionOf(last.new as AnyRow);
  if (version !== null && lastVersion !== null) return version <= lastVersion;
  return isEarlier || isExactRepeat(change, last);
}

function isExactRepeat(change: Change, last: Change): boolean {
  return (
    change.eventType === last.eventType &&
    change.commit_timestamp === last.commit_timestamp &&
    isSame(change.new, last.new) &&
    isSame(change.old, last.old)
  );
}
