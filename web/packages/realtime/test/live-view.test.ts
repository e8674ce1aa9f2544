import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createHub, type Hub } from "../src/hub";
import type { LiveView, ViewSpec } from "../src/live-view";
import type { Change } from "../src/rows";
import { Backend, type Row } from "./support/backend";
import { pass } from "./support/settle";

const SALON: ViewSpec = { table: "appointments", filter: "workspace_id=eq.salon" };

let backend: Backend;
let hub: Hub;

function add(id: string, more: Record<string, unknown> = {}): Row {
  return backend.insert("appointments", { id, workspace_id: "salon", hour: 9, ...more });
}

/** Shows a view, and counts how often it says that something changed. */
function show(spec: ViewSpec = SALON) {
  const view = hub.view<Row>(spec);
  const told: Change<Row>[] = [];
  const notified = vi.fn();
  const handler = (change: Change<Row>) => told.push(change);
  view.listen({ onInsert: handler, onUpdate: handler, onDelete: handler });
  const stop = view.subscribe(notified);
  return { view, told, notified, stop };
}

const ids = (view: LiveView<Row>) => view.getState().rows.map(({ id }) => id);
const kinds = (told: Change<Row>[]) => told.map(({ eventType }) => eventType);
const reads = () => backend.requests.filter((request) => request.startsWith("GET")).length;

beforeEach(() => {
  vi.useFakeTimers();
  backend = new Backend();
  hub = createHub(backend.client());
});

afterEach(async () => {
  hub.close();
  await pass(60_000);
  vi.useRealTimers();
});

