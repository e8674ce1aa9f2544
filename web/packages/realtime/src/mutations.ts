/**
 * Writes rows, shows them before they are saved, and says what became of them.
 *
 * A write of a row waits for the one before it and takes over the version that it made. A write that did
 * not reach the server is kept and tried again; all others end, and their proposals with them.
 */

import type { SupabaseClient } from "@supabase/supabase-js";
import { backoffMs } from "./backoff";
import { proposedRow } from "./database";
import { LiveError } from "./errors";
import { isMergeable } from "./merging";
import { deletionId, markAsMine, newMutationId } from "./own-changes";
import type { Proposals } from "./proposals";
import type { Clock } from "./row-store";
import { type AnyRow, type LiveRow, type RowKey, versionOf } from "./rows";
import { uuid } from "./uuid";

/** What became of a write for good. */
export type FinalOutcome<Row extends AnyRow> =
  /** As it is in the database now. */
  | { kind: "saved"; row: Row }
  /** Somebody was faster: what was wanted, and what is there now (null when the row is gone). */
  | { kind: "conflict"; row: Row; theirs: Row | null }
  /** The time is taken; the hint may be `nobody_free`. */
  | { kind: "taken"; hint: string }
  /** The database said no: SQLSTATE or PostgREST's code, and a hint to translate. */
  | { kind: "refused"; code: string; hint: string; message: string };

/** What became of a write so far. */
export type Outcome<Row extends AnyRow> =
  | FinalOutcome<Row>
  /** There is no connection: the row is `pending: "unsent"`, and the write is tried again by itself. */
  | {
      kind: "unsent";
      /** What becomes of it in the end. */
      settled: Promise<FinalOutcome<Row> | { kind: "discarded" }>;
      /** Gives it up. */
      discard: () => void;
    };

export type WriteOptions = {
  /** Whether the row shows as it is wanted before it is saved; true unless given. */
  optimistic?: boolean | undefined;
};

export type Mutate<Row extends AnyRow, New = Partial<Row>, Changes = Partial<Row>> = {
  /** Inserts a row. A table with a key `id` gets one made here, so that the row keeps its key. */
  create(values: New, options?: WriteOptions): Promise<Outcome<Row>>;
  /** Changes a row as the user saw it, unless somebody else has changed the same. */
  update(seen: Row, changes: Changes, options?: WriteOptions): Promise<Outcome<Row>>;
  /** Deletes a row as the user saw it; it stays, marked as pending, until it is gone. */
  remove(seen: Row): Promise<Outcome<Row>>;
  /** Gives up what could not be sent for this row yet. */
  discard(row: AnyRow): void;
};

/** What writes need of their table. */
export type WritableTable<Row extends AnyRow> = {
  readonly name: string;
  readonly key: readonly string[];
  readonly select: readonly string[] | undefined;
  readonly clock: Clock;
  readonly proposals: Proposals<Row>;
  keyOf(row: AnyRow): RowKey;
  answered(row: Row, mark: number): void;
  answeredGone(key: RowKey, mark: number): void;
  showNow(): void;
};

/** How an attempt ended, and what it learnt of the row (null when it is gone); null: it was not sent. */
type Attempt<Row extends AnyRow> = {
  outcome: FinalOutcome<Row>;
  learnt?: { row: Row | null; mark: number };
} | null;

type Write<Row extends AnyRow> = {
  id: string;
  key: RowKey;
  /** What the user saw, or what became of it by the write before; null when the row is new. */
  seen: Row | null;
  send: (write: Write<Row>) => Promise<Attempt<Row>>;
  isUnsent: boolean;
  isDropped: boolean;
  outcome: PromiseWithResolvers<Outcome<Row>>;
  settled: PromiseWithResolvers<FinalOutcome<Row> | { kind: "discarded" }>;
};

type Answer<Row> = { rows: Row[]; error: LiveError | null; mark: number };

const TIMEOUT_MS = 20_000;
/** How often to send a change again because others changed something else. */
const MERGE_LIMIT = 3;

export class Mutations<Row extends AnyRow> {
  readonly mutate: Mutate<Row>;
  readonly #client: SupabaseClient;
  readonly #table: WritableTable<Row>;
  readonly #isVersioned: boolean;
  readonly #queues = new Map<RowKey, Write<Row>[]>();
  /** Ends the waits of what is to be tried again. */
  readonly #wakes = new Set<() => void>();

  constructor(client: SupabaseClient, table: WritableTable<Row>, isVersioned: boolean) {
    this.#client = client;
    this.#table = table;
    this.#isVersioned = isVersioned;
    this.mutate = {
      create: (values, options) => this.#create(values, options),
      update: (seen, changes, options) => this.#update(seen, changes, options),
      remove: (seen) => this.#remove(seen),
      discard: (row) => this.#discard(table.keyOf(row)),
    };
  }

