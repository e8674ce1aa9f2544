// The inspector: forms to a channel, and what comes on it to a list.

import { adviceFor, adviceForClose, adviceForSilence } from "./advice.js";
import { Connection } from "./protocol.js";

const EVENT_LIMIT = 500;
const CLOCK = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3, hourCycle: "h23",
});
const byId = (id) => document.getElementById(id);
const given = JSON.parse(document.body.dataset.given);

let connection = null;
let context = { topic: "", bindings: [], publication: given.publication };
let isJoined = false;
let present = new Map();
let isPaused = false;
let held = [];
let eventCount = 0;

// --- what the forms say

function addBinding() {
  const binding = byId("binding-template").content.firstElementChild.cloneNode(true);
  byId("bindings").append(binding);
  nameBindings();
  binding.querySelector(".remove").addEventListener("click", () => {
    binding.remove();
    nameBindings();
    byId("add-binding").focus();
  });
  return binding;
}

function nameBindings() {
  const groups = document.querySelectorAll(".binding");
  for (const [index, group] of groups.entries()) group.setAttribute("aria-label", `Binding ${index + 1}`);
}

function readBinding(group) {
  const field = (name) => group.querySelector(`[data-field=${name}]`).value.trim();
  const columns = field("select").split(",").map((column) => column.trim()).filter(Boolean);
  return {
    event: field("event"),
    schema: field("schema") || "*",
    ...(field("table") && { table: field("table") }),
    ...(field("filter") && { filter: field("filter") }),
    ...(columns.length > 0 && { select: columns }),
  };
}

function readJoin() {
  const token = byId("token").value.trim();
  return {
    config: {
      private: byId("private").checked,
      broadcast: { self: byId("self").checked, ack: byId("ack").checked },
      presence: { enabled: byId("presence").checked, key: byId("presence-key").value.trim() },
      postgres_changes: [...document.querySelectorAll(".binding")].map(readBinding),
    },
    ...(token && { access_token: token }),
  };
}

function readJson(field, problem) {
  try {
    byId(problem).hidden = true;
    return { value: JSON.parse(byId(field).value) };
  } catch (error) {
    byId(problem).textContent = `That is not JSON: ${error.message}`;
    byId(problem).hidden = false;
    byId(field).focus();
    return null;
  }
}

// --- the channel

function say(state, text) {
  byId("state").dataset.state = state;
  byId("state").textContent = text;
}

function become(joined) {
  isJoined = joined;
  for (const id of ["send", "track-button", "untrack"]) byId(id).disabled = !joined;
  byId("apply-token").hidden = !joined;
  byId("leave").hidden = connection === null;
  byId("join-button").textContent = connection === null ? "Join" : "Join again";
  if (!joined) showPresent(new Map());
}

function socketUrl() {
  const url = new URL("/realtime/v1/websocket", location.href);
  url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  url.searchParams.set("apikey", byId("api-key").value.trim());
  url.searchParams.set("vsn", "2.0.0");
  return url;
}

function connect() {
  disconnect();
  const payload = readJoin();
  const current = new Connection(socketUrl());
  let wasOpen = false;
  connection = current;
  context = {
    topic: byId("topic").value.trim(),
    bindings: payload.config.postgres_changes,
    publication: given.publication,
  };
  byId("advice").replaceChildren();
  become(false);
  say("busy", "Connecting …");
  current.addEventListener("open", () => {
    wasOpen = true;
    say("busy", "Joining …");
    join(current, payload);
  });
  current.addEventListener("beat", ({ detail }) => {
    if (current === connection) byId("beat").textContent = `heartbeat ${detail.toFixed(1)} ms`;
  });
  current.addEventListener("message", ({ detail }) => {
    if (current === connection) receive(detail);
  });
  current.addEventListener("close", ({ detail }) => {
    if (current !== connection) return;
    connection = null;
    become(false);
    byId("beat").textContent = "";
    say(wasOpen ? "off" : "bad", wasOpen ? `Disconnected (${detail.code})` : "Refused");
    advise(`Closed with ${detail.code}${detail.reason && `: ${detail.reason}`}`, adviceForClose(detail.code, wasOpen));
  });
}

async function join(current, payload) {
  const { status, response } = await current.join(`realtime:${context.topic}`, payload);
  if (current !== connection) return;
  if (status === "ok") {
    become(true);
    say("live", `Joined ${context.topic}`);
    list({ kind: "system", title: "Joined", value: response });
    return;
  }
  const reason = status === "timeout" ? "The server did not answer." : (response.reason ?? status);
  say("bad", "Join refused");
  list({ kind: "system", title: "Join refused", text: reason, status: "error" });
  advise(reason, adviceFor(reason, context));
}

