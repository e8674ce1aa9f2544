// A live server by hand: LISTEN, and send each notification to those whom it concerns.
//
// Clients connect with what they are: /?keys=USER,WORKSPACE,... There are no tokens, and nothing
// is asked of row level security: whoever wrote this server repeated its policies in `keysOf`.
// Prints its port when it listens.

import pg from "pg";
import { WebSocketServer } from "ws";

const clients = new Map(); // key → set of connections

const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: false });

server.on("connection", (connection, request) => {
  const keys = new URL(request.url, "http://localhost").searchParams.get("keys").split(",");
  for (const key of keys) {
    if (!clients.has(key)) clients.set(key, new Set());
    clients.get(key).add(connection);
  }
  connection.on("close", () => {
    for (const key of keys) clients.get(key).delete(connection);
  });
});

function keysOf(row) {
  return [row.workspace_id, row.customer_id];
}

const database = new pg.Client({ connectionString: process.argv[2] });
await database.connect();
database.on("notification", ({ payload }) => {
  const concerned = new Set();
  for (const key of keysOf(JSON.parse(payload))) {
    for (const connection of clients.get(key) ?? []) concerned.add(connection);
  }
  for (const connection of concerned) connection.send(payload);
});
await database.query("listen changes");

if (server.address()) console.log(server.address().port);
else server.on("listening", () => console.log(server.address().port));
