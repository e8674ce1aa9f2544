/**
 * Merges what the stream, reads, and the answers to writes say about one table's rows.
 *
 * The stream is in commit order, but late; reads and answers are recent, but come in any order. Every
 * statement gets a number of the `Clock`: what the stream says when it says it, a read or an answer when
 * its request is sent. A request with a higher number than a row has seen all that the row holds; one with
 * a lower number has nothing to say about it, since the stream will bring whatever it may have seen besides.
 * So a known row is never behind the stream, and what the stream says of a version that is known already,
 * or of an earlier one, is old news. Tables without versions do without that last rule: their rows may go
 * back for a moment, until the stream has caught up with a read.
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

/** A row that is not here any more; an update above *version* brings it back, unless it was deleted. */
type Gone = { version: number | null; said: number; isDeleted: boolean };

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
    if (gone && event === "UPDATE" && (gone.isDeleted || !isNewer(row, gone.version))) return;
    const known = this.#rows.get(key);
    if (known && !isNewer(row, versionOf(known.row))) known.said = this.#clock.tick();
    else this.#keep(key, row, this.#clock.tick());
  }

  /** The stream updated a row so that it does not belong here any more; it may come back. */
  left(row: Row): void {
    const key = this.#keyOf(row);
    const known = this.#rows.get(key);
    if (known && !isNewer(row, versionOf(known.row))) known.said = this.#clock.tick();
    else this.#bury(key, versionOf(row), this.#clock.tick());
  }

  /** The stream deleted a row. */
  deleted(key: RowKey): void {
    this.#bury(key, null, this.#clock.tick(), true);
  }

  /** A write of ours, sent at *mark*, was answered with the row as it is now. */
  answered(row: Row, mark: number): void {
    const key = this.#keyOf(row);
    if (this.#saidLast(key) <= mark) this.#keep(key, row, this.#clock.tick());
  }

  /** A write of ours, sent at *mark*, took the row from here. */
  answeredGone(key: RowKey, mark: number): void {
    const known = this.#rows.get(key);
    if (!known || known.said > mark) return;
    this.#bury(key, versionOf(known.row), this.#clock.tick());
  }

  /**
   * A read that was sent at *mark* found *rows*.
   *
   * @param covers Which rows it would have found. Those it did not find are not there; but they may only
   *     have left what it covers, so that another read may still bring them.
   */
  read(rows: readonly Row[], mark: number, covers: (row: Row) => boolean): void {
    const found = new Set<RowKey>();
    for (const row of rows) {
      const key = this.#keyOf(row);
      found.add(key);
      if (this.#saidLast(key) <= mark) this.#keep(key, row, mark);
    }
    for (const [key, { row, said }] of this.#rows) {
      if (said <= mark && !found.has(key) && covers(row)) this.#bury(key, null, said);
    }
  }

  #saidLast(key: RowKey): number {
    return this.#rows.get(key)?.said ?? this.#gone.get(key)?.said ?? 0;
  }

  #keep(key: RowKey, row: Row, said: number): void {
    const known = this.#rows.get(key);
    this.#gone.delete(key);
    // A row that did not change stays the same object, so that it is not rendered again.
    this.#rows.set(key, { row: known && isSame(known.row, row) ? known.row : row, said });
  }

  #bury(key: RowKey, version: number | null, said: number, isDeleted = false): void {
    this.#rows.delete(key);
    this.#gone.delete(key);
    this.#gone.set(key, { version, said, isDeleted });
    const [oldest] = this.#gone.keys();
    if (this.#gone.size > GONE_LIMIT && oldest !== undefined) this.#gone.delete(oldest);
  }
}

function isNewer(row: AnyRow, version: number | null): boolean {
  const own = versionOf(row);
  return own === null || version === null || own > version;
}
