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

function subscribe({ client, channel, topic, config, bindings }) {
  const { supabase, channels } = clients.get(client);
  const subscribed = supabase.channel(topic, { config });
  bindings.forEach((binding, index) => {
    subscribed.on("postgres_changes", binding, (payload) =>
      tell({ client, kind: "change", channel, binding: index, payload }),
    );
  });
  subscribed.on("system", {}, (payload) => tell({ client, kind: "system", channel, payload }));
  subscribed.subscribe((status, error) =>
    tell({ client, kind: "status", channel, status, error: error?.message ?? null }),
  );
  channels.set(channel, subscribed);
}

async function remove({ client, channel }) {
  const { supabase, channels } = clients.get(client);
  const result = await supabase.removeChannel(channels.get(channel));
  tell({ client, kind: "removed", channel, result });
}

/** Become another user, as an app does whose session has changed. */
async function actAs({ client, token }) {
  const state = clients.get(client);
  state.token = token;
  await state.supabase.realtime.setAuth();
}

const commands = { connect, subscribe, remove, actAs };

for await (const line of createInterface({ input: process.stdin })) {
  const { command, ...given } = JSON.parse(line);
  try {
    await commands[command](given);
  } catch (error) {
    tell({ client: given.client, kind: "thrown", text: error.message });
  }
}
process.exit();
