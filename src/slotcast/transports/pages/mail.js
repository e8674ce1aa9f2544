// The mailbox: a list that grows as mails come, and the mail that the address names (#number).

const byId = (id) => document.getElementById(id);
let mails = [];
let known = null;

function when(text) {
  const at = new Date(text);
  const isToday = at.toDateString() === new Date().toDateString();
  return isToday ? at.toLocaleTimeString() : at.toLocaleString();
}

function item(mail) {
  const link = document.createElement("a");
  link.href = `#${mail.number}`;
  if (location.hash === link.hash) link.setAttribute("aria-current", "true");
  if (known !== null && !known.has(mail.number)) link.className = "new";
  const subject = document.createElement("strong");
  subject.textContent = mail.subject;
  const time = document.createElement("time");
  time.dateTime = mail.received_at;
  time.textContent = when(mail.received_at);
  const to = document.createElement("span");
  to.className = "to";
  to.textContent = mail.to;
  link.append(subject, time, to);
  const entry = document.createElement("li");
  entry.append(link);
  return entry;
}

function showList() {
  byId("mails").replaceChildren(...mails.map(item));
  byId("empty").hidden = mails.length > 0;
  byId("clear").hidden = mails.length === 0;
  byId("count").textContent = mails.length === 1 ? "1 mail" : `${mails.length} mails`;
}

function view(kind) {
  byId("html").hidden = kind !== "html";
  byId("text").hidden = kind !== "text";
  byId("as-html").setAttribute("aria-pressed", kind === "html");
  byId("as-text").setAttribute("aria-pressed", kind === "text");
}

let opened = "";
function showMessage() {
  const mail = mails.find(({ number }) => `#${number}` === location.hash);
  const isAsked = location.hash.length > 1;
  byId("mail").classList.toggle("opened", isAsked);
  byId("message").hidden = !mail;
  byId("gone").hidden = !isAsked || Boolean(mail);
  if (!mail || opened === location.hash) {
    if (!mail) opened = "";
    return;
  }
  opened = location.hash;
  byId("subject").textContent = mail.subject;
  byId("to").textContent = mail.to;
  byId("from").textContent = mail.from;
  byId("received").textContent = when(mail.received_at);
  byId("code").textContent = mail.code;
  byId("code-box").hidden = !mail.code;
  byId("link").href = mail.link;
  byId("link-box").hidden = !mail.link;
  byId("text").textContent = mail.text;
  byId("as-html").disabled = !mail.html;
  if (mail.html) byId("html").src = `/mail/api/messages/${mail.number}/html`;
  view(mail.html ? "html" : "text");
  byId("subject").focus({ preventScroll: true });
  scrollTo(0, 0);
}

async function load() {
  const response = await fetch("/mail/api/messages");
  if (!response.ok) return;
  ({ messages: mails } = await response.json());
  showList();
  showMessage();
  known = new Set(mails.map(({ number }) => number));
}

byId("html").addEventListener("load", () => {
  const page = byId("html").contentDocument;
  if (page) byId("html").style.height = `${Math.min(page.documentElement.scrollHeight + 2, 1200)}px`;
});
byId("as-html").addEventListener("click", () => view("html"));
byId("as-text").addEventListener("click", () => view("text"));
byId("copy").addEventListener("click", async () => {
  try {
    await navigator.clipboard.writeText(byId("code").textContent);
    byId("copy").textContent = "Copied";
    setTimeout(() => { byId("copy").textContent = "Copy"; }, 1500);
  } catch {
    getSelection().selectAllChildren(byId("code"));
  }
});
byId("clear").addEventListener("click", async () => {
  await fetch("/mail/api/messages", { method: "DELETE" });
  history.replaceState(null, "", "/mail");
  await load();
});
addEventListener("hashchange", () => { showList(); showMessage(); });
new EventSource("/mail/api/events").addEventListener("message", load);
