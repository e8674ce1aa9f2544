// Prints every change of an appointment that you may see, as it is committed.
//
//   API_URL=… ANON_KEY=… node examples/watch.mjs [TOKEN]
//
// TOKEN says who you are; without one you are anonymous. README.md beside this file shows how.

import { createClient } from "@supabase/supabase-js";

const { API_URL, ANON_KEY } = process.env;
const token = process.argv[2];
if (!API_URL || !ANON_KEY) {
  console.error("Set API_URL and ANON_KEY; `slotcast status --output env` prints them.");
  process.exit(2);
}

// An app returns the token of its user's session here.
const supabase = createClient(API_URL, ANON_KEY, token && { accessToken: async () => token });

// A channel that is joined before the client has asked for the token is joined without it.
await supabase.realtime.setAuth();

supabase
  .channel("appointments")
  .on("postgres_changes", { event: "*", schema: "public", table: "appointments" }, show)
  .on("system", {}, explain)
  .subscribe(report);

/** Print a change. A DELETE has only the old row, an INSERT only the new one. */
function show({ eventType, old, new: row }) {
  const { customer_name, start_time, status } = eventType === "DELETE" ? old : row;
  console.log(`${eventType} ${customer_name} ${start_time} ${status}`);
}

/** Print what the server says of the subscription: a right or a column that is missing … */
function explain({ status, message }) {
  console.error(status === "ok" ? message : `Nothing will come: ${message}`);
}

/** Print what became of the channel. Unless it is closed, the client tries again by itself. */
function report(status, error) {
  if (status === "SUBSCRIBED") {
    console.error("Watching appointments; Ctrl+C ends it.");
  } else if (status === "CLOSED") {
    console.error("The server has closed the channel.");
    process.exit(1);
  } else if (supabase.realtime.isConnected()) {
    console.error(`The server refuses the subscription: ${error?.message ?? status}`);
  } else {
    console.error(`No connection: does ${API_URL} run, and is ANON_KEY one of its keys?`);
  }
}
