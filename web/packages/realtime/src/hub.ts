/** All live data of one Supabase client: channels, stores, the user, and the state of the connection. */

import type { AuthChangeEvent, Session, SupabaseClient } from "@supabase/supabase-js";
import { ConnectionMonitor } from "./connection";
import { type ChannelListener, CountedChannel, type Source } from "./counted-channel";
import { reportToPage } from "./errors";
import { Lease } from "./lease";
import { LiveTable } from "./live-table";
import type { LiveView, ViewSpec } from "./live-view";
import { writeAs } from "./own-changes";
import { SocketProbe } from "./probe";
import type { AnyRow } from "./rows";
import { isPageVisible, mayBeOnline, onWake } from "./wake";

export type HubOptions = {
  /** After signing out: close everything until somebody signs in, or go on as a visitor. */
  afterSignOut?: "close" | "anonymous" | undefined;
  /** How long channels and stores outlive their last user. */
  graceMs?: number | undefined;
  /** Most rows to read at once; must not exceed the `max_rows` of the API. */
  pageSize?: number | undefined;
  /** Longest time to wait before reading again after the server was lost; the actual one is random. */
  rereadWithinMs?: number | undefined;
  /** How long the first read waits for the channel, so that one read is enough. */
  firstReadWaitMs?: number | undefined;
};

/** How often to see whether something should be read again without a reason. */
const TICK_MS = 30_000;
/** How long to wait for a token. */
const AUTHORIZE_MS = 5_000;
/** The server confirms at once; hosted projects may take seconds. */
const CONFIRMATION_TIMEOUT_MS = 15_000;

type Shared = { channel: CountedChannel; lease: Lease };

export class Hub {
  readonly client: SupabaseClient;
  readonly connection: ConnectionMonitor;
  readonly options: Required<{ [Name in keyof HubOptions]: NonNullable<HubOptions[Name]> }>;
  readonly #channels = new Map<string, Shared>();
  readonly #tables = new Map<string, LiveTable<AnyRow>>();
  readonly #stops: (() => void)[] = [];
  readonly #probe: SocketProbe;
  #authorizing: Promise<void> | null = null;
  /** Undefined until the client has told; null for a visitor. */
  #userId: string | null | undefined;
  #isSignedOut = false;
  #isClosed = false;

  constructor(client: SupabaseClient, options: HubOptions = {}) {
    this.client = client;
    this.#probe = new SocketProbe(client);
    this.options = {
      afterSignOut: options.afterSignOut ?? "close",
      graceMs: options.graceMs ?? 1_000,
      pageSize: options.pageSize ?? 1_000,
      rereadWithinMs: options.rereadWithinMs ?? 2_000,
      firstReadWaitMs: options.firstReadWaitMs ?? 500,
    };
    this.connection = new ConnectionMonitor(() => ({
      statuses: [...this.#openChannels()].map(({ status }) => status),
      lastSyncs: [...this.#tables.values()].flatMap((table) => table.lastSyncs()),
      isSignedOut: this.#isSignedOut,
      isOnline: mayBeOnline(),
    }));
    this.#watchUser();
    this.#stops.push(
      onWake(
        () => this.#wake(),
        () => this.#lostNetwork(),
      ),
    );
    const ticking = setInterval(() => {
      if (isPageVisible() && mayBeOnline()) this.#resync("tick");
    }, TICK_MS);
    (ticking as { unref?: () => void }).unref?.();
    this.#stops.push(() => clearInterval(ticking));
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /**
   * Listens to changes. All who ask for the same share one channel.
   *
   * @returns Stops listening. After the last, the channel stays for a grace, which may be given.
   */
  subscribe(source: Source, listener: ChannelListener): (graceMs?: number) => void {
    const { channel, lease } = this.#channelFor(source);
    const wasOpen = lease.isHeld;
    const stopListening = channel.listen(listener);
    const release = lease.take();
    if (wasOpen) listener.status?.(channel.status, channel.error);
    return (graceMs) => {
      stopListening();
      release(graceMs);
    };
  }

  /**
   * Listens to changes only to notice rows that leave other filters of the table: the server tells of such
   * an update where the new row is, not where the old one was.
   *
   * @returns Stops listening.
   */
  overhear(source: Source): () => void {
    const stop = this.subscribe(source, {
      change: (change) => {
        if (change.eventType !== "UPDATE") return;
        for (const table of this.#tables.values()) {
          if (table.name === source.table && !table.select) table.told(change.new);
        }
      },
    });
    return () => stop();
  }

  /** Gives the live rows that *spec* describes; nothing is opened before they are subscribed to. */
  view<Row extends AnyRow>(spec: ViewSpec): LiveView<Row> {
    const key = JSON.stringify([spec.table, spec.select ?? null, spec.key ?? null]);
    const table = this.#tables.get(key) ?? new LiveTable<AnyRow>(this, spec);
    this.#tables.set(key, table);
    // What the rows of a table are, only the caller can know.
    return table.view(spec) as unknown as LiveView<Row>;
  }

  /** Tries at once what is waiting to be tried again, and reads everything anew. */
  retry(): void {
    void this.#retryLost();
    this.#resync("asked");
  }

  /** Leaves all channels and forgets all rows, for good. */
  close(): void {
    this.#isClosed = true;
    for (const stop of this.#stops.splice(0)) stop();
    this.#closeChannels();
  }

  #channelFor(source: Source): Shared {
    const key = JSON.stringify([source.table, source.filter ?? null, source.select ?? null]);
    const known = this.#channels.get(key);
    if (known) return known;
    const channel = new CountedChannel(this.client, source, {
      authorize: () => this.#authorize(),
      confirmationTimeoutMs: CONFIRMATION_TIMEOUT_MS,
    });
    channel.listen({
      status: (status) => {
        this.connection.update();
        if (status === "live") for (const other of this.#openChannels()) other.joinOthers();
      },
    });
    const lease = new Lease(
      () => (this.#isSignedOut || this.#isClosed ? channel.close("closed") : channel.open()),
      () => {
        this.#channels.delete(key);
        channel.close("idle");
      },
      this.options.graceMs,
    );
    const shared = { channel, lease };
    this.#channels.set(key, shared);
    return shared;
  }

  *#openChannels(): Generator<CountedChannel> {
    for (const { channel, lease } of this.#channels.values()) if (lease.isHeld) yield channel;
  }

  /**
   * Gives the socket the user's token, refreshed if it is over: without it policies take the user for a
   * visitor. Joins that begin together ask once.
   */
  #authorize(): Promise<void> {
    this.#authorizing ??= settled(this.client.realtime.setAuth(), AUTHORIZE_MS).finally(() => {
      this.#authorizing = null;
    });
    return this.#authorizing;
  }

  #wake(): void {
    void this.#retryLost();
    this.#probe.check();
    this.connection.update();
    this.#resync("wake");
  }

