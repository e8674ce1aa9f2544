// Runs chains of calls on query builders of @supabase/supabase-js: each line on stdin is a request in
// JSON, and its outcome is a line of JSON on stdout.

import { createInterface } from "node:readline";
import * as postgrest from "@supabase/postgrest-js";
import { createClient } from "@supabase/supabase-js";

const clients = {};

/** Make a client of an API key, that acts as the user of *token* if there is one. */
function connect({ client, url, key, token }) {
  clients[client] = createClient(url, key, token ? { accessToken: async () => token } : {});
  return {};
}

const signals = {
  open: () => new AbortController().signal,
  aborted: () => AbortSignal.abort(),
};

/** Put what JSON cannot say in its place. */
const meant = (argument) => (argument?.$signal ? signals[argument.$signal]() : argument);

/** Call the methods *calls* one after the other, each on what the one before it gave. */
const build = (client, calls, note = () => {}) =>
  calls.reduce((builder, [method, args]) => {
    note(builder, method);
    return builder[method](...args.map(meant));
  }, clients[client]);

async function run({ client, calls }) {
  try {
    const { data, count = null, status, error } = await build(client, calls);
    return { data, count, status, error: error && shown(error) };
  } catch (error) {
    return { thrown: error.name, error: shown(error) };
  }
}

/** Show an error's own members, which JSON would leave out. */
const shown = ({ message, code, details, hint }) => ({ message, code, details, hint });

const classes = Object.values(postgrest).filter((found) => found.prototype && found.name);

const methodsOf = ({ prototype }) =>
  Object.getOwnPropertyNames(prototype).filter((name) => name !== "constructor");

/** Tell which methods the builders have, and which of them *chains* call. */
function survey({ client, chains }) {
  const called = new Set();
  const note = (builder, method) => {
    for (const owner of classes) {
      const isOfIt = builder instanceof owner && methodsOf(owner).includes(method);
      if (isOfIt) called.add(`${owner.name}.${method}`);
    }
  };
  for (const calls of chains) {
    const builder = build(client, calls, note);
    note(builder, "then"); // which `await` calls
    if (!(builder instanceof postgrest.PostgrestBuilder)) builder.catch(() => {});
  }
  const methods = classes.flatMap((owner) => methodsOf(owner).map((name) => `${owner.name}.${name}`));
  return { methods, called: [...called] };
}

const requests = { connect, run, survey };

for await (const line of createInterface({ input: process.stdin })) {
  const { request, ...given } = JSON.parse(line);
  process.stdout.write(`${JSON.stringify(await requests[request](given))}\n`);
}
process.exit();