function disconnect() {
  const former = connection;
  connection = null;
  former?.close();
  byId("beat").textContent = "";
  become(false);
}

function receive({ event, payload }) {
  switch (event) {
    case "postgres_changes":
      list({ kind: "change", title: `${payload.data.type} ${payload.data.schema}.${payload.data.table}`, change: payload.data });
      break;
    case "broadcast":
      list({ kind: "broadcast", title: payload.event ?? "broadcast", value: payload.payload, meta: payload.meta });
      break;
    case "presence_state":
      showPresent(new Map(Object.entries(payload).map(([key, { metas }]) => [key, metas])));
      list({ kind: "presence", title: "State", value: payload });
      break;
    case "presence_diff":
      applyDiff(payload);
      list({ kind: "presence", title: "Difference", value: payload });
      break;
    case "system":
      receiveSystem(payload);
      break;
    case "phx_close":
    case "phx_error":
      become(false);
      say("off", "The channel has ended");
      list({ kind: "system", title: "Channel closed" });
      break;
  }
}

function receiveSystem({ status, extension, message }) {
  list({ kind: "system", title: extension, text: message, status });
  if (message === "Subscribed to PostgreSQL") {
    advise("", adviceForSilence(context), true);
    return;
  }
  const advice = adviceFor(message, context);
  if (status === "error" || advice) advise(message, advice);
}

async function answered(reply, problem) {
  const { status, response } = (await reply) ?? { status: "ok" };
  if (status === "ok") return;
  const words = response?.reason ?? response?.error ?? (typeof response === "string" ? response : "");
  byId(problem).textContent = words || "The server refused, or did not answer. On a private channel it takes a policy for insert on realtime.messages.";
  byId(problem).hidden = false;
  if (words) advise(words, adviceFor(words, context));
}

// --- presence

function applyDiff({ joins, leaves }) {
  const now = new Map(present);
  for (const [key, { metas }] of Object.entries(leaves)) {
    const gone = new Set(metas.map((meta) => meta.phx_ref));
    const left = (now.get(key) ?? []).filter((meta) => !gone.has(meta.phx_ref));
    if (left.length > 0) now.set(key, left);
    else now.delete(key);
  }
  for (const [key, { metas }] of Object.entries(joins)) now.set(key, [...(now.get(key) ?? []), ...metas]);
  showPresent(now);
}

function showPresent(now) {
  present = now;
  byId("present-count").textContent = isJoined ? `${now.size} here` : "";
  byId("present").replaceChildren(
    ...[...now].map(([key, metas]) => {
      const shown = metas.map(({ phx_ref: _ref, phx_ref_prev: _previous, ...meta }) => meta);
      return element("li", {}, element("strong", {}, key), element("pre", {}, pretty(shown.length === 1 ? shown[0] : shown)));
    }),
  );
}

// --- the list

function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value);
  made.append(...children);
  return made;
}

function pretty(value) {
  return JSON.stringify(value, null, 2);
}

function cell(record, column) {
  if (record === undefined || !(column in record)) return element("td", { class: "missing" }, "–");
  return element("td", {}, JSON.stringify(record[column]));
}

/** Show a row, beside its old values where there are some; `≠` marks what differs. */
function rowTable({ type, columns, record, old_record: old }) {
  const names = columns.map(({ name }) => name);
  const isUpdate = type === "UPDATE";
  const heads = isUpdate ? ["column", "old", "new"] : ["column", "value"];
  const head = element("tr", {}, ...heads.map((text) => element("th", { scope: "col" }, text)));
  const rows = names.map((name) => {
    const isChanged = isUpdate && old && name in old && JSON.stringify(old[name]) !== JSON.stringify(record[name]);
    const cells = isUpdate ? [cell(old, name), cell(record, name)] : [cell(record ?? old, name)];
    return element("tr", isChanged ? { class: "changed" } : {}, element("th", { scope: "row" }, name), ...cells);
  });
  return element("table", { class: "row" }, element("thead", {}, head), element("tbody", {}, ...rows));
}

function eventBody({ change, value, meta, text }) {
  const parts = [];
  if (text) parts.push(element("p", {}, text));
  if (change) {
    parts.push(rowTable(change));
    if (change.errors) parts.push(element("p", {}, change.errors.join("; ")));
    parts.push(element("details", {}, element("summary", {}, "JSON"), element("pre", {}, pretty(change))));
  }
  if (value !== undefined) parts.push(element("pre", {}, pretty(value)));
  if (meta) parts.push(element("p", { class: "hint" }, `meta ${JSON.stringify(meta)}`));
  return parts;
}

