// The private channel of a workspace on which its members' tabs say where they are.
import type { RealtimeChannel, SupabaseClient } from "@supabase/supabase-js";
import type { Looking, Place, PresenceState } from "./people";

/** StrictMode and changes of page leave and come back within this time. */
const GRACE_MS = 1_000;
/** Somebody who pages through a month does not tell of every day. */
const TELL_EVERY_MS = 1_000;
const RETRY_MS = 5_000;

export interface Room {
  /** Tells the others where this tab is. */
  goTo(place: Place): void;
  subscribe(listener: () => void): () => void;
  getState(): PresenceState;
}

const EMPTY: PresenceState = {};
const rooms = new WeakMap<SupabaseClient, Map<string, Room>>();

/** The room of a workspace: one for each client, whoever asks. It is entered while somebody listens. */
export function roomOf(client: SupabaseClient, workspaceId: string, me: string): Room {
  const ofClient = rooms.get(client) ?? new Map<string, Room>();
  rooms.set(client, ofClient);
  const name = `${workspaceId} ${me}`;
  const room = ofClient.get(name) ?? makeRoom(client, `workspace:${workspaceId}`, me);
  ofClient.set(name, room);
  return room;
}

function makeRoom(client: SupabaseClient, topic: string, me: string): Room {
  const listeners = new Set<() => void>();
  const tab = crypto.randomUUID();
  let channel: RealtimeChannel | null = null;
  let state = EMPTY;
  let place: Place | null = null;
  let isInside = false;
  let tellTimer: ReturnType<typeof setTimeout> | undefined;
  let leaveTimer: ReturnType<typeof setTimeout> | undefined;
  let retryTimer: ReturnType<typeof setTimeout> | undefined;

  function show(next: PresenceState): void {
    state = next;
    for (const listener of listeners) listener();
  }

  function enter(): void {
    // A client has one channel for a topic, and whoever was signed in here before may still be leaving it.
    if (client.getChannels().some((open) => open.topic === `realtime:${topic}`)) {
      clearTimeout(retryTimer);
      retryTimer = setTimeout(enterIfWanted, GRACE_MS);
      return;
    }
    const entered = client.channel(topic, { config: { private: true, presence: { key: tab } } });
    channel = entered;
    entered
      .on("presence", { event: "sync" }, () => {
        if (channel === entered) show({ ...entered.presenceState() });
      })
      .subscribe((status) => {
        if (channel !== entered) return;
        isInside = status === "SUBSCRIBED";
        if (isInside) tell();
        else show(EMPTY);
        if (status === "CLOSED") retry();
      });
  }

  function enterIfWanted(): void {
    if (!channel && listeners.size > 0) enter();
  }

  /** The client enters again by itself when the connection was lost, but not when the server closed the channel. */
  function retry(): void {
    clearTimeout(retryTimer);
    retryTimer = setTimeout(() => {
      leave();
      enterIfWanted();
    }, RETRY_MS);
  }

  function tell(): void {
    tellTimer = undefined;
    if (!isInside || !place) return;
    const looking: Looking = { user_id: me, ...place, at: Date.now() };
    void channel?.track(looking);
  }

  function leave(): void {
    clearTimeout(tellTimer);
    clearTimeout(retryTimer);
    tellTimer = undefined;
    isInside = false;
    const left = channel;
    channel = null;
    if (left) void client.removeChannel(left);
    show(EMPTY);
  }

  return {
    goTo(next) {
      place = next;
      if (isInside) tellTimer ??= setTimeout(tell, TELL_EVERY_MS);
    },
    subscribe(listener) {
      listeners.add(listener);
      clearTimeout(leaveTimer);
      if (!channel) enter();
      return () => {
        listeners.delete(listener);
        if (listeners.size === 0) leaveTimer = setTimeout(leave, GRACE_MS);
      };
    },
    getState: () => state,
  };
}
