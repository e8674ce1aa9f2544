import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { ChannelStatus } from "../src/counted-channel";
import { createHub, type Hub, type HubOptions, hubOf } from "../src/hub";
import type { Change } from "../src/rows";
import { Backend } from "./support/backend";
import { pass } from "./support/settle";

const OF_SALON = { table: "appointments", filter: "workspace_id=eq.salon" };

let backend: Backend;
let hub: Hub;

function start(options?: HubOptions): Hub {
  hub = createHub(backend.client(), options);
  return hub;
}

function listen(source = OF_SALON) {
  const changes: Change[] = [];
  const statuses: ChannelStatus[] = [];
  const stop = hub.subscribe(source, {
    change: (change) => changes.push(change),
    status: (status) => statuses.push(status),
  });
  return { changes, statuses, stop };
}

beforeEach(() => {
  vi.useFakeTimers();
  backend = new Backend();
});

afterEach(async () => {
  hub.close();
  await pass(60_000);
  vi.useRealTimers();
});

describe("sharing", () => {
  test("two listeners to the same have one channel, and both hear", async () => {
    start();
    const one = listen();
    const other = listen();
    await pass(100);

    backend.insert("appointments", { id: "a", workspace_id: "salon" });

    expect(backend.joined).toHaveLength(1);
    expect(one.changes).toHaveLength(1);
    expect(other.changes).toHaveLength(1);
  });

  test("leaving and coming back at once keeps the channel; it closes after the last has gone", async () => {
    start();
    listen().stop();
    const second = listen();
    await pass(5_000);
    expect(backend.joined).toHaveLength(1);
    expect(backend.left).toHaveLength(0);

    second.stop();
    await pass(500);
    expect(backend.left).toHaveLength(0);
    await pass(1_000);
    expect(backend.left).toEqual(backend.joined);
  });

  test("what is opened again has a topic of its own", async () => {
    start();
    listen().stop();
    await pass(2_000);
    listen();
    await pass(100);

    expect(new Set(backend.joined).size).toBe(2);
  });

  test("another filter has a channel of its own", async () => {
    start();
    listen();
    const studio = listen({ table: "appointments", filter: "workspace_id=eq.studio" });
    await pass(100);

    backend.insert("appointments", { id: "a", workspace_id: "salon" });

    expect(backend.joined).toHaveLength(2);
    expect(studio.changes).toHaveLength(0);
  });

  test("a listener that throws stops nobody", async () => {
    const reported = vi.fn();
    vi.stubGlobal("reportError", reported);
    start();
    hub.subscribe(OF_SALON, {
      change: () => {
        throw new Error("mine");
      },
    });
    const other = listen();
    await pass(100);

    backend.insert("appointments", { id: "a", workspace_id: "salon" });

    expect(other.changes).toHaveLength(1);
    expect(reported).toHaveBeenCalledOnce();
    vi.unstubAllGlobals();
  });
});

describe("being live", () => {
  test("takes the join and the database's confirmation", async () => {
    backend.confirms = false;
    start();
    const { statuses } = listen();
    await pass(1_000);
    expect(statuses).toEqual(["joining"]);

    backend.say("system", {
      extension: "postgres_changes",
      status: "ok",
      message: "",
      channel: "",
    });
    expect(statuses).toEqual(["joining", "live"]);
  });

  test("takes both in whichever order", async () => {
    backend.confirms = false;
    backend.door = "hold";
    start();
    const { statuses } = listen();
    await pass(100);
    backend.say("system", {
      extension: "postgres_changes",
      status: "ok",
      message: "",
      channel: "",
    });
    expect(statuses).toEqual(["joining"]);

    backend.admit();
    await pass(100);
    expect(statuses).toEqual(["joining", "live"]);
  });

  test("is not touched by what the server says of other things", async () => {
    start();
    const { statuses } = listen();
    await pass(100);

    backend.say("system", { extension: "system", status: "error", message: "slow", channel: "" });

    expect(statuses).toEqual(["joining", "live"]);
  });

  test("is not for who has gone before the token came", async () => {
    start();
    const { promise, resolve } = Promise.withResolvers<void>();
    vi.spyOn(hub.client.realtime, "setAuth").mockReturnValue(promise);
    listen().stop();
    await pass(2_000);

    resolve();
    await pass(100);

    expect(backend.joined).toEqual([]);
  });

  test("fails when the database does not confirm, and is tried again", async () => {
    backend.confirms = false;
    start();
    const { statuses } = listen();
    await pass(15_100);
    expect(statuses).toEqual(["joining", "error"]);

    backend.confirms = true;
    await pass(1_100);
    expect(statuses).toEqual(["joining", "error", "joining", "live"]);
  });

  test("ends when the database says so", async () => {
    start();
    const { statuses } = listen();
    await pass(100);

    const refusal = { extension: "postgres_changes", status: "error", message: "no", channel: "" };
    backend.say("system", refusal);

    expect(statuses.at(-1)).toBe("error");
  });

  test("waits for the token before the first join", async () => {
    start();
    await hub.client.auth.signInWithPassword({ email: "olga", password: "x" });
    listen();
    await pass(100);

    expect(backend.tokens).toEqual(["token-1-of-olga"]);
  });
});