  /** Tries again at once what waits for a connection. */
  retry(): void {
    for (const wake of [...this.#wakes]) wake();
  }

  /** Gives everything up. */
  clear(): void {
    for (const write of [...this.#queues.values()].flat()) this.#drop(write);
    this.retry();
  }

  #create(values: Partial<Row>, { optimistic = true }: WriteOptions = {}): Promise<Outcome<Row>> {
    const [only] = this.#table.key;
    const hasId = this.#table.key.length === 1 && only === "id";
    const row = hasId ? { ...values, id: values.id ?? uuid() } : values;
    const write = this.#write(this.#table.keyOf(row), null, (own) => this.#insert(own, row));
    if (optimistic) {
      const shown = proposedRow(this.#table.name, row) as Partial<Row>;
      this.#propose(write, shown, true);
    }
    return this.#enqueue(write);
  }

  #update(
    seen: Row,
    changes: Partial<Row>,
    { optimistic = true }: WriteOptions = {},
  ): Promise<Outcome<Row>> {
    const write = this.#write(this.#table.keyOf(seen), seen, (own) => this.#patch(own, changes));
    this.#propose(write, optimistic ? changes : {}, false);
    return this.#enqueue(write);
  }

  #remove(seen: Row): Promise<Outcome<Row>> {
    const write = this.#write(this.#table.keyOf(seen), seen, (own) => this.#delete(own, seen));
    this.#propose(write, {}, false);
    return this.#enqueue(write);
  }

  #write(key: RowKey, seen: Row | null, send: Write<Row>["send"]): Write<Row> {
    return {
      id: newMutationId(),
      key,
      seen,
      send,
      isUnsent: false,
      isDropped: false,
      outcome: Promise.withResolvers(),
      settled: Promise.withResolvers(),
    };
  }

  #propose({ id, key }: Write<Row>, changes: Partial<Row>, isNewRow: boolean): void {
    this.#table.proposals.add({ id, key, changes, isNewRow, pending: "saving" });
    this.#table.showNow();
  }

