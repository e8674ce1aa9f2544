// Runs clients of @supabase/supabase-js as a test tells it to: each line on stdin is a command
// in JSON, and everything that happens to a client goes out as a line of JSON on stdout.

import { createInterface } from "node:readline";
import { createClient } from "@supabase/supabase-js";

const tell = (happening) => process.stdout.write(`${JSON.stringify(happening)}\n`);

for (const level of ["warn", "error"]) {
  console[level] = (...parts) => tell({ kind: "complaint", text: parts.map(String).join(" ") });
}

const clients = new Map();

/** Make a client; without a token it has only its key. */
function connect({ client, url, key, token, realtime }) {
  const state = { token, channels: new Map() };
  state.supabase = createClient(url, key, {
    ...(token === null ? {} : { accessToken: async () => state.token }),
    realtime: {
      ...realtime,
      heartbeatCallback: (status) => tell({ client, kind: "heartbeat", status }),
    },
  });
  clients.set(client, state);
}

/** Make a channel without joining it. */
function open({ client, channel, topic, config }) {
  const { supabase, channels } = clients.get(client);
  const opened = supabase.channel(topic, { config });
  channels.set(channel, opened);
  return opened;
}

function subscribe({ client, channel, topic, config, bindings, presence }) {
  const subscribed = open({ client, channel, topic, config });
  bindings.forEach((binding, index) => {
    subscribed.on("postgres_changes", binding, (payload) =>
      tell({ client, kind: "change", channel, binding: index, payload }),
    );
  });
  subscribed.on("system", {}, (payload) => tell({ client, kind: "system", channel, payload }));
  subscribed.on("broadcast", { event: "*" }, ({ event, payload, meta }) =>
    tell({ client, kind: "broadcast", channel, event, ...written(payload), meta: meta ?? null }),
  );
  if (presence) watchPresence(client, channel, subscribed);
  subscribed.subscribe((status, error) =>
    tell({ client, kind: "status", channel, status, error: error?.message ?? null }),
  );
}

/** Tell of presence; a channel with such callbacks asks for the state when it joins. */
function watchPresence(client, channel, subscribed) {
  for (const event of ["sync", "join", "leave"]) {
    subscribed.on("presence", { event }, (change) => {
      const state = subscribed.presenceState();
      tell({ client, kind: "presence", channel, event, change, state });
    });
  }
}

/** Write a broadcast's payload as JSON can have it: bytes in hexadecimal. */
function written(payload) {
  return payload instanceof ArrayBuffer
    ? { bytes: Buffer.from(payload).toString("hex") }
    : { payload };
}

/** Read a payload that a test gives: bytes become an ArrayBuffer. */
function read({ bytes, payload }) {
  return bytes === undefined ? payload : Uint8Array.from(Buffer.from(bytes, "hex")).buffer;
}

/** Let a channel do something, and tell of the outcome. */
async function act({ client, channel }, work) {
  let result;
  try {
    result = await work(clients.get(client).channels.get(channel));
  } catch (error) {
    result = error.message;
  }
  tell({ client, kind: "done", channel, result });
}

const send = (given) =>
  act(given, (channel) =>
    channel.send({ type: "broadcast", event: given.event, payload: read(given) }),
  );

const httpSend = (given) =>
  act(given, async (channel) => {
    const result = await channel.httpSend(given.event, read(given));
    return result.success ? "ok" : result.error;
  });

const track = (given) => act(given, (channel) => channel.track(given.payload));
const untrack = (given) => act(given, (channel) => channel.untrack());

/** Remove a channel; as in most apps, nothing waits for the outcome. */
function remove({ client, channel }) {
  const { supabase, channels } = clients.get(client);
  const removal = supabase.removeChannel(channels.get(channel));
  removal.then((result) => tell({ client, kind: "removed", channel, result }));
}

/**
 * Become another user, as an app does whose session has changed: through its `accessToken`, or
 * without one by saying so.
 */
async function actAs({ client, token }) {
  const state = clients.get(client);
  const isAsked = state.token !== null;
  state.token = isAsked ? token : null;
  await state.supabase.realtime.setAuth(isAsked ? undefined : token);
}

const commands = { connect, open, subscribe, send, httpSend, track, untrack, remove, actAs };

for await (const line of createInterface({ input: process.stdin })) {
  const { command, ...given } = JSON.parse(line);
  try {
    await commands[command](given);
  } catch (error) {
    tell({ client: given.client, kind: "thrown", text: error.message });
  }
}
process.exit();