describe("what was lost", () => {
  test("a refused join is tried again after 1, 2, 4 … 30 s at most", async () => {
    vi.spyOn(Math, "random").mockReturnValue(0);
    backend.door = "refuse";
    start();
    listen();
    await pass(100);
    const joinsAfter = async (ms: number) => {
      await pass(ms);
      return backend.joined.length;
    };

    expect(await joinsAfter(500)).toBe(1);
    expect(await joinsAfter(1_000)).toBe(2);
    expect(await joinsAfter(2_000)).toBe(3);
    expect(await joinsAfter(4_000)).toBe(4);
    expect(await joinsAfter(8_000)).toBe(5);
    expect(await joinsAfter(16_000)).toBe(6);
    expect(await joinsAfter(30_000)).toBe(7);
    expect(await joinsAfter(30_000)).toBe(8);
  });

  test("a channel comes back after the socket was cut", async () => {
    start();
    const { changes, statuses } = listen();
    await pass(100);

    backend.cut();
    expect(statuses.at(-1)).toBe("error");
    await pass(1_100);
    backend.insert("appointments", { id: "a", workspace_id: "salon" });

    expect(statuses.at(-1)).toBe("live");
    expect(changes).toHaveLength(1);
    expect(backend.joins).toHaveLength(1);
  });

  test.each([
    ["online", () => window.dispatchEvent(new Event("online"))],
    ["visible", () => document.dispatchEvent(new Event("visibilitychange"))],
  ])("is tried at once when the page is %s", async (_, wake) => {
    start();
    const { statuses } = listen();
    await pass(100);
    backend.door = "refuse";
    backend.cut();
    await pass(20_000);
    expect(statuses.at(-1)).not.toBe("live");

    backend.door = "open";
    wake();
    await pass(50);
    expect(statuses.at(-1)).toBe("live");
  });

  test.each([
    ["the page woke up", () => document.dispatchEvent(new Event("visibilitychange"))],
    ["the network went", () => window.dispatchEvent(new Event("offline"))],
  ])("a socket that died without a word is found out soon after %s", async (_, happens) => {
    // With none of the chance in it, a retry would come in the very millisecond of the client's own.
    vi.spyOn(Math, "random").mockReturnValue(0.5);
    start();
    const { statuses } = listen();
    await pass(100);
    backend.hears = false;

    happens();
    await pass(2_900);
    expect(statuses.at(-1)).toBe("live");
    await pass(200);
    expect(statuses.at(-1)).toBe("error");

    backend.hears = true;
    await pass(2_000);
    expect(statuses.at(-1)).toBe("live");
  });

  test("a socket that lives is kept when the page wakes up", async () => {
    start();
    const { statuses } = listen();
    await pass(100);

    document.dispatchEvent(new Event("visibilitychange"));
    await pass(10_000);

    expect(statuses).toEqual(["joining", "live"]);
  });

  test("needs a new confirmation to be live again", async () => {
    start();
    const { statuses } = listen();
    await pass(100);

    backend.confirms = false;
    backend.cut();
    await pass(3_000);

    expect(statuses.at(-1)).toBe("joining");
  });

  test("is tried less often while it does not last, and at once after it did", async () => {
    vi.spyOn(Math, "random").mockReturnValue(0);
    start();
    const { statuses } = listen();
    await pass(100);
    const end = () => backend.say("phx_close", {});

    end();
    await pass(1_100);
    end();
    await pass(1_100);
    expect(statuses.at(-1)).toBe("error");
    await pass(1_000);
    expect(statuses.at(-1)).toBe("live");

    await pass(10_000);
    end();
    await pass(1_100);
    expect(statuses.at(-1)).toBe("live");
  });

  test("joins again only with a token that is current then", async () => {
    start();
    listen();
    await pass(100);
    const { promise, resolve } = Promise.withResolvers<void>();
    vi.spyOn(hub.client.realtime, "setAuth").mockReturnValue(promise);

    backend.cut();
    await pass(3_000);
    expect(backend.joined).toHaveLength(1);

    resolve();
    await pass(100);
    expect(backend.joined).toHaveLength(2);
  });

  test("the first channel that finds the server again brings the others along", async () => {
    let count = 0;
    vi.spyOn(Math, "random").mockImplementation(() => {
      count += 1;
      return count % 2;
    });
    start();
    const first = listen();
    const second = listen({ table: "appointments", filter: "workspace_id=eq.studio" });
    await pass(100);
    backend.isReachable = false;
    backend.cut();
    await pass(30_000);

    backend.isReachable = true;
    const isBack = ({ statuses }: { statuses: ChannelStatus[] }) => statuses.at(-1) === "live";
    while (!isBack(first) && !isBack(second)) await pass(50);
    await pass(50);
    expect([isBack(first), isBack(second)]).toEqual([true, true]);
  });

  test("a server that closes a channel gets it back", async () => {
    start();
    const { statuses } = listen();
    await pass(100);

    backend.say("phx_close", {});
    expect(statuses.at(-1)).toBe("error");
    await pass(1_100);
    expect(statuses.at(-1)).toBe("live");
  });
});

