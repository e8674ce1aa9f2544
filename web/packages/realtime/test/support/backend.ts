/**
 * The network's edge of a server, in memory: what supabase-js fetches, and what its socket says.
 *
 * Everything between — supabase-js and its Phoenix client — is real. Tables have as much of REST as the
 * library uses.
 */

import { createClient, type SupabaseClient } from "@supabase/supabase-js";

export type Row = Record<string, unknown> & { id: string };
type Operation = "INSERT" | "UPDATE" | "DELETE";
type Binding = { id: number; table: string; filter?: string; select?: string[] };
type Join = { socket: FakeSocket; topic: string; ref: string; bindings: Binding[] };
type Frame = [string | null, string | null, string, string, Record<string, unknown>];

export const URL_OF_BACKEND = "http://backend.test";

export class Backend {
  readonly joins: Join[] = [];
  /** Joins that were not answered yet. */
  readonly knocking: Join[] = [];
  /** Topics in the order they were joined and left. */
  readonly joined: string[] = [];
  readonly left: string[] = [];
  /** Method and path of what was to be fetched from REST, reachable or not. */
  readonly requests: string[] = [];
  /** The body of the last write. */
  lastSent: unknown = null;
  /** Tokens that joins came with. */
  readonly tokens: unknown[] = [];
  /** Whether joins are answered, refused, or left waiting for `admit`. */
  door: "open" | "refuse" | "hold" = "open";
  /** Whether the database confirms subscriptions. */
  confirms = true;
  isReachable = true;
  /** Whether sockets that are open still lead anywhere. */
  hears = true;
  /** Answers to the next REST requests, in place of those of the tables. */
  readonly answers: { status: number; body: unknown }[] = [];
  /** Runs before a REST request is answered. */
  before: ((method: string) => Promise<void> | void) | null = null;
  readonly #tables = new Map<string, Map<string, Row>>();
  readonly #sockets = new Set<FakeSocket>();
  readonly #waiting: (() => void)[] = [];
  #bindingCount = 0;
  #commits = 0;
  #users = 0;
  #email = "nobody";

