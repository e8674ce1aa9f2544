/** What all collections of one table share: the count of statements, the proposals, the writes. */

import type { Hub } from "./hub";
import { LiveCollection } from "./live-collection";
import type { LiveView, ViewSpec } from "./live-view";
import { type Mutate, Mutations } from "./mutations";
import { Proposals } from "./proposals";
import { Clock } from "./row-store";
import { type AnyRow, type RowKey, rowKey, versionOf } from "./rows";

/** The one table that has versions and mutation ids without being asked. */
const VERSIONED = "appointments";

export class LiveTable<Row extends AnyRow> {
  readonly name: string;
  readonly key: readonly string[];
  /** Columns, those of the key among them, or all. */
  readonly select: readonly string[] | undefined;
  readonly clock = new Clock();
  readonly proposals = new Proposals<Row>();
  readonly mutate: Mutate<Row>;
  readonly #hub: Hub;
  readonly #collections = new Map<string, LiveCollection<Row>>();
  readonly #mutations: Mutations<Row>;

  constructor(
    hub: Hub,
    { table, select, key = ["id"], versioned = table === VERSIONED }: ViewSpec,
  ) {
    this.#hub = hub;
    this.name = table;
    this.key = key;
    this.select = select && [...new Set([...key, ...select])];
    this.#mutations = new Mutations(hub.client, this, versioned);
    this.mutate = this.#mutations.mutate;
  }

  readonly keyOf = (row: AnyRow): RowKey => rowKey(this.key, row);

  hasKey(row: Partial<Row>): boolean {
    return this.key.every((column) => row[column] !== undefined);
  }

  view(spec: ViewSpec): LiveView<Row> {
    const filter = spec.filter ?? "";
    const known =
      this.#collections.get(filter) ?? new LiveCollection<Row>(this.#hub, this, spec.filter);
    this.#collections.set(filter, known);
    return known.view(spec);
  }

  /** When each view in use was last read. */
  lastSyncs(): (Date | null)[] {
    return this.#active().map(({ lastSyncedAt }) => lastSyncedAt);
  }

  resync(why: "asked" | "wake" | "tick"): void {
    if (why !== "tick") this.retryUnsent();
    for (const collection of this.#collections.values()) collection.resync(why);
  }

  /** Sends what could not be sent: there may be a connection again. */
  retryUnsent(): void {
    this.#mutations.retry();
  }

  /** Forgets rows and proposals: they were another user's. */
  clear(): void {
    this.#mutations.clear();
    this.proposals.clear();
    for (const collection of this.#collections.values()) collection.clear();
  }

  /** The stream told *from*, or nobody here, of a row: it may be a proposal come true, or have left a filter. */
  told(row: Row, from?: LiveCollection<Row>): void {
    if (typeof row.mutation_id === "string") this.proposals.drop(row.mutation_id);
    if (versionOf(row) === null) return;
    for (const collection of this.#collections.values()) {
      if (collection !== from) collection.overheard(row);
    }
  }

  /** A write of this page, sent at *mark*, was answered with the row as it is now. */
  answered(row: Row, mark: number): void {
    for (const collection of this.#collections.values()) {
      if (collection.activeViews.length > 0) collection.answered(row, mark);
    }
  }

  /** A write of this page, sent at *mark*, deleted the row. */
  answeredGone(key: RowKey, mark: number): void {
    for (const collection of this.#collections.values()) collection.store.answeredGone(key, mark);
  }

  showNow(): void {
    for (const collection of this.#collections.values()) collection.showNow();
  }

  #active(): LiveView<Row>[] {
    return [...this.#collections.values()].flatMap(({ activeViews }) => activeViews);
  }
}
