/** What one place of a page shows of a collection: a range, in an order, as many rows as it wants. */

import { backoffMs } from "./backoff";
import type { ChannelStatus, Source } from "./counted-channel";
import { callAll, LiveError } from "./errors";
import { mayMatch } from "./filters";
import { Lease } from "./lease";
import type { LiveCollection } from "./live-collection";
import type { Mutate } from "./mutations";
import { type Order, type Range, readRows } from "./reader";
import type { AnyRow, ChangeHandlers, LiveRow } from "./rows";
import { isInRange, isUpTo, sorted } from "./sorting";
import { mayBeOnline } from "./wake";

export type ViewSpec = Source & {
  /** Columns of the primary key; `["id"]` unless given. */
  key?: readonly string[] | undefined;
  /** Which rows to read and show. Changing it keeps the channel. */
  range?: Range | undefined;
  /** By the key unless given; nulls come last. */
  order?: Order | undefined;
  /** Most rows to read and show: the first of `order`. */
  limit?: number | undefined;
  /** Whether the table has `version` and `mutation_id`; unless given, whether it is `appointments`. */
  versioned?: boolean | undefined;
};

export type LiveState<Row extends AnyRow> = {
  /** The same array until a row changed; rows that did not change stay the same objects. */
  readonly rows: readonly LiveRow<Row>[];
  /** Of the channel; "error" is being tried again. */
  readonly status: ChannelStatus;
  /** Of the last read, or of the channel. The rows stay. */
  readonly error: LiveError | null;
  /** Nothing was read yet, and nothing went wrong. */
  readonly isLoading: boolean;
  /** When the rows were last read whole. */
  readonly lastSyncedAt: Date | null;
};

/** How old a read may get while the channel is live: changes could be lost in ways nobody thought of. */
const STALE_AFTER_MS = 300_000;

/** How long to collect further losses before a limited view is filled up again. */
const REFILL_MS = 300;

const NOTHING: LiveState<never> = {
  rows: [],
  status: "idle",
  error: null,
  isLoading: false,
  lastSyncedAt: null,
};

/** The state of a view that does not exist, or of any on a server that renders. */
export function nothing<Row extends AnyRow>(): LiveState<Row> {
  return NOTHING;
}

/** Views of one collection with the same key show the same. */
export function viewKey({ range, order, limit }: ViewSpec): string {
  return JSON.stringify([range ?? null, order ?? null, limit ?? null]);
}

export class LiveView<Row extends AnyRow> {
  readonly spec: ViewSpec;
  readonly mutate: Mutate<Row>;
  readonly #collection: LiveCollection<Row>;
  readonly #listeners = new Set<() => void>();
  readonly #lease: Lease;
  #state: LiveState<Row> = { ...NOTHING, isLoading: true };
  #holds = 0;
  #reading: Promise<void> | null = null;
  #rereading: Promise<void> | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;
  #error: LiveError | null = null;
  #lastSyncedAt: Date | null = null;
  /** Whether the last read found as many rows as the limit allows, so that there may be more. */
  #isFull = false;
  /** Ends the reads whose result must not be used any more. */
  #abort = new AbortController();

