// The inbox: what is chosen, and rows that follow what happens, without moving what somebody looks at.
const results = document.getElementById("results");
const list = () => document.getElementById("rows");
const checks = () => [...results.querySelectorAll(".row-check")];

function words(element, n) {
  return (n === 1 ? element.dataset.one : element.dataset.many).replace("%n", n);
}

function count() {
  const n = checks().filter((check) => check.checked).length;
  const said = document.getElementById("bulk-count");
  if (said) said.textContent = n ? words(said, n) : "";
  const all = document.getElementById("check-page");
  if (all) {
    all.checked = n > 0 && n === checks().length;
    all.indeterminate = n > 0 && !all.checked;
  }
}

results.addEventListener("change", (event) => {
  if (event.target.id === "check-page") checks().forEach((check) => { check.checked = event.target.checked; });
  if (event.target.id === "bulk-everything" && event.target.checked) checks().forEach((check) => { check.checked = true; });
  count();
});

const AGAIN = 5000; // milliseconds after which rows are asked for anew that did not come
let present = {};
let fresh = new Set();

function showPresent() {
  for (const row of results.querySelectorAll(".row")) {
    const names = present[row.id.slice(4)] ?? [];
    const place = row.querySelector("[data-present]");
    place.hidden = !names.length;
    place.querySelector("[data-names]").textContent = names.join(", ");
  }
}

function showNews() {
  const news = document.getElementById("news");
  news.hidden = !fresh.size;
  if (fresh.size) news.firstElementChild.textContent = words(news.firstElementChild, fresh.size);
}

// Whether a row stands on a later page: in the order of their last messages, that can be told from here.
function further(row) {
  const last = list().lastElementChild;
  if (!results.querySelector("[rel=next]") || list().dataset.query.includes("sort=")) return false;
  const [here, end] = [row, last].map(({ dataset }) => dataset.moment);
  return here < end || (here === end && Number(row.id.slice(4)) < Number(last.id.slice(4))); // one import, one moment
}

// A row keeps its place, its choice and its focus; what is new or belongs elsewhere is told in a line above.
function put(row) {
  const old = document.getElementById(row.id);
  if (!old) {
    const { query, asOf, deep } = list().dataset;
    const known = query.includes("sort=") && Number(row.dataset.updated) < Number(asOf); // stood elsewhere as this was made
    if (deep === undefined && !known && !further(row)) fresh.add(row.id);
    return;
  }
  if (row.dataset.moment !== old.dataset.moment && !old.matches(":first-child")) fresh.add(row.id);
  const focused = old.contains(document.activeElement) ? document.activeElement.className : "";
  row.querySelector(".row-check").checked = old.querySelector(".row-check").checked;
  old.replaceWith(row);
  if (focused) row.getElementsByClassName(focused)[0]?.focus({ preventScroll: true });
}

// The rows as they stand; null for who may not ask any more. Throws where it is worth asking again.
async function ask(query, ids) {
  const answer = await fetch(`/inbox/rows/?${query}&ids=${ids.join(",")}`, { headers: { "HX-Request": "true" } });
  if (answer.status >= 500) throw new Error(answer.statusText);
  return answer.ok && !answer.headers.has("HX-Redirect") ? answer.text() : null;
}

async function refresh(ids) {
  const here = list();
  let html;
  try {
    html = await ask(here.dataset.query, ids);
  } catch {
    setTimeout(() => list() === here && refresh(ids), AGAIN);
    return;
  }
  if (html === null || list() !== here) return; // other filters: the list that came asks for what it missed
  const holder = document.createElement("template");
  holder.innerHTML = html;
  const rows = [...holder.content.querySelectorAll(".row")];
  rows.forEach(put);
  const fitting = new Set(rows.map((row) => row.id));
  for (const id of ids) {
    const gone = !fitting.has(`row-${id}`) && document.getElementById(`row-${id}`);
    if (gone) gone.classList.add("row-left");
  }
  showPresent();
  showNews();
}

const shown = () => [...list().children].map((row) => Number(row.id.slice(4)));

// What this page shows comes first; where too much has changed to be named, all of that is asked for.
function changed({ tickets, more }) {
  const first = more ? shown() : shown().filter((id) => tickets.includes(id));
  refresh([...new Set([...first, ...tickets.reverse()])].slice(0, 200));
}

// Seconds of the server's clock up to which this page knows what has changed: when it was made, or last heard anything.
let made = Date.now();
let heard = made;
const asOf = () => Number(list().dataset.asOf) + (heard - made) / 1000;
const catchUp = () => socket?.readyState === 1 && socket.send(JSON.stringify({ type: "since", at: asOf(), shown: shown() }));
let socket = null;
let wait = 1000;

function connect() {
  socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws/inbox/`);
  const ping = setInterval(() => socket.readyState === 1 && socket.send('{"type":"ping"}'), 20_000);
  socket.onopen = catchUp;
  socket.onmessage = (event) => {
    const said = JSON.parse(event.data);
    wait = 1000; // one that opens and is closed at once brings nothing
    heard = Date.now();
    if (said.type === "inbox.changed") { changed(said); document.dispatchEvent(new Event("collie:news")); }
    if (said.type === "inbox.presence") { present = said.tickets; showPresent(); }
  };
  socket.onclose = (event) => {
    clearInterval(ping);
    if (event.code === 4401) return;
    setTimeout(connect, wait);
    wait = Math.min(wait * 2, 30_000);
  };
}

document.addEventListener("htmx:afterSwap", ({ detail }) => {
  fresh = new Set();
  showPresent();
  count();
  if (detail.target !== results) return;
  made = heard = Date.now();
  catchUp();
});
addEventListener("pageshow", count);
count();
connect();