  /** The browser may be wrong, or the server on this machine: the socket knows. */
  #lostNetwork(): void {
    this.#probe.check();
    this.connection.update();
  }

  async #retryLost(): Promise<void> {
    const { realtime } = this.client;
    if (![...this.#openChannels()].some(({ isLost }) => isLost)) return;
    // The socket's own pause before it connects again ends only when it is closed on purpose.
    if (!realtime.isConnected()) await realtime.disconnect();
    for (const channel of this.#openChannels()) channel.retry();
  }

  #resync(why: "asked" | "wake" | "tick"): void {
    for (const table of this.#tables.values()) table.resync(why);
  }

  #watchUser(): void {
    try {
      const { data } = this.client.auth.onAuthStateChange((event, session) => {
        this.#userChanged(event, session);
      });
      this.#stops.push(() => data.subscription.unsubscribe());
    } catch {
      // A client that was made with `accessToken` has no `auth`; its tokens come from elsewhere.
    }
  }

  #userChanged(event: AuthChangeEvent, session: Session | null): void {
    if (this.#isClosed) return;
    const userId = session?.user.id ?? null;
    const isFirst = this.#userId === undefined && event === "INITIAL_SESSION";
    const isOther = !isFirst && userId !== this.#userId;
    this.#userId = userId;
    writeAs(userId);
    if (isOther) this.#changeUser(userId);
    else if (event === "TOKEN_REFRESHED") this.#resync("wake");
  }

  #changeUser(userId: string | null): void {
    this.#authorizing = null;
    this.#closeChannels();
    this.#isSignedOut = userId === null && this.options.afterSignOut === "close";
    this.connection.update();
    // The client waits for this callback: what asks it for the session must come later.
    setTimeout(() => this.#reopen(), 0);
  }

  #reopen(): void {
    if (this.#isSignedOut || this.#isClosed) return;
    for (const channel of this.#openChannels()) if (channel.status === "closed") channel.open();
  }

  #closeChannels(): void {
    for (const { channel } of this.#channels.values()) channel.close("closed");
    for (const table of this.#tables.values()) table.clear();
  }
}

/** Resolves when *work* has ended, well or not, or did not end in time: the next attempt may do better. */
function settled(work: Promise<void>, limitMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, limitMs);
    void work.catch(reportToPage).finally(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

const hubs = new WeakMap<SupabaseClient, Hub>();

/** Makes a hub. One for each client is enough: see `hubOf`. */
export function createHub(client: SupabaseClient, options?: HubOptions): Hub {
  return new Hub(client, options);
}

/** The hub of a client; made when it is first asked for, with the options given then. */
export function hubOf(client: SupabaseClient, options?: HubOptions): Hub {
  const known = hubs.get(client);
  if (known && !known.isClosed) return known;
  const hub = new Hub(client, options);
  hubs.set(client, hub);
  return hub;
}
