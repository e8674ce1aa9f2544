import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createHub, type Hub } from "../src/hub";
import type { LiveView } from "../src/live-view";
import { isMine } from "../src/own-changes";
import type { Change } from "../src/rows";
import { Backend, type Row } from "./support/backend";
import { pass } from "./support/settle";

type Visit = Row & { hour: number; notes?: string; version: number };

let backend: Backend;
let hub: Hub;
let view: LiveView<Visit>;
let told: Change<Visit>[];

const shown = () => view.getState().rows;
const first = () => shown()[0] as Visit;

/** Runs *work* while time passes. */
async function within<Result>(work: Promise<Result>, ms = 50): Promise<Result> {
  const [result] = await Promise.all([work, pass(ms)]);
  return result;
}

/** Makes the next write wait until it is let go. */
function heldWrite(): () => void {
  const { promise, resolve } = Promise.withResolvers<void>();
  backend.before = (method) => {
    if (method === "GET") return;
    backend.before = null;
    return promise;
  };
  return resolve;
}

beforeEach(async () => {
  vi.useFakeTimers();
  backend = new Backend();
  hub = createHub(backend.client());
  backend.insert("appointments", { id: "a", workspace_id: "salon", hour: 9, status: "pending" });
  view = hub.view<Visit>({ table: "appointments", filter: "workspace_id=eq.salon" });
  told = [];
  const hear = (change: Change<Visit>) => told.push(change);
  view.listen({ onInsert: hear, onUpdate: hear, onDelete: hear });
  view.subscribe(() => {});
  await pass(100);
});

afterEach(async () => {
  hub.close();
  await pass(60_000);
  vi.useRealTimers();
});