function eventItem(entry) {
  const time = element("time", { datetime: entry.at.toISOString() }, CLOCK.format(entry.at));
  const head = element("div", { class: "event-head" }, element("strong", {}, entry.title), element("span", { class: "kind" }, entry.kind), time);
  const item = element("li", { "data-kind": entry.kind, "data-status": entry.status ?? "ok", class: "fresh" }, head, ...eventBody(entry));
  item.hidden = !isKindShown(entry.kind);
  return item;
}

function isKindShown(kind) {
  return document.querySelector(`[data-kind=${kind}][type=checkbox]`).checked;
}

function list(entry) {
  eventCount += 1;
  const dated = { ...entry, at: new Date() };
  if (isPaused) {
    held.push(dated);
    held.splice(0, held.length - EVENT_LIMIT);
  } else {
    showEvents([dated]);
  }
  showCount();
}

function showEvents(entries) {
  const events = byId("events");
  for (const entry of entries) events.prepend(eventItem(entry));
  while (events.children.length > EVENT_LIMIT) events.lastElementChild.remove();
  byId("empty").hidden = events.children.length > 0;
}

function showCount() {
  byId("event-count").textContent = isPaused ? `${eventCount}, ${held.length} held back` : `${eventCount || ""}`;
}

// --- advice

function copyable(text) {
  const button = element("button", { type: "button" }, "Copy");
  const pre = element("pre", {}, text);
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(pre);
    }
  });
  return element("div", { class: "copyable" }, pre, button);
}

/** Show what to do about *message*, the server's words; quietly folded where nothing is wrong. */
function advise(message, advice, isQuiet = false) {
  if (!advice) return;
  const steps = advice.steps.map((step) => (step.sql ? copyable(step.sql) : element("p", {}, step)));
  if (isQuiet) {
    const folded = element("details", { class: "advice" }, element("summary", {}, advice.title), ...steps);
    byId("advice").replaceChildren(folded);
    return;
  }
  const dismiss = element("button", { type: "button", class: "dismiss" }, "Dismiss");
  const said = message ? [element("p", { class: "said" }, message)] : [];
  const box = element("div", { class: "advice" }, element("h3", {}, advice.title), ...said, ...steps, dismiss);
  dismiss.addEventListener("click", () => box.remove());
  byId("advice").replaceChildren(box);
}

// --- begin

byId("api-key").value = given.apiKey;
byId("tables").append(...given.tables.map((name) => element("option", { value: name.split(".").slice(1).join(".") }, name)));
addBinding();

byId("add-binding").addEventListener("click", () => addBinding().querySelector("select").focus());
byId("join").addEventListener("submit", (event) => {
  event.preventDefault();
  connect();
});
byId("leave").addEventListener("click", () => {
  disconnect();
  say("off", "Not connected");
});
byId("apply-token").addEventListener("click", () => connection.tell("access_token", { access_token: byId("token").value.trim() }));
byId("broadcast").addEventListener("submit", (event) => {
  event.preventDefault();
  const payload = readJson("payload", "broadcast-problem");
  if (payload && isJoined) {
    answered(connection.broadcast(byId("event").value, payload.value, byId("ack").checked), "broadcast-problem");
  }
});
byId("track").addEventListener("submit", (event) => {
  event.preventDefault();
  const meta = readJson("meta", "track-problem");
  if (meta) {
    answered(connection.push("presence", { type: "presence", event: "track", payload: meta.value }), "track-problem");
  }
});
byId("untrack").addEventListener("click", () =>
  answered(connection.push("presence", { type: "presence", event: "untrack" }), "track-problem"),
);
byId("pause").addEventListener("click", () => {
  isPaused = !isPaused;
  byId("pause").setAttribute("aria-pressed", isPaused);
  if (!isPaused) {
    showEvents(held);
    held = [];
  }
  showCount();
});
byId("clear").addEventListener("click", () => {
  byId("events").replaceChildren();
  byId("empty").hidden = false;
  held = [];
  eventCount = 0;
  showCount();
});
for (const box of document.querySelectorAll("[data-kind][type=checkbox]")) {
  box.addEventListener("change", () => {
    for (const item of document.querySelectorAll(`#events > [data-kind=${box.dataset.kind}]`)) item.hidden = !box.checked;
  });
}
