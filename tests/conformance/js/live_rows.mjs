// Keeps rows live by the web apps' own library while others write at random and sockets are cut, and says
// what differs in the end. Is told what it needs by a line of JSON on stdin, and answers by one on stdout.

import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { createClient } from "@supabase/supabase-js";
import { rolldown } from "rolldown";
import WebSocket from "ws";

const HUB = fileURLToPath(new URL("../../../web/packages/realtime/src/hub.ts", import.meta.url));
const WRITERS = 3;
const WRITES = 20;
const DAY_MS = 86_400_000;
const PATIENCE_MS = 10_000;

const { url, key, secretKey, owner, customer, customerId, workspaceId, memberIds, seed } =
  JSON.parse(await text(process.stdin));
const random = generator(seed);
const { createHub } = await library();
const admin = createClient(url, secretKey, { realtime: { transport: WebSocket } });
const firstDay = Date.now() + 30 * DAY_MS;

/** Compile the library; nothing in it is imported from elsewhere, but types. */
async function library() {
  const bundle = await rolldown({ input: HUB });
  const { output } = await bundle.generate({ format: "esm" });
  return import(`data:text/javascript,${encodeURIComponent(output[0].code)}`);
}

/** Numbers from 0 up to 1, the same ones for the same seed (mulberry32). */
function generator(state) {
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const one = (choices) => choices[Math.floor(random() * choices.length)];

/** A client whose sockets can be cut. */
function connect(token) {
  const sockets = new Set();
  class Socket extends WebSocket {
    constructor(...args) {
      super(...args);
      sockets.add(this);
      this.on("close", () => sockets.delete(this));
    }
  }
  const client = createClient(url, key, {
    accessToken: async () => token,
    realtime: { transport: Socket },
  });
  const hub = createHub(client, { rereadWithinMs: 0, graceMs: 0 });
  return { client, hub, cut: () => sockets.forEach((socket) => socket.terminate()) };
}

const appointment = () => {
  const start = firstDay + Math.floor(random() * 14 * 24) * 3_600_000;
  return {
    start_time: new Date(start).toISOString(),
    end_time: new Date(start + 1_800_000).toISOString(),
    team_member_id: one(memberIds),
    notes: one([null, "a", "b"]),
  };
};

/** Insert, change and delete appointments, several at once, each as fast as the server answers. */
async function write(count, ids) {
  for (let written = 0; written < count; written += 1) {
    const table = admin.from("appointments");
    const id = one(ids);
    const chance = random();
    if (id === undefined || chance < 0.4) {
      const row = {
        ...appointment(),
        id: crypto.randomUUID(),
        workspace_id: workspaceId,
        customer_id: one([null, customerId]),
        customer_name: `Guest ${written}`,
        allow_overlap: true,
      };
      ids.push(row.id);
      await succeed(table.insert(row));
    } else if (chance < 0.85) {
      await succeed(table.update(appointment()).eq("id", id));
    } else {
      ids.splice(ids.indexOf(id), 1);
      await succeed(table.delete().eq("id", id));
    }
  }
}

async function succeed(request) {
  const { error } = await request;
  if (error) throw new Error(error.message);
}

/** What changes through the library's own writes, against those of the others. */
async function mutate(view, count) {
  const kinds = {};
  for (let written = 0; written < count; written += 1) {
    const row = one(view.getState().rows);
    if (row === undefined) continue;
    const { kind } = await view.mutate.update(row, appointment());
    kinds[kind] = (kinds[kind] ?? 0) + 1;
  }
  return kinds;
}

const desk = connect(owner);
const phone = connect(customer);
const range = {
  column: "start_time",
  from: new Date(firstDay + 3 * DAY_MS).toISOString(),
  to: new Date(firstDay + 9 * DAY_MS).toISOString(),
};
const of = (column, id) => ({ table: "appointments", filter: `${column}=eq.${id}` });
const order = { column: "start_time" };
const views = {
  all: { hub: desk.hub, spec: { ...of("workspace_id", workspaceId), order } },
  week: { hub: desk.hub, spec: { ...of("workspace_id", workspaceId), order, range } },
  member: { hub: desk.hub, spec: { ...of("team_member_id", memberIds[0]), order } },
  customer: { hub: phone.hub, spec: { ...of("customer_id", customerId), order } },
};
for (const view of Object.values(views)) {
  view.live = view.hub.view(view.spec);
  view.stop = view.live.subscribe(() => {});
}

async function until(condition) {
  const deadline = Date.now() + PATIENCE_MS;
  while (!(await condition())) {
    if (Date.now() > deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return true;
}

/** What the database holds for a view. */
async function truth({ hub, spec }) {
  const [column, value] = spec.filter.split("=eq.");
  let request = hub.client.from("appointments").select("*").eq(column, value);
  if (spec.range) {
    request = request.gte("start_time", spec.range.from).lt("start_time", spec.range.to);
  }
  const { data, error } = await request.order("start_time").order("id");
  if (error) throw new Error(error.message);
  return data;
}

const isLive = ({ live }) => {
  const { status, isLoading } = live.getState();
  return status === "live" && !isLoading;
};
const same = (one, other) => JSON.stringify(one.map(plain)) === JSON.stringify(other.map(plain));
const plain = (row) => Object.entries(row).sort(([one], [other]) => (one < other ? -1 : 1));

const wereLive = await until(() => Object.values(views).every(isLive));
const told = { INSERT: 0, UPDATE: 0, DELETE: 0 };
const count = (change) => {
  told[change.eventType] += 1;
};
views.all.live.listen({ onInsert: count, onUpdate: count, onDelete: count });

const ids = Array.from({ length: WRITERS }, () => []);
const round = (writes) => Promise.all(ids.map((own) => write(writes, own)));
const [outcomes] = await Promise.all([mutate(views.all.live, WRITES), round(WRITES)]);
desk.cut();
phone.cut();
await round(WRITES);

const differences = {};
for (const [name, view] of Object.entries(views)) {
  const expected = await truth(view);
  const agrees = await until(() => isLive(view) && same(view.live.getState().rows, expected));
  differences[name] = agrees ? 0 : difference(expected, view.live.getState());
}

function difference(expected, { rows, status }) {
  const byId = new Map(expected.map((row) => [row.id, row]));
  const off = rows.filter((row) => !byId.has(row.id) || !same([row], [byId.get(row.id)]));
  const found = new Set(rows.map(({ id }) => id));
  const missing = expected.filter(({ id }) => !found.has(id));
  return { status, off: off.slice(0, 3), missing: missing.slice(0, 3) };
}

for (const { stop } of Object.values(views)) stop();
desk.hub.close();
phone.hub.close();
await desk.client.removeAllChannels();
await phone.client.removeAllChannels();
// The client's timers of ten seconds would keep the process waiting.
process.stdout.write(JSON.stringify({ wereLive, differences, outcomes, told }), () => process.exit());