describe("an update", () => {
  test("shows at once, is saved, and stays what the database made of it", async () => {
    const saving = view.mutate.update(first(), { hour: 10 });
    expect(first()).toMatchObject({ hour: 10, version: 1, pending: "saving" });

    const outcome = await within(saving);

    expect(outcome).toMatchObject({ kind: "saved", row: { hour: 10, version: 2 } });
    expect(first()).toMatchObject({ hour: 10, version: 2 });
    expect(first()).not.toHaveProperty("pending");
  });

  test("never shows the old value again, whether echo or answer comes first", async () => {
    const hours: unknown[] = [];
    const stop = view.subscribe(() => hours.push(first().hour));

    await within(view.mutate.update(first(), { hour: 10 }), 1_000);
    stop();

    expect(new Set(hours)).toEqual(new Set([10]));
  });

  test("is known as this browser's own", async () => {
    await within(view.mutate.update(first(), { hour: 10 }));
    backend.update("appointments", "a", { hour: 11, mutation_id: "another" });

    expect(told.map(isMine)).toEqual([true, false]);
  });

  test("that another made before is a conflict, and springs back to theirs", async () => {
    const seen = first();
    const release = heldWrite();
    const saving = view.mutate.update(seen, { hour: 10 });
    await pass(10);
    backend.update("appointments", "a", { hour: 12 });
    release();

    const outcome = await within(saving);

    expect(outcome).toMatchObject({ kind: "conflict", row: { hour: 10 }, theirs: { hour: 12 } });
    expect(first()).toMatchObject({ hour: 12, version: 2 });
    expect(first()).not.toHaveProperty("pending");
  });

  test("of other columns than theirs is merged", async () => {
    const seen = first();
    const release = heldWrite();
    const saving = view.mutate.update(seen, { notes: "tea" });
    await pass(10);
    backend.update("appointments", "a", { hour: 12 });
    release();

    const outcome = await within(saving);

    expect(outcome).toMatchObject({ kind: "saved", row: { hour: 12, notes: "tea", version: 3 } });
  });

  test.each<[string, Record<string, unknown>, Partial<Visit>]>([
    ["cancelled it", { status: "cancelled" }, { notes: "tea" }],
    ["moved it in time", { start_time: "2026-01-01T10:00:00Z" }, { team_member_id: "mina" }],
  ])("is not merged when they %s meanwhile", async (_, theirs, ours) => {
    const seen = first();
    backend.silently((table) => {
      table("appointments").set("a", { ...seen, ...theirs, version: 2 });
    });

    expect(await within(view.mutate.update(seen, ours))).toMatchObject({ kind: "conflict" });
  });

  test("of a row that was deleted is a conflict with nothing", async () => {
    const seen = first();
    backend.silently((table) => table("appointments").delete("a"));

    const outcome = await within(view.mutate.update(seen, { hour: 10 }));

    expect(outcome).toMatchObject({ kind: "conflict", theirs: null });
    expect(shown()).toEqual([]);
  });

  test("does not show a row again that was deleted while it is under way", async () => {
    const release = heldWrite();
    const saving = view.mutate.update(first(), { hour: 10 });
    await pass(10);
    backend.delete("appointments", "a");
    await pass(300);
    expect(shown()).toEqual([]);

    release();
    expect(await within(saving)).toMatchObject({ kind: "conflict", theirs: null });
  });

  test("waits for the one before, and takes over its version", async () => {
    const seen = first();
    const one = view.mutate.update(seen, { hour: 10 });
    const other = view.mutate.update(seen, { notes: "tea" });
    expect(first()).toMatchObject({ hour: 10, notes: "tea", pending: "saving" });

    expect(await within(one)).toMatchObject({ kind: "saved" });
    expect(await other).toMatchObject({
      kind: "saved",
      row: { hour: 10, notes: "tea", version: 3 },
    });
  });

  test.each([
    [
      { status: 400, body: { code: "23P01", message: "overlap", hint: null } },
      { kind: "taken", hint: "" },
    ],
    [
      { status: 400, body: { code: "23P01", message: "overlap", hint: "nobody_free" } },
      { kind: "taken", hint: "nobody_free" },
    ],
    [
      { status: 400, body: { code: "P0001", message: "closed", hint: "outside_hours" } },
      { kind: "refused", code: "P0001", hint: "outside_hours", message: "closed" },
    ],
  ])("that the database does not take springs back: %o", async (answer, expected) => {
    backend.answers.push(answer);

    const outcome = await within(view.mutate.update(first(), { hour: 10 }));

    expect(outcome).toEqual(expected);
    expect(first()).toMatchObject({ hour: 9 });
  });

  test("that policies hide is refused, not a conflict", async () => {
    backend.answers.push({ status: 200, body: [] });

    const outcome = await within(view.mutate.update(first(), { hour: 10 }));

    expect(outcome).toMatchObject({ kind: "refused", code: "42501" });
  });

  test("may wait to be shown until it is saved", async () => {
    const saving = view.mutate.update(first(), { hour: 10 }, { optimistic: false });

    expect(first()).toMatchObject({ hour: 9, pending: "saving" });
    await within(saving);
    expect(first()).toMatchObject({ hour: 10 });
  });

  test("keeps what others do meanwhile, in other columns, when it is dropped", async () => {
    backend.answers.push({ status: 400, body: { code: "23P01", message: "", hint: null } });
    const release = heldWrite();
    const saving = view.mutate.update(first(), { hour: 10 });
    await pass(10);
    backend.update("appointments", "a", { notes: "theirs" });
    await pass(100);
    expect(first()).toMatchObject({ hour: 10, notes: "theirs" });
    release();

    await within(saving);
    expect(first()).toMatchObject({ hour: 9, notes: "theirs" });
  });
});

test("what the client itself cannot send is refused", async () => {
  const saving = view.mutate.update(first(), { hour: 10 });
  vi.spyOn(hub.client, "from").mockImplementation(() => {
    throw new TypeError("broken");
  });
  const next = view.mutate.update(first(), { hour: 11 });
  await within(saving);

  expect(await next).toMatchObject({ kind: "refused", message: "TypeError: broken" });
});