  #enqueue(write: Write<Row>): Promise<Outcome<Row>> {
    const queue = this.#queues.get(write.key);
    if (queue) {
      queue.push(write);
      if (queue[0]?.isUnsent) this.#markUnsent(write);
    } else {
      this.#queues.set(write.key, [write]);
      void this.#work(write.key);
    }
    return write.outcome.promise;
  }

  /** Sends the writes of one row, one after the other. */
  async #work(key: RowKey): Promise<void> {
    const queue = this.#queues.get(key) ?? [];
    let failures = 0;
    for (let write = queue[0]; write; write = queue[0]) {
      const attempt = write.isDropped ? null : await this.#attempt(write);
      if (attempt && !write.isDropped) this.#finish(write, attempt, queue[1]);
      if (attempt || write.isDropped) {
        queue.shift();
        failures = 0;
      } else {
        failures += 1;
        for (const waiting of queue) this.#markUnsent(waiting);
        await this.#pause(backoffMs(failures));
      }
    }
    this.#queues.delete(key);
  }

  async #attempt(write: Write<Row>): Promise<Attempt<Row>> {
    try {
      return await write.send(write);
    } catch (error) {
      // A mistake in the program would fail each time; nobody shall wait for it.
      return failed(new LiveError(String(error), { status: 400, cause: error }));
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        this.#wakes.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, ms);
      this.#wakes.add(wake);
    });
  }

  #finish(
    write: Write<Row>,
    { outcome, learnt }: NonNullable<Attempt<Row>>,
    next: Write<Row> | undefined,
  ): void {
    if (learnt?.row) this.#table.answered(learnt.row, learnt.mark);
    else if (learnt) this.#table.answeredGone(write.key, learnt.mark);
    if (next && outcome.kind === "saved") next.seen = outcome.row;
    this.#table.proposals.drop(write.id);
    this.#table.showNow();
    write.settled.resolve(outcome);
    write.outcome.resolve(outcome);
  }

  #markUnsent(write: Write<Row>): void {
    if (write.isUnsent || write.isDropped) return;
    write.isUnsent = true;
    this.#table.proposals.setPending(write.id, "unsent");
    this.#table.showNow();
    const discard = () => this.#discard(write.key);
    write.outcome.resolve({ kind: "unsent", settled: write.settled.promise, discard });
  }

  #discard(key: RowKey): void {
    for (const write of this.#queues.get(key) ?? []) if (write.isUnsent) this.#drop(write);
    this.retry();
    this.#table.showNow();
  }

  #drop(write: Write<Row>): void {
    write.isDropped = true;
    this.#table.proposals.drop(write.id);
    // Without effect on what is known to be unsent.
    write.outcome.resolve(GIVEN_UP);
    write.settled.resolve({ kind: "discarded" });
  }

  async #insert(write: Write<Row>, values: Partial<Row>): Promise<Attempt<Row>> {
    const request = this.#client.from(this.#table.name).insert(this.#stamped(write, values));
    const { rows, error, mark } = await this.#ask(request.select(this.#columns()));
    const [row] = rows;
    if (row) return { outcome: { kind: "saved", row }, learnt: { row, mark } };
    // An earlier attempt may have arrived although its answer did not.
    if (error?.code === "23505" && write.isUnsent) {
      const ours = await this.#current(values);
      const found = ours.rows[0];
      if (found?.mutation_id === write.id) {
        return { outcome: { kind: "saved", row: found }, learnt: { row: found, mark: ours.mark } };
      }
    }
    return failed(error ?? new LiveError("the database answered nothing"));
  }

  async #patch(write: Write<Row>, changes: Partial<Row>): Promise<Attempt<Row>> {
    for (let attempts = 0; ; attempts += 1) {
      const seen = write.seen as Row;
      const request = this.#client.from(this.#table.name).update(this.#stamped(write, changes));
      const { rows, error, mark } = await this.#ask(
        this.#only(request, seen).select(this.#columns()),
      );
      if (error) return failed(error);
      const [row] = rows;
      if (row) return { outcome: { kind: "saved", row }, learnt: { row, mark } };

      const found = await this.#current(seen);
      if (found.error) return failed(found.error);
      const theirs = found.rows[0] ?? null;
      const learnt = { row: theirs, mark: found.mark };
      if (theirs && this.#isVersioned && theirs.mutation_id === write.id) {
        return { outcome: { kind: "saved", row: theirs }, learnt };
      }
      if (theirs && !this.#isNewer(theirs, seen)) return { outcome: NOT_ALLOWED, learnt };
      if (!theirs || attempts >= MERGE_LIMIT || !isMergeable(seen, theirs, changes)) {
        const { pending: _, ...row } = { ...seen, ...changes } as LiveRow<Row>;
        return { outcome: { kind: "conflict", row: row as unknown as Row, theirs }, learnt };
      }
      write.seen = theirs;
    }
  }

  async #delete(write: Write<Row>, row: Row): Promise<Attempt<Row>> {
    const seen = write.seen ?? row;
    markAsMine(deletionId(this.#table.name, write.key));
    const request = this.#client.from(this.#table.name).delete();
    const { rows, error, mark } = await this.#ask(
      this.#only(request, seen).select(this.#columns()),
    );
    if (error) return failed(error);
    if (rows.length > 0) {
      return { outcome: { kind: "saved", row: seen }, learnt: { row: null, mark } };
    }
    const found = await this.#current(seen);
    if (found.error) return failed(found.error);
    const theirs = found.rows[0] ?? null;
    const learnt = { row: theirs, mark: found.mark };
    // That somebody else has deleted it is what was wanted.
    if (!theirs) return { outcome: { kind: "saved", row: seen }, learnt };
    if (!this.#isNewer(theirs, seen)) return { outcome: NOT_ALLOWED, learnt };
    return { outcome: { kind: "conflict", row: seen, theirs }, learnt };
  }

  #isNewer(theirs: Row, seen: Row): boolean {
    return this.#isVersioned && versionOf(theirs) !== versionOf(seen);
  }

  /** Values as they are sent: an optimistic row's mark is not a column. */
  #stamped({ id }: Write<Row>, { pending: _, ...values }: Partial<Row> & AnyRow): AnyRow {
    return this.#isVersioned ? { ...values, mutation_id: id } : values;
  }

  #columns(): string {
    return this.#table.select?.join(",") ?? "*";
  }

  #current(row: AnyRow): Promise<Answer<Row>> {
    const request = this.#client.from(this.#table.name).select(this.#columns());
    return this.#ask(this.#byKey(request, row));
  }

  /** Only the row as it was seen. */
  #only<Request extends Filterable<Request>>(request: Request, seen: Row): Request {
    const row = this.#byKey(request, seen);
    return this.#isVersioned ? row.eq("version", versionOf(seen)) : row;
  }

  #byKey<Request extends Filterable<Request>>(request: Request, row: AnyRow): Request {
    return this.#table.key.reduce((found, column) => found.eq(column, row[column]), request);
  }

  async #ask(request: Askable): Promise<Answer<Row>> {
    const mark = this.#table.clock.tick();
    const { data, error, status } = await request
      .abortSignal(AbortSignal.timeout(TIMEOUT_MS))
      .retry(false);
    return {
      rows: (data ?? []) as Row[],
      error: error && new LiveError(error.message, { code: error.code, hint: error.hint, status }),
      mark,
    };
  }
}

/** What was under way when the user changed: whether it arrived, nobody waits to hear. */
const GIVEN_UP = {
  kind: "refused",
  code: "PGRST303",
  hint: "",
  message: "the session ended before this was saved",
} as const;

/** What row level security hides from writing simply does not match. */
const NOT_ALLOWED = {
  kind: "refused",
  code: "42501",
  hint: "",
  message: "row level security does not allow this",
} as const;

function failed<Row extends AnyRow>(error: LiveError): Attempt<Row> {
  if (error.isTransient) return null;
  const { code, message } = error;
  const hint = error.hint ?? "";
  if (code === "23P01") return { outcome: { kind: "taken", hint } };
  return { outcome: { kind: "refused", code, hint, message } };
}

/** The parts of supabase-js's query builders that are used here. */
type Filterable<Request> = { eq(column: string, value: unknown): Request };

type Askable = {
  abortSignal(signal: AbortSignal): {
    retry(enabled: boolean): PromiseLike<{
      data: unknown;
      error: { message: string; code: string; hint: string } | null;
      status: number;
    }>;
  };
};
