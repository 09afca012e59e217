// The page of a triage run: figures come over a websocket, or by asking every 2 s where none opens; what is made of
// words and tables is fetched anew as HTML when the figures have changed.
import { usd } from "./money.js";

const OPENS_WITHIN = 3000;
const POLL_EVERY = 2000;
const PING_EVERY = 20000;
const RECONNECT_AFTER = [1000, 2000, 5000, 10000];
const REFRESH_AFTER = 300; // what changes together is fetched together
const REFRESH_EVERY = 3000;
const LOOK_ANYWAY = 15000; // to notice that no worker runs
const GONE = new Set([4401, 4404]);

const page = document.getElementById("run");
const bar = document.getElementById("run-bar");
const number = new Intl.NumberFormat(document.documentElement.lang);
let failures = 0;
let polling = 0;
let refreshing = 0;
let stale = false; // something has changed since the page was last fetched
let seen = page.dataset.seen;
let latest;

function put(name, text) {
  for (const element of page.querySelectorAll(`[data-show="${name}"]`)) {
    if (element.textContent !== text) element.textContent = text;
  }
}

function duration(seconds) {
  if (seconds < 90) return page.dataset.seconds.replace("%n", Math.max(1, seconds));
  if (seconds < 90 * 60) return page.dataset.minutes.replace("%n", Math.round(seconds / 60));
  const minutes = String(Math.floor((seconds % 3600) / 60)).padStart(2, "0");
  return page.dataset.hours.replace("%n", Math.floor(seconds / 3600)).replace("%m", minutes);
}

function show(progress) {
  bar.max = progress.total || 1;
  bar.value = progress.done;
  for (const name of ["done", "total", "classified", "needs_human", "failed", "pending", "requests"]) {
    put(name, number.format(progress[name]));
  }
  put("cost", usd(progress.cost, page.dataset.unknown));
  put("waiting", progress.waiting);
  page.querySelector(".run-waiting").hidden = !progress.waiting;
  page.querySelector(".run-left").hidden = progress.seconds_left === null;
  if (progress.seconds_left !== null) put("left", duration(progress.seconds_left));
  showCategories(progress);
  const now = [progress.state, progress.done, progress.requests, progress.undo_left].join();
  if (now !== seen) refreshSoon();
  seen = now;
  latest = progress;
}

function showCategories({ categories, classified }) {
  const part = document.getElementById("run-categories");
  const blank = part.querySelector("template").content.firstElementChild;
  part.hidden = !categories.length;
  part.querySelector("tbody").replaceChildren(...categories.map(({ name, tickets }) => {
    const row = document.importNode(blank, true);
    row.querySelector("th").textContent = name;
    row.querySelector(".run-number").textContent = number.format(tickets);
    const share = row.querySelector("progress");
    share.max = classified || 1;
    share.value = tickets;
    share.setAttribute("aria-label", name);
    return row;
  }));
}

function refreshSoon() {
  stale = true;
  refreshing ||= setTimeout(refresh, REFRESH_AFTER);
}

async function refresh() {
  const begun = performance.now();
  stale = false;
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (answer.redirected) return location.reload();
    if (answer.ok) swap(new DOMParser().parseFromString(await answer.text(), "text/html"));
    if (stale && latest) show(latest); // it came while the page was on its way
  } catch {
    // The connection is gone for now; the next news or look asks again.
  }
  // A page that takes long is asked for less often.
  await new Promise((done) => setTimeout(done, Math.max(REFRESH_EVERY, 5 * (performance.now() - begun))));
  refreshing = 0;
  if (stale) refreshSoon();
}

function swap(fresh) {
  const focused = document.activeElement;
  const key = focused?.id ? `#${CSS.escape(focused.id)}` : `a[href="${CSS.escape(focused?.getAttribute("href") ?? "")}"]`;
  for (const old of page.querySelectorAll("[data-refresh]")) {
    const found = fresh.getElementById(old.id);
    if (!found || found.innerHTML === old.innerHTML) continue;
    const held = old.contains(focused);
    old.replaceChildren(...document.adoptNode(found).childNodes);
    if (held) old.querySelector(key)?.focus();
  }
}

function connect() {
  const address = new URL(page.dataset.socket, location.href);
  address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  const socket = new WebSocket(address);
  const pings = setInterval(() => socket.readyState === WebSocket.OPEN && socket.send('{"type":"ping"}'), PING_EVERY);
  const late = setTimeout(poll, OPENS_WITHIN);
  socket.addEventListener("message", ({ data }) => {
    const message = JSON.parse(data);
    if (message.type !== "run.progress") return;
    clearTimeout(late);
    clearInterval(polling);
    polling = failures = 0;
    show(message);
  });
  socket.addEventListener("close", ({ code }) => {
    clearTimeout(late);
    clearInterval(pings);
    if (GONE.has(code)) return end();
    poll();
    setTimeout(connect, RECONNECT_AFTER[Math.min(failures++, RECONNECT_AFTER.length - 1)]);
  });
}

function poll() {
  polling ||= setInterval(async () => {
    try {
      const answer = await fetch(page.dataset.poll, { redirect: "error" });
      if (answer.ok) show(await answer.json());
    } catch {
      // Offline: the next turn asks again.
    }
  }, POLL_EVERY);
}

function end() {
  clearInterval(polling);
  const notice = document.createElement("p");
  notice.className = "run-notice run-notice-warn";
  notice.textContent = page.dataset.loggedOut;
  document.getElementById("run-notices").replaceChildren(notice);
}

connect();
setInterval(() => document.hidden || refreshSoon(), LOOK_ANYWAY);