  client(): SupabaseClient {
    const backend = this;
    return createClient(URL_OF_BACKEND, "key", {
      auth: { persistSession: false, autoRefreshToken: false, storageKey: `test-${Math.random()}` },
      global: { fetch: (input, init) => backend.#fetch(String(input), init ?? {}) },
      realtime: {
        transport: class extends FakeSocket {
          constructor(url: string | URL) {
            super(url, backend);
          }
        } as never,
      },
    });
  }

  rows(table: string): Row[] {
    return [...this.#table(table).values()];
  }

  /** Commits an insert, and tells of it. */
  insert(table: string, row: Row): Row {
    const made = { version: 1, ...row };
    this.#table(table).set(row.id, made);
    this.#tell("INSERT", table, made, null);
    return made;
  }

  /** Commits an update, and tells of it. */
  update(table: string, id: string, changes: Record<string, unknown>): Row {
    const before = this.#table(table).get(id);
    if (!before) throw new Error(`no row ${id}`);
    const after = { ...before, ...changes, version: Number(before.version) + 1 };
    this.#table(table).set(id, after);
    this.#tell("UPDATE", table, after, before);
    return after;
  }

  /** Commits a delete, and tells of it. */
  delete(table: string, id: string): void {
    const before = this.#table(table).get(id);
    this.#table(table).delete(id);
    if (before) this.#tell("DELETE", table, null, before);
  }

  /** Changes a table without telling anybody. */
  silently(work: (table: (name: string) => Map<string, Row>) => void): void {
    work((name) => this.#table(name));
  }

  /** Answers the joins that were held. */
  admit(): void {
    this.door = "open";
    for (const answer of this.#waiting.splice(0)) answer();
  }

  /** Cuts all sockets as a lost network does. */
  cut(): void {
    for (const socket of [...this.#sockets]) socket.lose();
  }

  /** Says something to all channels, those that are joining among them. */
  say(event: string, payload: Record<string, unknown>): void {
    for (const { socket, topic, ref } of [...this.joins, ...this.knocking]) {
      socket.receive([ref, null, topic, event, payload]);
    }
  }

  opened(socket: FakeSocket): void {
    if (this.isReachable) this.#sockets.add(socket);
    setTimeout(() => (this.isReachable ? socket.open() : socket.lose()), 0);
  }

  closed(socket: FakeSocket): void {
    this.#sockets.delete(socket);
    for (const join of this.joins.filter((one) => one.socket === socket)) {
      this.joins.splice(this.joins.indexOf(join), 1);
    }
  }

  hear(socket: FakeSocket, [joinRef, ref, topic, event, payload]: Frame): void {
    if (!this.hears) return;
    const reply = (status: string, response: Record<string, unknown>) =>
      setTimeout(() => socket.receive([joinRef, ref, topic, "phx_reply", { status, response }]), 0);
    switch (event) {
      case "phx_join":
        this.tokens.push(payload.access_token);
        this.#join(socket, topic, String(joinRef), payload, reply);
        break;
      case "phx_leave":
        this.left.push(topic);
        this.joins.splice(0, this.joins.length, ...this.joins.filter((one) => one.topic !== topic));
        reply("ok", {});
        break;
      default:
        reply("ok", {});
    }
  }

  #join(
    socket: FakeSocket,
    topic: string,
    ref: string,
    payload: Record<string, unknown>,
    reply: (status: string, response: Record<string, unknown>) => void,
  ): void {
    this.joined.push(topic);
    const config = payload.config as { postgres_changes: Omit<Binding, "id">[] };
    const admit = () => {
      if (this.door === "refuse") {
        reply("error", { reason: "refused" });
        return;
      }
      const bindings = config.postgres_changes.map((binding) => {
        this.#bindingCount += 1;
        return { ...binding, id: this.#bindingCount };
      });
      this.joins.push({ socket, topic, ref, bindings });
      reply("ok", { postgres_changes: bindings });
      const confirmation = {
        extension: "postgres_changes",
        status: "ok",
        message: "",
        channel: "",
      };
      if (this.confirms) {
        setTimeout(() => socket.receive([ref, null, topic, "system", confirmation]), 0);
      }
    };
    if (this.door === "hold") {
      const knocking = { socket, topic, ref, bindings: [] };
      this.knocking.push(knocking);
      this.#waiting.push(() => {
        this.knocking.splice(this.knocking.indexOf(knocking), 1);
        admit();
      });
    } else {
      admit();
    }
  }

  #tell(type: Operation, table: string, record: Row | null, old: Row | null): void {
    this.#commits += 1;
    const commit_timestamp = new Date(1_700_000_000_000 + this.#commits).toISOString();
    for (const { socket, topic, ref, bindings } of this.joins) {
      for (const binding of bindings) {
        if (binding.table !== table || !isLetThrough(binding.filter, record ?? old)) continue;
        const data = { schema: "public", table, type, commit_timestamp, columns: [], errors: null };
        const payload = { ids: [binding.id], data: { ...data, record, old_record: old } };
        socket.receive([ref, null, topic, "postgres_changes", payload]);
      }
    }
  }

  #table(name: string): Map<string, Row> {
    const found = this.#tables.get(name) ?? new Map<string, Row>();
    this.#tables.set(name, found);
    return found;
  }

  async #fetch(url: string, { method = "GET", body }: RequestInit): Promise<Response> {
    const { pathname, search, searchParams } = new URL(url);
    const sent = typeof body === "string" && body !== "" ? JSON.parse(body) : null;
    if (!pathname.startsWith("/auth/")) this.requests.push(`${method} ${pathname}${search}`);
    if (!this.isReachable) throw new TypeError("Failed to fetch");
    if (pathname.startsWith("/auth/")) return this.#authenticate(pathname, sent);
    if (sent) this.lastSent = sent;
    await this.before?.(method);
    if (!this.isReachable) throw new TypeError("Failed to fetch");
    const scripted = this.answers.shift();
    if (scripted) return answer(scripted.body, scripted.status);
    return this.#query(method, pathname.replace("/rest/v1/", ""), searchParams, sent);
  }

  #query(
    method: string,
    table: string,
    query: URLSearchParams,
    body: Record<string, unknown> | null,
  ): Response {
    const found = this.rows(table).filter((row) =>
      [...query].every(
        ([column, test]) => RESERVED.has(column) || isLetThrough(`${column}=${test}`, row),
      ),
    );
    switch (method) {
      case "GET":
        return answer(page(found, query));
      case "POST":
        if (this.#table(table).has(String(body?.id))) {
          return answer({ code: "23505", message: "duplicate key", hint: null }, 409);
        }
        return answer([this.insert(table, body as Row)], 201);
      case "PATCH":
        return answer(found.map(({ id }) => this.update(table, id, body ?? {})));
      default:
        for (const { id } of found) this.delete(table, id);
        return answer(found);
    }
  }

  #authenticate(pathname: string, sent: { email?: string } | null): Response {
    if (!pathname.endsWith("/token")) return answer({});
    this.#users += 1;
    const email = sent?.email ?? this.#email;
    this.#email = email;
    return answer({
      access_token: `token-${this.#users}-of-${email}`,
      refresh_token: "refresh",
      token_type: "bearer",
      expires_in: 3600,
      user: { id: email, email, aud: "authenticated", app_metadata: {}, user_metadata: {} },
    });
  }
}