describe("a view", () => {
  test("joins, reads once, and follows the stream", async () => {
    add("a");
    const { view } = show();
    expect(view.getState()).toMatchObject({ isLoading: true, rows: [] });
    await pass(100);
    expect(view.getState()).toMatchObject({ isLoading: false, status: "live", error: null });
    expect(ids(view)).toEqual(["a"]);

    add("b");
    backend.update("appointments", "a", { hour: 10 });
    await pass(20);
    expect(view.getState().rows).toMatchObject([{ hour: 10 }, { id: "b" }]);

    backend.delete("appointments", "a");
    await pass(300);
    expect(ids(view)).toEqual(["b"]);
    expect(reads()).toBe(1);
  });

  test("keeps its array and its rows while nothing changes for them", async () => {
    add("a");
    add("b");
    const { view, notified } = show();
    await pass(100);
    const before = view.getState().rows;
    notified.mockClear();

    await Promise.all([view.resync(), pass(10)]);
    expect(view.getState().rows).toBe(before);

    backend.update("appointments", "b", { hour: 10 });
    await pass(300);
    expect(view.getState().rows).not.toBe(before);
    expect(view.getState().rows[0]).toBe(before[0]);
  });

  test("does not wait for ever for the channel before it reads", async () => {
    add("a");
    backend.door = "hold";
    const { view } = show();
    await pass(600);
    expect(view.getState()).toMatchObject({ status: "joining", isLoading: false });
    expect(ids(view)).toEqual(["a"]);

    backend.silently((table) => table("appointments").delete("a"));
    backend.admit();
    await pass(50);
    expect(ids(view)).toEqual([]);
  });

  test("shows a range in an order, and no more than its limit", async () => {
    for (const [id, hour] of Object.entries({ a: 8, b: 12, c: 10, d: 11, e: 9 })) add(id, { hour });
    const range = { column: "hour", from: 9, to: 12 };
    const order = { column: "hour", ascending: false };
    const { view } = show({ ...SALON, range, order, limit: 2 });
    await pass(100);
    expect(ids(view)).toEqual(["d", "c"]);

    backend.update("appointments", "d", { hour: 20 });
    add("f", { hour: 10.5 });
    await pass(300);
    expect(ids(view)).toEqual(["f", "c"]);
  });

  test("is filled up again when rows have left its limit", async () => {
    for (const id of ["a", "b", "c", "d"]) add(id);
    const { view } = show({ ...SALON, limit: 2 });
    await pass(100);
    expect(ids(view)).toEqual(["a", "b"]);

    backend.delete("appointments", "a");
    backend.delete("appointments", "b");
    await pass(1_000);
    expect(ids(view)).toEqual(["c", "d"]);
    expect(reads()).toBe(2);
  });

  test("reads further pages after the last key", async () => {
    hub.close();
    hub = createHub(backend.client(), { pageSize: 2 });
    for (const id of ["a", "b", "c", "d", "e"]) add(id);
    const { view } = show();
    await pass(100);

    expect(ids(view)).toEqual(["a", "b", "c", "d", "e"]);
    expect(reads()).toBe(3);
    expect(backend.requests.at(-1)).toContain("id=gt.d");
  });

  test("on a channel that is live already reads once", async () => {
    add("a");
    hub.subscribe({ table: "appointments", filter: "workspace_id=eq.salon" }, {});
    await pass(100);
    const { view } = show();
    await pass(100);

    expect(ids(view)).toEqual(["a"]);
    expect(reads()).toBe(1);
  });

  test("shares channel and read with its equal, and the channel with another range", async () => {
    add("a");
    show();
    show();
    show({ ...SALON, range: { column: "hour", from: 9 } });
    await pass(100);

    expect(backend.joined).toHaveLength(1);
    expect(reads()).toBe(2);
  });

  test("forgets everything after the last user has gone, and begins anew", async () => {
    add("a");
    const { view, stop } = show();
    await pass(100);
    stop();
    await pass(2_000);
    expect(backend.left).toHaveLength(1);
    expect(view.getState()).toMatchObject({ isLoading: true, rows: [] });

    view.subscribe(() => {});
    await pass(100);
    expect(ids(view)).toEqual(["a"]);
  });

  test("holds what it shows until it is released", async () => {
    add("a");
    const { view } = show();
    await pass(100);

    const release = view.hold();
    add("b");
    await pass(300);
    expect(ids(view)).toEqual(["a"]);

    release();
    expect(ids(view)).toEqual(["a", "b"]);
  });

  test("loses a row that another subscription saw leave its filter", async () => {
    add("a", { team_member_id: "mina" });
    const { view } = show({ table: "appointments", filter: "team_member_id=eq.mina" });
    hub.overhear({ table: "appointments", filter: "workspace_id=eq.salon" });
    await pass(100);
    expect(ids(view)).toEqual(["a"]);

    backend.update("appointments", "a", { team_member_id: "olga" });
    await pass(300);
    expect(ids(view)).toEqual([]);

    backend.update("appointments", "a", { team_member_id: "mina" });
    await pass(300);
    expect(ids(view)).toEqual(["a"]);
  });

  test("tells when it cannot read, keeps its rows, and tries again", async () => {
    add("a");
    const { view } = show();
    await pass(100);

    backend.answers.push({ status: 503, body: { message: "starting", code: "57P03" } });
    await Promise.all([view.resync(), pass(10)]);
    expect(view.getState().error).toMatchObject({
      message: "starting",
      code: "57P03",
      status: 503,
    });
    expect(ids(view)).toEqual(["a"]);

    await pass(1_100);
    expect(view.getState().error).toBeNull();
  });

  test("does not repeat a read that was refused", async () => {
    const { view } = show();
    const refusal = { status: 403, body: { message: "no", code: "42501", hint: "" } };
    backend.answers.push(refusal);
    await pass(100);
    expect(view.getState()).toMatchObject({ isLoading: false, error: { code: "42501" } });

    await pass(10_000);
    expect(reads()).toBe(1);
  });
});

