import type { SupabaseClient } from "@supabase/supabase-js";

/** How long a heartbeat may go unanswered. */
const ANSWER_MS = 3_000;

/** Finds out soon whether a socket is alive; by itself the client would notice after 50 s. */
export class SocketProbe {
  readonly #realtime: SupabaseClient["realtime"];
  #sentCount = 0;
  #isAwaited = false;

  constructor({ realtime }: SupabaseClient) {
    this.#realtime = realtime;
    // What the client was made with goes on hearing them.
    const before = realtime.heartbeatCallback;
    realtime.onHeartbeat((status, latency) => {
      this.#isAwaited = status === "sent";
      if (this.#isAwaited) this.#sentCount += 1;
      before(status, latency);
    });
  }

  /** Has the client give up a socket that does not answer in time. */
  check(): void {
    if (!this.#realtime.isConnected()) return;
    if (!this.#isAwaited) void this.#realtime.sendHeartbeat();
    const asked = this.#sentCount;
    setTimeout(() => {
      // A heartbeat while one is awaited makes the client give the socket up.
      if (this.#isAwaited && asked === this.#sentCount) void this.#realtime.sendHeartbeat();
    }, ANSWER_MS);
  }
}
