// Runs two clients of @supabase/supabase-js, a user's and an administrator's: each line on stdin is
// a call in JSON, with the method's own name and arguments, and its outcome goes out on stdout.

import { createInterface } from "node:readline";
import { createClient } from "@supabase/supabase-js";

const [url, key, secretKey, flowType] = process.argv.slice(2);
const clients = {
  user: createClient(url, key, { auth: { flowType, detectSessionInUrl: false } }).auth,
  admin: createClient(url, secretKey, { auth: { persistSession: false } }).auth.admin,
};

for await (const line of createInterface({ input: process.stdin })) {
  const { client, method, args } = JSON.parse(line);
  const { data = null, error } = await clients[client][method](...args);
  const { code, status, message } = error ?? {};
  process.stdout.write(
    `${JSON.stringify({ data, error: error ? { code, status, message } : null })}\n`,
  );
}
process.exit();