describe("its handlers", () => {
  test("hear of each change once, and of none that a read found", async () => {
    add("a");
    const { told } = show();
    await pass(100);
    expect(told).toEqual([]);

    backend.update("appointments", "a", { hour: 10 });
    add("b");
    backend.delete("appointments", "a");
    expect(kinds(told)).toEqual(["UPDATE", "INSERT", "DELETE"]);
  });

  test("hear of a change also when a read or an answer was faster", async () => {
    add("a");
    const { view, told } = show();
    await pass(100);
    const row = view.getState().rows[0] as Row;

    await Promise.all([view.mutate.update(row, { hour: 10 }), pass(10)]);

    expect(kinds(told)).toEqual(["UPDATE"]);
  });

  test("do not hear a repeat", async () => {
    const { told } = show();
    await pass(100);
    const bindings = backend.joins[0]?.bindings ?? [];
    const data = {
      type: "INSERT",
      schema: "public",
      table: "appointments",
      commit_timestamp: "2026-01-01T00:00:00.000Z",
      columns: [],
      record: { id: "a", workspace_id: "salon", version: 1 },
      errors: null,
    };

    backend.say("postgres_changes", { ids: [bindings[0]?.id], data });
    backend.say("postgres_changes", { ids: [bindings[0]?.id], data });

    expect(told).toHaveLength(1);
  });

  test("get the old row completed by what is known of it", async () => {
    add("a", { customer_name: "Clara" });
    const { told } = show();
    await pass(100);
    const id = backend.joins[0]?.bindings[0]?.id;
    const commit_timestamp = "2026-01-01T00:00:00.000Z";
    const of = { schema: "public", table: "appointments", commit_timestamp, columns: [] };

    const data = { ...of, type: "DELETE", old_record: { id: "a" }, errors: null };
    backend.say("postgres_changes", { ids: [id], data });

    expect(told[0]?.old).toMatchObject({ id: "a", customer_name: "Clara" });
  });

  test("get values that were too long to send from what is known, and the rows are read again", async () => {
    add("a", { notes: "long" });
    const { told } = show();
    await pass(100);
    const id = backend.joins[0]?.bindings[0]?.id;
    const commit_timestamp = "2026-01-01T00:00:00.000Z";
    const of = { schema: "public", table: "appointments", commit_timestamp, columns: [] };
    const record = { id: "a", workspace_id: "salon", hour: 9, version: 2 };

    const errors = ["Error 413: Payload Too Large"];
    const data = { ...of, type: "UPDATE", record, old_record: { id: "a" }, errors };
    backend.say("postgres_changes", { ids: [id], data });
    await pass(50);

    expect(told[0]?.new).toMatchObject({ version: 2, notes: "long" });
    expect(reads()).toBe(2);
  });

  test("do not hear that a stranger's row was deleted, of which only the key is told", async () => {
    const { told } = show();
    await pass(100);
    const id = backend.joins[0]?.bindings[0]?.id;
    const commit_timestamp = "2026-01-01T00:00:00.000Z";
    const of = { schema: "public", table: "appointments", commit_timestamp, columns: [] };

    const data = { ...of, type: "DELETE", old_record: { id: "z" }, errors: null };
    backend.say("postgres_changes", { ids: [id], data });

    expect(told).toEqual([]);
  });
});

