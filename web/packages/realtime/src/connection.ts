import type { ChannelStatus } from "./counted-channel";
import { callAll } from "./errors";

/**
 * - `connecting`: nothing was live yet.
 * - `live`: all channels are live.
 * - `reconnecting`: some channel was lost, or cannot be had, and is tried again.
 * - `offline`: as above, and the browser knows of no network.
 * - `signed-out`: the user signed out; everything is closed.
 */
export type ConnectionState = "connecting" | "live" | "reconnecting" | "offline" | "signed-out";

export type Connection = {
  readonly state: ConnectionState;
  /** When it became so, in milliseconds since 1970. */
  readonly since: number;
  /** As of when what was read is right at least; null before anything was read. */
  readonly lastSyncedAt: Date | null;
};

/** What the state is made of. */
export type ConnectionFacts = {
  statuses: readonly ChannelStatus[];
  lastSyncs: readonly (Date | null)[];
  isSignedOut: boolean;
  isOnline: boolean;
};

/** The state of all channels together, for one line on the page. */
export class ConnectionMonitor {
  readonly #facts: () => ConnectionFacts;
  readonly #listeners = new Set<() => void>();
  #current: Connection = { state: "connecting", since: Date.now(), lastSyncedAt: null };

  constructor(facts: () => ConnectionFacts) {
    this.#facts = facts;
  }

  /** The same object until something changes. */
  readonly get = (): Connection => this.#current;

  /** @returns Stops listening. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Looks at the facts again. */
  update(): void {
    const facts = this.#facts();
    const state = stateOf(facts, this.#current.state);
    const lastSyncedAt = earliest(facts.lastSyncs);
    const { state: before, since, lastSyncedAt: syncedBefore } = this.#current;
    if (state === before && lastSyncedAt?.getTime() === syncedBefore?.getTime()) return;
    this.#current = { state, since: state === before ? since : Date.now(), lastSyncedAt };
    callAll(this.#listeners);
  }
}

function stateOf(
  { statuses, isSignedOut, isOnline }: ConnectionFacts,
  before: ConnectionState,
): ConnectionState {
  if (isSignedOut) return "signed-out";
  if (statuses.length > 0 && statuses.every((status) => status === "live")) return "live";
  if (!isOnline) return "offline";
  // A further channel that joins does not make a live page look troubled.
  const isTroubled = statuses.some((status) => status === "error" || status === "closed");
  if (isTroubled) return "reconnecting";
  switch (before) {
    case "live":
    case "reconnecting":
      return before;
    case "offline":
      return "reconnecting";
    case "connecting":
    case "signed-out":
      return "connecting";
  }
}

function earliest(dates: readonly (Date | null)[]): Date | null {
  const times = dates.flatMap((date) => date?.getTime() ?? []);
  return times.length > 0 ? new Date(Math.min(...times)) : null;
}
