// The start page: copy buttons, tabs, and the live panel.

"use strict";
const SHOWN = 50;
const HEARTBEAT_MS = 25000;
const byId = (id) => document.getElementById(id);

for (const button of document.querySelectorAll(".copyable button")) {
  button.addEventListener("click", async () => {
    const pre = button.previousElementSibling;
    try {
      await navigator.clipboard.writeText(pre.textContent);
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = "Copy"; }, 1500);
    } catch {
      getSelection().selectAllChildren(pre);
    }
  });
}

const tabs = [...document.querySelectorAll("[role=tab]")];
function select(chosen) {
  for (const tab of tabs) {
    const isChosen = tab === chosen;
    tab.setAttribute("aria-selected", isChosen);
    tab.tabIndex = isChosen ? 0 : -1;
    byId(tab.getAttribute("aria-controls")).hidden = !isChosen;
  }
}
select(tabs[0]);
for (const [index, tab] of tabs.entries()) {
  tab.addEventListener("click", () => select(tab));
  tab.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step) {
      const next = tabs[(index + step + tabs.length) % tabs.length];
      select(next);
      next.focus();
    }
  });
}

const DID = { book: "booked", move: "moved", cancel: "cancelled" };
async function letCustomer(button) {
  const action = button.dataset.customer;
  button.disabled = true;
  try {
    const answer = await fetch("/demo/customer", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ action, ...shownDay() }),
    });
    const told = await answer.json();
    byId("customer-did").textContent = told.refused ?? told.error ?? story(told);
    if (told.appointment) showDay(told.appointment);
  } catch {
    byId("customer-did").textContent = "The server does not answer; is it still running?";
  }
  button.disabled = false;
}
/** Where the dashboard beside is, while it shows a single day of its calendar. */
function dayView() {
  const frame = document.querySelector(".dashboard iframe").contentWindow;
  const address = new URL(frame.location.href);
  const isDay = (address.searchParams.get("view") ?? "day") === "day";
  return address.pathname === "/dashboard/" && isDay ? { address, frame } : null;
}
function shownDay() {
  const day = dayView()?.address.searchParams.get("date");
  return day ? { day } : {};
}
/** What happened on another day than the one that is shown would not be seen. */
function showDay({ start_time, time_zone }) {
  const view = dayView();
  if (!view) return;
  const dayOf = (time) => new Date(time).toLocaleDateString("sv", { timeZone: time_zone });
  const day = dayOf(start_time);
  if ((view.address.searchParams.get("date") ?? dayOf(Date.now())) === day) return;
  view.address.searchParams.set("date", day);
  view.frame.history.pushState(null, "", view.address);
  // Which is how the app hears of it, without being loaded again.
  view.frame.dispatchEvent(new PopStateEvent("popstate"));
}
function story({ action, appointment }) {
  const when = new Date(appointment.start_time)
    .toLocaleString([], {
      weekday: "short", day: "numeric", month: "short", hour: "numeric", minute: "2-digit",
      timeZone: appointment.time_zone, // as the apps show it
    });
  const what = `${appointment.service} with ${appointment.team_member}`;
  return `${appointment.customer_name} ${DID[action]} ${what}${action === "move" ? " to" : ","} ${when}.`;
}
for (const button of document.querySelectorAll("[data-customer]")) {
  button.addEventListener("click", () => letCustomer(button));
}

function show(change) {
  const item = document.createElement("li");
  const time = document.createElement("time");
  time.textContent = new Date().toLocaleTimeString();
  const what = document.createElement("strong");
  what.textContent = `${change.type} ${change.schema}.${change.table}`;
  const row = document.createElement("pre");
  row.textContent = JSON.stringify(change.type === "DELETE" ? change.old_record : change.record);
  item.append(time, what, row);
  const list = byId("changes");
  list.prepend(item);
  while (list.children.length > SHOWN) list.lastChild.remove();
}

let socket = null;
function say(text) { byId("status").textContent = text; }
function stop() {
  if (socket) socket.close(1000);
}
function watch() {
  const url = new URL("/realtime/v1/websocket", location.href);
  url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  url.searchParams.set("apikey", byId("key").textContent);
  url.searchParams.set("vsn", "1.0.0");
  const current = socket = new WebSocket(url);
  let ref = 1;
  const push = (topic, event, payload, joinRef) =>
    current.send(JSON.stringify({ topic, event, payload, ref: String(ref++), join_ref: joinRef }));
  const heartbeat = setInterval(() => {
    if (current.readyState === WebSocket.OPEN) push("phoenix", "heartbeat", {}, null);
  }, HEARTBEAT_MS);
  say("Connecting …");
  byId("watch").textContent = "Stop";
  current.onopen = () => push("realtime:start-page", "phx_join",
    { config: { postgres_changes: [{ event: "*", schema: "public" }] } }, "1");
  current.onmessage = ({ data }) => {
    const { event, payload } = JSON.parse(data);
    if (event === "postgres_changes") show(payload.data);
    else if (event === "system") say(payload.status === "ok" ? "Live: waiting for changes." : payload.message);
    else if (event === "phx_reply" && payload.status === "error") say(payload.response.reason || "Refused.");
    else if (event === "phx_close" || event === "phx_error") stop();
  };
  current.onclose = ({ code }) => {
    clearInterval(heartbeat);
    socket = null;
    byId("watch").textContent = "Watch changes";
    say(code === 1000 ? "Not connected." : `Disconnected (${code}).`);
  };
}
byId("watch").addEventListener("click", () => (socket ? stop() : watch()));
