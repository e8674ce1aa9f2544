/**
 * One channel for all who want the same changes of a table.
 *
 * `client.channel(topic)` gives the existing channel for a topic, `on` after `subscribe` comes too late, and
 * leaving takes a round trip. So components never touch channels: they share this one, every opening has a
 * topic of its own, and whatever goes wrong ends in a new opening.
 */

import type { RealtimeChannel, SupabaseClient } from "@supabase/supabase-js";
import { backoffMs } from "./backoff";
import { callAll, LiveError } from "./errors";
import type { AnyRow, Change } from "./rows";

/** Which changes. */
export type Source = {
  table: string;
  /** In the syntax of subscriptions; all rows without one. */
  filter?: string | undefined;
  /** Columns to send; all without one. */
  select?: readonly string[] | undefined;
};

/**
 * - `idle`: nobody asked.
 * - `joining`: asked for; changes do not flow yet.
 * - `live`: every change that is committed from now on will come.
 * - `error`: it failed and will be tried again.
 * - `closed`: the user signed out.
 */
export type ChannelStatus = "idle" | "joining" | "live" | "error" | "closed";

export type ChannelListener = {
  change?: ((change: Change) => void) | undefined;
  status?: ((status: ChannelStatus, error: LiveError | null) => void) | undefined;
};

export type ChannelOptions = {
  /** Resolves when the socket has the user's token. */
  authorize: () => Promise<void>;
  /** How long after the join the database's confirmation may take. */
  confirmationTimeoutMs: number;
};

/** A channel that was live this long had recovered: its next failure is a first one. */
const STEADY_MS = 10_000;

/** Where the server can, it answers the join when changes flow; older ones ignore it. */
const CONFIG = { config: { postgres_changes_options: { wait: true } } };

let openingCount = 0;

export class CountedChannel {
  readonly source: Source;
  readonly #client: SupabaseClient;
  readonly #options: ChannelOptions;
  readonly #listeners = new Set<ChannelListener>();
  #status: ChannelStatus = "idle";
  #error: LiveError | null = null;
  #channel: RealtimeChannel | null = null;
  /** Changes with every opening and closing, so that what belongs to an earlier one is ignored. */
  #opening = 0;
  #isJoined = false;
  #isConfirmed = false;
  #failures = 0;
  #lacksSocket = false;
  #liveSince = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(client: SupabaseClient, source: Source, options: ChannelOptions) {
    this.#client = client;
    this.source = source;
    this.#options = options;
  }

  get status(): ChannelStatus {
    return this.#status;
  }

  get error(): LiveError | null {
    return this.#error;
  }

  /** @returns Stops listening. */
  listen(listener: ChannelListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  open(): void {
    void this.#open();
  }

  /** Leaves; *status* says why. */
  close(status: "idle" | "closed"): void {
    this.#leave();
    this.#failures = 0;
    this.#become(status, null);
  }

  /** Whether it failed and has not come back. */
  get isLost(): boolean {
    return this.#status === "error" || (this.#status === "joining" && this.#failures > 0);
  }

  /** Tries again now, if it was lost. */
  retry(): void {
    if (!this.isLost) return;
    this.#failures = 0;
    this.open();
  }

  /** Another channel has a socket again: if that was all that this one lacked, it need not wait. */
  joinOthers(): void {
    if (this.#status === "error" && this.#lacksSocket) this.open();
  }

  async #open(): Promise<void> {
    this.#leave();
    const opening = this.#opening;
    this.#become("joining", this.#error);
    await this.#options.authorize();
    if (opening === this.#opening) this.#join(opening);
  }

  #join(opening: number): void {
    openingCount += 1;
    const channel = this.#client.channel(`${this.source.table}:${openingCount}`, CONFIG);
    this.#channel = channel;
    /** What an earlier opening says does not count any more. */
    const ifCurrent =
      <Args extends readonly unknown[]>(hear: (...args: Args) => void) =>
      (...args: Args) => {
        if (opening === this.#opening) hear(...args);
      };
    channel
      .on<AnyRow>(
        "postgres_changes",
        this.#binding(),
        ifCurrent((change: Change) => callAll(this.#changeListeners(), change)),
      )
      .on(
        "system",
        {},
        ifCurrent((message: SystemMessage) => this.#hearSystem(message)),
      )
      .subscribe(ifCurrent((state, error) => this.#hearState(state, error)));
  }

  #binding() {
    const { table, filter, select } = this.source;
    return {
      event: "*" as const,
      schema: "public",
      table,
      ...(filter && { filter }),
      ...(select && { select: [...select] }),
    };
  }

  /** The database confirms the subscription, or says later that it has ended. */
  #hearSystem({ extension, status, message }: SystemMessage): void {
    if (extension !== "postgres_changes") return;
    this.#isConfirmed = status === "ok";
    if (this.#isConfirmed) this.#goLive();
    else this.#fail(new LiveError(message));
  }

  #hearState(state: string, error: Error | undefined): void {
    this.#isJoined = state === "SUBSCRIBED";
    if (this.#isJoined) this.#goLive();
    else this.#fail(new LiveError(error?.message ?? state));
  }

  /** Goes live once the channel is joined and the database has confirmed, in whichever order. */
  #goLive(): void {
    if (this.#status === "live" || !this.#isJoined) return;
    clearTimeout(this.#timer);
    if (this.#isConfirmed) {
      this.#liveSince = Date.now();
      this.#become("live", null);
    } else {
      const error = new LiveError("the server did not confirm the subscription");
      this.#timer = setTimeout(() => this.#fail(error), this.#options.confirmationTimeoutMs);
    }
  }

  #fail(error: LiveError): void {
    const wasSteady = this.#status === "live" && Date.now() - this.#liveSince >= STEADY_MS;
    this.#failures = wasSteady ? 1 : this.#failures + 1;
    this.#lacksSocket = !this.#client.realtime.isConnected();
    this.#leave();
    this.#timer = setTimeout(() => this.open(), backoffMs(this.#failures));
    this.#become("error", error);
  }

  #leave(): void {
    this.#opening += 1;
    this.#isJoined = false;
    this.#isConfirmed = false;
    clearTimeout(this.#timer);
    if (this.#channel) void this.#client.removeChannel(this.#channel);
    this.#channel = null;
  }

  #become(status: ChannelStatus, error: LiveError | null): void {
    this.#status = status;
    this.#error = error;
    callAll(this.#statusListeners(), status, error);
  }

  #changeListeners(): ((change: Change) => void)[] {
    return [...this.#listeners].flatMap(({ change }) => change ?? []);
  }

  #statusListeners(): ((status: ChannelStatus, error: LiveError | null) => void)[] {
    return [...this.#listeners].flatMap(({ status }) => status ?? []);
  }
}

type SystemMessage = { extension: string; status: string; message: string };
