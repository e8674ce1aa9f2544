// Runs one client of @supabase/supabase-js with a user of its own: each line on stdin is a call in
// JSON, and its outcome, like all that happens to the client, goes out as a line of JSON on stdout.

import { createInterface } from "node:readline";
import { createClient } from "@supabase/supabase-js";

const tell = (happening) => process.stdout.write(`${JSON.stringify(happening)}\n`);

const [url, key] = process.argv.slice(2);
const supabase = createClient(url, key);
const { auth } = supabase;

auth.onAuthStateChange((event, session) => tell({ event, user: session?.user.id ?? null }));

/** Insert a row, and give it as the database has it. */
const insert = ({ table, row }) => supabase.from(table).insert(row).select().single();

/** Follow the rows that others insert; the call ends when none can be missed any more. */
function watch({ table }) {
  const { promise, resolve } = Promise.withResolvers();
  supabase
    .channel("inserts")
    .on("postgres_changes", { event: "INSERT", schema: "public", table }, (change) =>
      tell({ inserted: change.new }),
    )
    .subscribe((status, error) => {
      if (status !== "CLOSED") resolve({ data: status, error: error ?? null });
    });
  return promise;
}

const calls = {
  signUp: (given) => auth.signUp(given),
  signIn: (given) => auth.signInWithPassword(given),
  signInAnonymously: () => auth.signInAnonymously(),
  signOut: (given) => auth.signOut(given),
  refresh: () => auth.refreshSession(),
  setSession: (given) => auth.setSession(given),
  session: () => auth.getSession(),
  user: () => auth.getUser(),
  claims: () => auth.getClaims(),
  updateUser: (given) => auth.updateUser(given),
  insert,
  watch,
};

/** Show an error's own members, which JSON would leave out. */
const shown = ({ name, message, code, status, reasons }) => ({
  name,
  message,
  code,
  status,
  reasons,
});

for await (const line of createInterface({ input: process.stdin })) {
  const { id, call, given } = JSON.parse(line);
  const { data = null, error } = await calls[call](given);
  tell({ id, data, error: error ? shown(error) : null });
}
process.exit();