describe("what may have missed something reads again", () => {
  async function expectsRead(when: () => void, withinMs: number) {
    add("a");
    const { view } = show();
    await pass(100);
    backend.silently((table) => table("appointments").delete("a"));
    expect(ids(view)).toEqual(["a"]);

    when();
    await pass(withinMs);
    expect(ids(view)).toEqual([]);
  }

  test("after the channel came back", () => expectsRead(() => backend.cut(), 3_200));
  test("when the page is visible again", () =>
    expectsRead(() => document.dispatchEvent(new Event("visibilitychange")), 50));
  test("when the network is back", () =>
    expectsRead(() => window.dispatchEvent(new Event("online")), 50));
  test("when the page comes out of the cache", () =>
    expectsRead(() => {
      window.dispatchEvent(Object.assign(new Event("pageshow"), { persisted: true }));
    }, 50));
  test("every five minutes", () => expectsRead(() => {}, 331_000));
  test("every half minute while the channel cannot be had", () =>
    expectsRead(() => {
      backend.door = "refuse";
      backend.cut();
    }, 61_000));

  test("rows that no view shows any more are not shown again before they were read", async () => {
    add("a", { hour: 20 });
    show({ ...SALON, range: { column: "hour", to: 12 } });
    const evening = show({ ...SALON, range: { column: "hour", from: 18 } });
    await pass(100);
    expect(ids(evening.view)).toEqual(["a"]);
    evening.stop();
    await pass(2_000);

    backend.cut();
    await pass(3_200);
    evening.view.subscribe(() => {});
    expect(evening.view.getState()).toMatchObject({ rows: [], isLoading: true });
  });

  test("many asking at once costs two reads, the second of which began after all asked", async () => {
    const { view } = show();
    await pass(100);
    const before = reads();

    const asked = Array.from({ length: 20 }, () => view.resync());
    await Promise.all([...asked, pass(50)]);

    expect(reads() - before).toBe(2);
  });

  test("a network that is back costs one read, with the channel or soon after without", async () => {
    const { view } = show();
    await pass(100);
    backend.isReachable = false;
    vi.spyOn(navigator, "onLine", "get").mockReturnValue(false);
    backend.cut();
    await pass(100);
    const before = reads();
    await pass(120_000);
    expect(reads()).toBe(before);

    vi.spyOn(navigator, "onLine", "get").mockReturnValue(true);
    backend.isReachable = true;
    window.dispatchEvent(new Event("online"));
    await pass(2_000);
    expect(view.getState().status).toBe("live");
    expect(reads() - before).toBe(1);

    backend.door = "hold";
    backend.cut();
    window.dispatchEvent(new Event("online"));
    await pass(600);
    expect(view.getState().status).toBe("joining");
    expect(reads() - before).toBe(2);
  });

  test("pages that lost the server together do not read together", async () => {
    vi.spyOn(Math, "random").mockReturnValue(0.75);
    show();
    await pass(100);
    const before = reads();

    backend.cut();
    await pass(1_100);
    expect(hub.connection.get().state).toBe("live");
    await pass(1_000);
    expect(reads() - before).toBe(0);
    await pass(600);
    expect(reads() - before).toBe(1);
  });
});

test("a new token of the same user costs one read and no join", async () => {
  await hub.client.auth.signInWithPassword({ email: "olga", password: "x" });
  show();
  await pass(100);
  expect([reads(), backend.joined.length]).toEqual([1, 1]);

  await hub.client.auth.refreshSession();
  await pass(5_000);

  expect([reads(), backend.joined.length]).toEqual([2, 1]);
});

test("another user sees nothing of the rows before, and what comes late is dropped", async () => {
  add("a");
  await hub.client.auth.signInWithPassword({ email: "olga", password: "x" });
  const { view } = show();
  await pass(100);
  expect(ids(view)).toEqual(["a"]);
  const { promise: slow, resolve } = Promise.withResolvers<void>();
  backend.before = () => slow;
  void view.resync();

  await hub.client.auth.signOut({ scope: "local" });
  expect(view.getState()).toMatchObject({ rows: [], status: "closed", isLoading: false });

  resolve();
  await pass(1_000);
  expect(ids(view)).toEqual([]);
});

test("a thousand changes in a burst are told of at most five times", async () => {
  const { view, notified } = show();
  await pass(100);
  notified.mockClear();

  for (let count = 0; count < 1_000; count += 1) {
    add(`row ${count}`);
    if (count % 10 === 0) await pass(5);
  }
  await pass(500);

  expect(view.getState().rows).toHaveLength(1_000);
  expect(notified.mock.calls.length).toBeLessThanOrEqual(5);

  await pass(2_000);
  notified.mockClear();
  add("the next");
  await pass(150);
  add("and another");
  await pass(20);
  expect(notified).toHaveBeenCalledTimes(2);
});