describe("the user", () => {
  const signIn = (email: string) => hub.client.auth.signInWithPassword({ email, password: "x" });

  test("another one joins anew, with the new token", async () => {
    start();
    await signIn("olga");
    listen();
    await pass(100);

    await signIn("samir");
    await pass(2_000);

    expect(backend.joined).toHaveLength(2);
    expect(backend.tokens.at(-1)).toBe("token-2-of-samir");
  });

  test("the same one with a new token does not", async () => {
    start();
    await signIn("olga");
    listen();
    await pass(100);

    await signIn("olga");
    await pass(2_000);

    expect(backend.joined).toHaveLength(1);
  });

  test("who signs out leaves everything, until somebody signs in", async () => {
    start();
    await signIn("olga");
    const { statuses } = listen();
    await pass(100);

    await hub.client.auth.signOut({ scope: "local" });
    await pass(5_000);
    expect(statuses.at(-1)).toBe("closed");
    expect(backend.joins).toHaveLength(0);
    expect(hub.connection.get().state).toBe("signed-out");
    expect(listen().statuses).toEqual(["closed"]);

    await signIn("samir");
    await pass(100);
    expect(statuses.at(-1)).toBe("live");
  });

  test("a page for visitors goes on as one", async () => {
    start({ afterSignOut: "anonymous" });
    await signIn("olga");
    const { statuses } = listen();
    await pass(100);

    await hub.client.auth.signOut({ scope: "local" });
    await pass(5_000);

    expect(statuses.at(-1)).toBe("live");
    expect(backend.tokens.at(-1)).toBe("key");
  });
});

test("a client whose hub was closed gets another", async () => {
  const client = backend.client();
  const closed = hubOf(client);
  expect(hubOf(client)).toBe(closed);
  closed.close();

  hub = hubOf(client);
  const { statuses } = listen();
  await pass(100);

  expect(hub).not.toBe(closed);
  expect(statuses.at(-1)).toBe("live");
});

describe("the connection", () => {
  test("connects, is live, reconnects, and tells since when", async () => {
    const states: string[] = [];
    start();
    hub.connection.subscribe(() => states.push(hub.connection.get().state));
    expect(hub.connection.get().state).toBe("connecting");
    listen();
    await pass(100);
    expect(hub.connection.get().state).toBe("live");

    backend.isReachable = false;
    backend.cut();
    await pass(10_000);
    expect(hub.connection.get().state).toBe("reconnecting");
    expect(Date.now() - hub.connection.get().since).toBe(10_000);

    backend.isReachable = true;
    hub.retry();
    await pass(100);
    expect(hub.connection.get().state).toBe("live");
    expect(states).toEqual(["live", "reconnecting", "live"]);
  });

  test("is offline when the browser says so", async () => {
    start();
    listen();
    await pass(100);

    backend.isReachable = false;
    vi.spyOn(navigator, "onLine", "get").mockReturnValue(false);
    backend.cut();
    window.dispatchEvent(new Event("offline"));

    expect(hub.connection.get().state).toBe("offline");
  });

  test("stays live while a further channel joins", async () => {
    start();
    listen();
    await pass(100);

    backend.door = "hold";
    listen({ table: "appointments", filter: "workspace_id=eq.studio" });
    await pass(100);

    expect(hub.connection.get().state).toBe("live");
  });
});
