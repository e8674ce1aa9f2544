/**
 * The rows of one filter of one table: what was read, kept right by the stream, as many views of it as are
 * asked for.
 */

import type { ChannelStatus } from "./counted-channel";
import { callAll, type LiveError } from "./errors";
import { type Condition, mayMatch, parseFilter } from "./filters";
import type { Hub } from "./hub";
import type { LiveTable } from "./live-table";
import { LiveView, type ViewSpec, viewKey } from "./live-view";
import { Pacer } from "./pacer";
import { RowStore } from "./row-store";
import { type AnyRow, type Change, type ChangeHandlers, dispatch, type RowKey } from "./rows";
import { Told } from "./told";
import { isPageVisible, mayBeOnline } from "./wake";

export class LiveCollection<Row extends AnyRow> {
  readonly hub: Hub;
  readonly table: LiveTable<Row>;
  readonly conditions: readonly Condition[];
  readonly store: RowStore<Row>;
  status: ChannelStatus = "idle";
  error: LiveError | null = null;
  readonly #filter: string | undefined;
  readonly #told = new Told();
  readonly #handlers = new Set<ChangeHandlers<Row>>();
  readonly #views = new Map<string, LiveView<Row>>();
  readonly #active = new Set<LiveView<Row>>();
  readonly #pacer = new Pacer(() => this.#show());
  #leave: ((graceMs?: number) => void) | null = null;
  #wasLive = false;
  /** Whether the channel went while this page had a network: then many pages lost theirs. */
  #isServersLoss = false;

  constructor(hub: Hub, table: LiveTable<Row>, filter: string | undefined) {
    this.hub = hub;
    this.table = table;
    this.#filter = filter;
    this.conditions = parseFilter(filter);
    this.store = new RowStore(table.clock, table.keyOf);
  }

  get activeViews(): readonly LiveView<Row>[] {
    return [...this.#active];
  }

  view(spec: ViewSpec): LiveView<Row> {
    const key = viewKey(spec);
    const known = this.#views.get(key) ?? new LiveView<Row>(this, spec);
    this.#views.set(key, known);
    return known;
  }

  /** @returns Stops listening. */
  listen(handlers: ChangeHandlers<Row>): () => void {
    this.#handlers.add(handlers);
    return () => this.#handlers.delete(handlers);
  }

  /** A view has users: joins for the first. */
  activate(view: LiveView<Row>): void {
    this.#views.set(viewKey(view.spec), view);
    this.#active.add(view);
    this.#leave ??= this.hub.subscribe(
      { table: this.table.name, filter: this.#filter, select: this.table.select },
      {
        change: (change) => this.#changed(change as Change<Row>),
        status: (status, error) => this.#becameStatus(status, error),
      },
    );
  }

  /** A view has no users any more: leaves after the last. */
  deactivate(view: LiveView<Row>): void {
    this.#views.delete(viewKey(view.spec));
    this.#active.delete(view);
    if (this.#active.size > 0) return;
    // The view has waited already.
    this.#leave?.(0);
    this.#leave = null;
    this.#pacer.stop();
    this.status = "idle";
    this.error = null;
    this.#wasLive = false;
    this.#forget();
  }

  resync(why: "asked" | "wake" | "tick"): void {
    // A channel that is about to come back reads then.
    const waitMs = this.status === "live" ? 0 : this.hub.options.firstReadWaitMs;
    for (const view of this.#active) if (why !== "tick" || view.isStale) view.readIn(waitMs);
  }

  /** Forgets all rows: they were another user's. */
  clear(): void {
    this.#forget();
    for (const view of this.#active) view.forget();
    this.#pacer.now();
  }

  /** Something changed that may wait for the next frame. */
  showSoon(): void {
    if (this.#active.size > 0) this.#pacer.soon();
  }

  /** Something changed that must show at once. */
  showNow(): void {
    if (this.#active.size > 0) this.#pacer.now();
  }

  /** A write of this page was answered. */
  answered(row: Row, mark: number): void {
    if (mayMatch(this.conditions, row)) this.store.answered(row, mark);
    else this.store.answeredGone(this.table.keyOf(row), mark);
  }

  /** Another collection of the table was told of *row*: this one may have lost it thereby. */
  overheard(row: Row): void {
    if (!this.store.get(this.table.keyOf(row)) || mayMatch(this.conditions, row)) return;
    this.store.left(row);
    this.showSoon();
  }

  #forget(): void {
    this.store.clear();
    this.#told.clear();
  }

  #show(): void {
    for (const view of this.#active) view.refresh();
  }

  #becameStatus(status: ChannelStatus, error: LiveError | null): void {
    if (this.status === "live" && status === "error") {
      this.#isServersLoss = mayBeOnline() && isPageVisible();
    }
    this.status = status;
    this.error = error;
    if (status === "live") this.#becameLive();
    this.#pacer.now();
  }

  /** What was committed before is only known by reading it; what comes after will be told. */
  #becameLive(): void {
    const waitMs =
      this.#wasLive && this.#isServersLoss ? Math.random() * this.hub.options.rereadWithinMs : 0;
    // Rows that no view reads again may have changed unseen.
    if (this.#wasLive) this.store.keepOnly((row) => this.activeViews.some((view) => view.has(row)));
    this.#wasLive = true;
    this.#isServersLoss = false;
    this.table.retryUnsent();
    for (const view of this.#active) view.readIn(waitMs);
  }

  #changed(change: Change<Row>): void {
    const { keyOf } = this.table;
    const row = change.eventType === "DELETE" ? change.old : change.new;
    if (!this.table.hasKey(row)) {
      this.resync("asked");
      return;
    }
    const key = keyOf(row);
    const known = this.store.get(key);
    const whole = completed(change, known);
    if (change.errors?.length) this.resync("asked");
    this.#merge(key, whole);
    if (this.#told.isNews(key, change as Change) && this.#concerns(whole, known)) {
      callAll([...this.#handlers].map((handlers) => () => dispatch(handlers, whole)));
    }
    this.showSoon();
  }

  #merge(key: RowKey, change: Change<Row>): void {
    if (change.eventType === "DELETE") {
      this.store.deleted(key);
      return;
    }
    const row = change.new;
    if (mayMatch(this.conditions, row)) this.store.written(change.eventType, row);
    else this.store.left(row);
    this.table.told(row, this);
  }

  /** Without full replica identity, everybody is told the keys of all deleted rows. */
  #concerns(change: Change<Row>, known: Row | undefined): boolean {
    if (change.eventType !== "DELETE" || known) return true;
    const old = change.old as Partial<Row>;
    return (
      this.conditions.every(({ column }) => old[column] !== undefined) &&
      mayMatch(this.conditions, old as Row)
    );
  }
}

/**
 * Completes a change by what is known of the row: long values that an update left alone may not be sent
 * again, and without full replica identity the old row is its key alone.
 */
function completed<Row extends AnyRow>(change: Change<Row>, known: Row | undefined): Change<Row> {
  if (!known) return change;
  switch (change.eventType) {
    case "INSERT":
      return change;
    case "UPDATE":
      return { ...change, new: { ...known, ...change.new }, old: { ...known, ...change.old } };
    case "DELETE":
      return { ...change, old: { ...known, ...change.old } };
  }
}
