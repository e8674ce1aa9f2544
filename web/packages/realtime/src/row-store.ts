/**
 * Merges what a read, the stream and the answers to writes say about one table's rows.
 *
 * The stream is in commit order, but late; reads and answers are recent, but come in any order. Every
 * statement gets a number of the `Clock`: what the stream says when it says it, a read or an answer when
 * its request is sent. So a request with a higher number than a row has seen all that the row holds, and
 * what the stream says after the request's number beats its result. Rows with versions need that rule
 * only to notice rows that went and came again, since the higher version wins.
 */

import { type AnyRow, isSame, type RowKey, versionOf } from "./rows";

/** Counts statements about rows. */
export class Clock {
  #count = 0;

  tick(): number {
    this.#count += 1;
    return this.#count;
  }
}

type Known<Row> = { row: Row; said: number };

/** A row that is not here any more, so that what was said before does not bring it back. */
type Gone = { version: number | null; said: number; deleted: boolean };

/** Most tombstones kept; they matter only while a request or a repeat is under way. */
const GONE_LIMIT = 2_000;

export class RowStore<Row extends AnyRow> {
  readonly #clock: Clock;
  readonly #keyOf: (row: AnyRow) => RowKey;
  readonly #rows = new Map<RowKey, Known<Row>>();
  readonly #gone = new Map<RowKey, Gone>();

  constructor(clock: Clock, keyOf: (row: AnyRow) => RowKey) {
    this.#clock = clock;
    this.#keyOf = keyOf;
  }

  get(key: RowKey): Row | undefined {
    return this.#rows.get(key)?.row;
  }

  *entries(): Generator<[RowKey, Row]> {
    for (const [key, { row }] of this.#rows) yield [key, row];
  }

  clear(): void {
    this.#rows.clear();
    this.#gone.clear();
  }

  /** Forgets rows for which nobody asks any more, without saying that they are gone. */
  keepOnly(isWanted: (row: Row) => boolean): void {
    for (const [key, { row }] of this.#rows) if (!isWanted(row)) this.#rows.delete(key);
  }

  /** The stream inserted or updated a row. */
  written(event: "INSERT" | "UPDATE", row: Row): void {
    const key = this.#keyOf(row);
    const gone = this.#gone.get(key);
    if (gone && event === "UPDATE" && (gone.deleted || !isNewer(row, gone.version))) return;
    const known = this.#rows.get(key);
    if (known && versionOf(row) !== null && !isNewer(row, versionOf(known.row))) return;
    this.#keep(key, row, this.#clock.tick());
  }

  /** The stream updated a row so that it does not belong here any more; it may come back. */
  left(row: Row): void {
    const key = this.#keyOf(row);
    const known = this.#rows.get(key);
    if (known && versionOf(row) !== null && !isNewer(row, versionOf(known.row))) return;
    this.#bury(key, { version: versionOf(row), said: this.#clock.tick(), deleted: false });
  }

  /** The stream deleted a row. */
  deleted(key: RowKey): void {
    this.#bury(key, { version: null, said: this.#clock.tick(), deleted: true });
  }

  /** A write of ours, sent at *mark*, was answered with the row as it is now. */
  answered(row: Row, mark: number): void {
    const key = this.#keyOf(row);
    if (this.#isOutdated(key, row, mark)) return;
    this.#keep(key, row, this.#clock.tick());
  }

  /** A write of ours, sent at *mark*, took the row from here. */
  answeredGone(key: RowKey, mark: number): void {
    const known = this.#rows.get(key);
    if (!known || known.said > mark) return;
    this.#bury(key, {
      version: versionOf(known.row),
      said: this.#clock.tick(),
      deleted: false,
    });
  }

  /**
   * A read that was begun at *mark* found *rows*.
   *
   * @param covers Which rows it would have found: those it did not find are gone.
   */
  read(rows: readonly Row[], mark: number, covers: (row: Row) => boolean): void {
    const found = new Set<RowKey>();
    for (const row of rows) {
      const key = this.#keyOf(row);
      found.add(key);
      if (this.#isOutdated(key, row, mark)) continue;
      this.#keep(key, row, Math.max(mark, this.#rows.get(key)?.said ?? 0));
    }
    for (const [key, { row, said }] of this.#rows) {
      if (said > mark || found.has(key) || !covers(row)) continue;
      // It may only have left what this read covers: a read of more, begun earlier, may still bring it.
      const version = versionOf(row);
      if (version === null) this.#rows.delete(key);
      else this.#bury(key, { version, said: mark, deleted: false });
    }
  }

  /** Tells whether more is known than a request that was sent at *mark* could see. */
  #isOutdated(key: RowKey, row: Row, mark: number): boolean {
    const gone = this.#gone.get(key);
    if (gone && gone.said > mark) {
      return gone.deleted || gone.version === null || !isNewer(row, gone.version);
    }
    const known = this.#rows.get(key);
    if (!known || known.said <= mark) return false;
    return versionOf(row) === null || !isNewer(row, versionOf(known.row));
  }

  #keep(key: RowKey, row: Row, said: number): void {
    this.#gone.delete(key);
    const known = this.#rows.get(key);
    // A row that did not change stays the same object, so that it is not rendered again.
    this.#rows.set(key, { row: known && isSame(known.row, row) ? known.row : row, said });
  }

  #bury(key: RowKey, gone: Gone): void {
    this.#rows.delete(key);
    this.#gone.delete(key);
    this.#gone.set(key, gone);
    const [oldest] = this.#gone.keys();
    if (this.#gone.size > GONE_LIMIT && oldest !== undefined) this.#gone.delete(oldest);
  }
}

function isNewer(row: AnyRow, version: number | null): boolean {
  const own = versionOf(row);
  return own === null || version === null || own > version;
}