  constructor(collection: LiveCollection<Row>, spec: ViewSpec) {
    this.spec = spec;
    this.mutate = collection.table.mutate;
    this.#collection = collection;
    this.#lease = new Lease(
      () => this.#begin(),
      () => this.#end(),
      collection.hub.options.graceMs,
    );
  }

  /** The same object until something changes. */
  readonly getState = (): LiveState<Row> => this.#state;

  /**
   * Keeps the rows live, and calls *listener* when the state has changed.
   *
   * @returns Stops that.
   */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    const release = this.#lease.take();
    return () => {
      this.#listeners.delete(listener);
      release();
    };
  };

  /**
   * Calls handlers for every change of the filter, also outside the range, while somebody subscribes.
   *
   * @returns Stops that.
   */
  listen(handlers: ChangeHandlers<Row>): () => void {
    return this.#collection.listen(handlers);
  }

  /** Reads all rows again. @returns Resolves after a read that was begun after the call. */
  readonly resync = (): Promise<void> => {
    if (!this.#lease.isHeld) return Promise.resolve();
    clearTimeout(this.#timer);
    if (!this.#reading) {
      this.#reading = this.#read().finally(() => {
        this.#reading = null;
      });
      return this.#reading;
    }
    this.#rereading ??= this.#reading.then(() => {
      this.#rereading = null;
      return this.resync();
    });
    return this.#rereading;
  };

  /** Keeps the rows as they are shown, while they are dragged. @returns Shows what came meanwhile. */
  readonly hold = (): (() => void) => {
    this.#holds += 1;
    let isHolding = true;
    return () => {
      if (!isHolding) return;
      isHolding = false;
      this.#holds -= 1;
      this.refresh();
    };
  };

  get lastSyncedAt(): Date | null {
    return this.#lastSyncedAt;
  }

  /** Whether it is time to read again although nothing happened. */
  get isStale(): boolean {
    if (this.#collection.status !== "live") return this.#collection.status !== "closed";
    return Date.now() - (this.#lastSyncedAt?.getTime() ?? 0) > STALE_AFTER_MS;
  }

  /** Whether the row is of those that this view reads. */
  has(row: Row): boolean {
    return isInRange(this.spec.range, row);
  }

  /** Reads in a while, in place of an earlier such wish. */
  readIn(waitMs: number): void {
    clearTimeout(this.#timer);
    if (waitMs <= 0) void this.resync();
    else this.#timer = setTimeout(() => void this.resync(), waitMs);
  }

  /** Makes the state anew and tells of it, if it differs. */
  refresh(): void {
    const { status, error } = this.#collection;
    const next: LiveState<Row> = {
      rows: this.#rows(),
      status,
      error: this.#error ?? error,
      isLoading: this.#lastSyncedAt === null && this.#error === null && status !== "closed",
      lastSyncedAt: this.#lastSyncedAt,
    };
    const fields = Object.keys(next) as (keyof LiveState<Row>)[];
    if (fields.every((field) => next[field] === this.#state[field])) return;
    this.#state = next;
    this.#refill();
    callAll(this.#listeners);
  }

  /** Rows have left a view that is limited: others take their places. */
  #refill(): void {
    if (!this.#isFull || this.#state.rows.length >= (this.spec.limit ?? 0)) return;
    this.#isFull = false;
    this.readIn(REFILL_MS);
  }

  /** Forgets what was read. */
  forget(): void {
    this.#abort.abort();
    this.#abort = new AbortController();
    this.#isFull = false;
    this.#error = null;
    this.#failures = 0;
    this.#lastSyncedAt = null;
    clearTimeout(this.#timer);
  }

  #begin(): void {
    this.#collection.activate(this);
    const { status, hub } = this.#collection;
    // One read is enough where the channel is soon live; that it may take long must not block reading.
    const waitMs = status === "live" ? 0 : hub.options.firstReadWaitMs;
    if (!this.#reading && status !== "closed") this.readIn(waitMs);
    this.refresh();
  }

  #end(): void {
    this.forget();
    this.#collection.deactivate(this);
    this.#state = { ...NOTHING, isLoading: true };
    this.#collection.hub.connection.update();
  }

  async #read(): Promise<void> {
    const { hub, table, store, conditions } = this.#collection;
    const { signal } = this.#abort;
    const mark = table.clock.tick();
    const startedAt = new Date();
    try {
      const { key, select, name } = table;
      const query = { ...this.spec, table: name, key, select, conditions };
      const rows = await readRows<Row>(hub.client, query, hub.options.pageSize, signal);
      if (signal.aborted) return;
      store.read(rows, mark, this.#coverage(rows));
      this.#isFull = rows.length === this.spec.limit;
      this.#lastSyncedAt = startedAt;
      this.#failures = 0;
      this.#error = null;
    } catch (cause) {
      if (signal.aborted) return;
      this.#fail(cause instanceof LiveError ? cause : new LiveError(String(cause), { cause }));
    }
    this.#collection.showNow();
    hub.connection.update();
  }

  #fail(error: LiveError): void {
    this.#error = error;
    this.#failures += 1;
    // Without a network it is read again when there is one.
    if (error.isTransient && mayBeOnline()) this.readIn(backoffMs(this.#failures));
  }

  /** Which rows a read that found *rows* would have found: with a limit, none after the last. */
  #coverage(rows: readonly Row[]): (row: Row) => boolean {
    const { limit, order } = this.spec;
    const last = rows.at(-1);
    if (last === undefined || rows.length !== limit) return (row) => this.has(row);
    return (row) => this.has(row) && isUpTo(last, row, order, this.#collection.table.key);
  }

  #rows(): readonly LiveRow<Row>[] {
    const before = this.#state.rows;
    if (this.#holds > 0) return before;
    const { store, table, conditions } = this.#collection;
    const shown = [...table.proposals.over(store.entries())].filter(
      (row) => this.has(row) && mayMatch(conditions, row),
    );
    const rows = sorted(shown, this.spec.order, table.key).slice(0, this.spec.limit);
    const isSame = rows.length === before.length && rows.every((row, i) => row === before[i]);
    return isSame ? before : rows;
  }
}