describe("without a connection", () => {
  test("a write is kept, marked, tried again, and saved in the end", async () => {
    backend.isReachable = false;
    const outcome = await within(view.mutate.update(first(), { hour: 10 }));
    expect(outcome.kind).toBe("unsent");
    expect(first()).toMatchObject({ hour: 10, pending: "unsent" });

    await pass(5_000);
    backend.isReachable = true;
    window.dispatchEvent(new Event("online"));
    if (outcome.kind !== "unsent") throw new Error("was sent");
    expect(await within(outcome.settled)).toMatchObject({ kind: "saved", row: { version: 2 } });
    expect(first()).not.toHaveProperty("pending");
  });

  test("a write whose answer was lost is not written twice, nor a conflict with itself", async () => {
    backend.before = (method) => {
      if (method !== "PATCH") return;
      backend.before = null;
      const sent = backend.requests.at(-1);
      expect(sent).toContain("PATCH");
      backend.update("appointments", "a", { hour: 10, mutation_id: lastMutation() });
      backend.isReachable = false;
    };
    const outcome = await within(view.mutate.update(first(), { hour: 10 }));
    expect(outcome.kind).toBe("unsent");

    backend.isReachable = true;
    window.dispatchEvent(new Event("online"));
    if (outcome.kind !== "unsent") throw new Error("was sent");
    expect(await within(outcome.settled)).toMatchObject({ kind: "saved", row: { version: 2 } });
  });

  test("a row made anew whose answer was lost is not made twice", async () => {
    backend.before = (method) => {
      if (method !== "POST") return;
      backend.before = null;
      backend.insert("appointments", {
        id: "b",
        workspace_id: "salon",
        mutation_id: lastMutation(),
      });
      backend.isReachable = false;
    };
    const outcome = await within(view.mutate.create({ id: "b", workspace_id: "salon", hour: 8 }));
    backend.isReachable = true;
    window.dispatchEvent(new Event("online"));

    if (outcome.kind !== "unsent") throw new Error("was sent");
    expect(await within(outcome.settled)).toMatchObject({ kind: "saved", row: { id: "b" } });
  });

  test("it can be given up", async () => {
    backend.isReachable = false;
    const outcome = await within(view.mutate.update(first(), { hour: 10 }));

    view.mutate.discard(first());
    expect(first()).toMatchObject({ hour: 9 });
    expect(first()).not.toHaveProperty("pending");
    if (outcome.kind !== "unsent") throw new Error("was sent");
    expect(await outcome.settled).toEqual({ kind: "discarded" });

    backend.isReachable = true;
    await pass(60_000);
    expect(backend.rows("appointments")).toMatchObject([{ hour: 9, version: 1 }]);
  });

  test("it is sent as soon as the channel is back", async () => {
    vi.spyOn(Math, "random").mockReturnValue(1);
    backend.isReachable = false;
    backend.cut();
    await pass(7_000);
    // Its own attempts would be 0.5, 1.5, 3.5, 7.5 and 15.5 s from here.
    const outcome = await within(view.mutate.update(first(), { hour: 10 }), 8_000);
    expect(outcome.kind).toBe("unsent");

    backend.isReachable = true;
    while (view.getState().status !== "live") await pass(50);
    await pass(50);
    expect(backend.rows("appointments")).toMatchObject([{ hour: 10 }]);
  });

  test("further writes of the row are unsent too, and follow", async () => {
    backend.isReachable = false;
    const one = await within(view.mutate.update(first(), { hour: 10 }));
    const other = await within(view.mutate.update(first(), { notes: "tea" }));
    expect([one.kind, other.kind]).toEqual(["unsent", "unsent"]);

    backend.isReachable = true;
    await pass(31_000);
    expect(backend.rows("appointments")).toMatchObject([{ hour: 10, notes: "tea", version: 3 }]);
  });

  test("who signs out takes nothing along", async () => {
    await hub.client.auth.signInWithPassword({ email: "olga", password: "x" });
    await pass(100);
    backend.isReachable = false;
    const outcome = await within(view.mutate.update(first(), { hour: 10 }));
    await hub.client.auth.signOut({ scope: "local" });
    backend.isReachable = true;
    await pass(60_000);

    if (outcome.kind !== "unsent") throw new Error("was sent");
    expect(await outcome.settled).toEqual({ kind: "discarded" });
    expect(backend.rows("appointments")).toMatchObject([{ hour: 9 }]);
  });

  test("what was under way when the session ended is not taken for done", async () => {
    await hub.client.auth.signInWithPassword({ email: "olga", password: "x" });
    await pass(100);
    const writing = view.mutate.update(first(), { hour: 10 });
    await hub.client.auth.signOut({ scope: "local" });

    expect(await within(writing)).toMatchObject({ kind: "refused", code: "PGRST303" });
  });

  function lastMutation(): string {
    return String((backend.lastSent as { mutation_id?: string } | null)?.mutation_id);
  }
});