/** A response as supabase-js reads it; the browser's own would take time that tests do not fake. */
function answer(body: unknown, status = 200): Response {
  const ok = status < 400;
  const text = JSON.stringify(body);
  return {
    ok,
    status,
    statusText: "",
    headers: new Headers(),
    text: async () => text,
    json: async () => JSON.parse(text),
  } as Response;
}

const RESERVED = new Set(["select", "order", "limit", "offset", "columns"]);

function isLetThrough(filter: string | undefined, row: Row | null): boolean {
  if (!filter || !row) return true;
  const [, column = "", operator, value = ""] = /^([^=]+)=(\w+)\.?(.*)$/.exec(filter) ?? [];
  const actual = row[column];
  switch (operator) {
    case "eq":
      return String(actual) === value;
    case "gt":
      return comparable(actual) > comparable(value);
    case "gte":
      return comparable(actual) >= comparable(value);
    case "lt":
      return comparable(actual) < comparable(value);
    default:
      throw new Error(`the backend does not know ${filter}`);
  }
}

function comparable(value: unknown): string | number {
  return Number.isNaN(Number(value)) ? String(value) : Number(value);
}

function page(rows: Row[], query: URLSearchParams): Row[] {
  const orders = (query.get("order") ?? "id.asc").split(",").map((order) => order.split("."));
  const sorted = [...rows].sort((one, other) => {
    for (const [column = "id", direction] of orders) {
      const [first, second] = [one[column] as string | number, other[column] as string | number];
      if (first !== second) return (first < second ? -1 : 1) * (direction === "desc" ? -1 : 1);
    }
    return 0;
  });
  const offset = Number(query.get("offset") ?? 0);
  return sorted.slice(offset, offset + Number(query.get("limit") ?? 1_000));
}

class FakeSocket {
  readyState = 0;
  binaryType = "arraybuffer";
  onopen: (() => void) | null = null;
  onclose: ((event: { code: number; reason: string; wasClean: boolean }) => void) | null = null;
  onerror: ((event: unknown) => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  readonly url: string;
  readonly #backend: Backend;

  constructor(url: string | URL, backend: Backend) {
    this.url = String(url);
    this.#backend = backend;
    backend.opened(this);
  }

  open(): void {
    if (this.readyState !== 0) return;
    this.readyState = 1;
    this.onopen?.();
  }

  send(data: string): void {
    this.#backend.hear(this, JSON.parse(data) as Frame);
  }

  receive(frame: Frame): void {
    if (this.readyState === 1) this.onmessage?.({ data: JSON.stringify(frame) });
  }

  close(code = 1000, reason = ""): void {
    this.#end(code, reason);
  }

  lose(): void {
    this.#end(1006, "");
  }

  #end(code: number, reason: string): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.#backend.closed(this);
    this.onclose?.({ code, reason, wasClean: code === 1000 });
  }
}