describe("a new row", () => {
  test("has its key from the beginning, and what a service would decide as a guess", async () => {
    const start_time = "2026-01-01T10:00:00.000Z";
    const saving = view.mutate.create({ workspace_id: "salon", start_time });
    const proposed = shown().find(({ id }) => id !== "a");
    expect(proposed).toMatchObject({
      pending: "saving",
      status: "pending",
      version: 0,
      end_time: "2026-01-01T10:30:00.000Z",
    });

    const outcome = await within(saving);

    expect(outcome).toMatchObject({ kind: "saved", row: { id: proposed?.id, version: 1 } });
    expect(shown()).toHaveLength(2);
    expect(backend.rows("appointments")[1]).not.toHaveProperty("pending");
  });

  test("can be changed before it is saved", async () => {
    const release = heldWrite();
    const creating = view.mutate.create({ id: "b", workspace_id: "salon", hour: 8 });
    const proposed = shown().find(({ id }) => id === "b") as Visit;
    const changing = view.mutate.update(proposed, { hour: 7 });
    release();

    expect(await within(creating)).toMatchObject({ kind: "saved" });
    expect(await changing).toMatchObject({ kind: "saved", row: { hour: 7, version: 2 } });
  });

  test("that is refused is gone", async () => {
    backend.answers.push({ status: 400, body: { code: "23P01", message: "", hint: null } });

    expect(await within(view.mutate.create({ workspace_id: "salon", hour: 8 }))).toMatchObject({
      kind: "taken",
    });
    expect(shown()).toHaveLength(1);
  });

  test("need not show before it is saved", async () => {
    const booking = view.mutate.create({ workspace_id: "salon" }, { optimistic: false });
    expect(shown()).toHaveLength(1);
    await within(booking, 300);
    expect(shown()).toHaveLength(2);
  });
});

describe("a removal", () => {
  test("shows when it is done, and is this browser's own", async () => {
    const removing = view.mutate.remove(first());
    expect(first()).toMatchObject({ id: "a", pending: "saving" });

    expect(await within(removing)).toMatchObject({ kind: "saved" });
    expect(shown()).toEqual([]);
    expect(told.map(isMine)).toEqual([true]);
  });

  test("of what somebody else has changed is a conflict", async () => {
    const seen = first();
    backend.update("appointments", "a", { hour: 12 });

    expect(await within(view.mutate.remove(seen), 300)).toMatchObject({
      kind: "conflict",
      theirs: { hour: 12 },
    });
    expect(shown()).toHaveLength(1);
  });

  test("of what is gone already is done", async () => {
    const seen = first();
    backend.delete("appointments", "a");

    expect(await within(view.mutate.remove(seen))).toMatchObject({ kind: "saved" });
  });
});

test("a table without versions is changed by key alone", async () => {
  backend.insert("services", { id: "cut", workspace_id: "salon", name: "Cut" });
  const services = hub.view<Row>({ table: "services" });
  services.subscribe(() => {});
  await pass(100);
  backend.requests.length = 0;

  const [row] = services.getState().rows;
  const outcome = await within(services.mutate.update(row as Row, { name: "Haircut" }));

  expect(outcome).toMatchObject({ kind: "saved", row: { name: "Haircut" } });
  expect(backend.requests).toEqual(["PATCH /rest/v1/services?id=eq.cut&select=*"]);
  expect(backend.lastSent).toEqual({ name: "Haircut" });
});
