// Drafts in the composer: asks for one, shows it as it is written, and leaves every decision to the person.
import { usd } from "./money.js";
import { socket } from "./socket.js";
import "./summary.js";

const composer = document.getElementById("composer");
const body = document.getElementById("reply-body");
const used = document.getElementById("draft-id");
const panel = document.getElementById("draft-panel");
const part = (name) => document.getElementById(`draft-${name}`);
const words = panel.dataset;

const STILL_WANTED = 20000; // milliseconds in which a connection that comes back brings what was asked for

let current = null; // the draft in the composer: {id, kind, sources, seq, text, live, begun}
let offered = null; // one that is not shown because something else is in the composer: {id, kind, sources}
let asked = false; // a start was sent and not answered yet
let wanted = null; // what was asked for and not answered yet: {what, at, sent}; unsent where there was no connection
let newest = ""; // the last draft that the server named
let over = ""; // why no connection will come back
let given = ""; // a draft that was to stop: while it goes on without us, only its end counts
let wish = {}; // what was asked for last
let before = null; // what the composer had: its text, and the draft that this was: {text, id}
let replaced = null; // the draft that the current one took the place of

function say(text, { error = false, retry = false } = {}) {
  part("status").textContent = part("status").title = text;
  part("status").toggleAttribute("data-error", error);
  part("retry").hidden = !retry;
}

function arrange() {
  const live = asked || Boolean(current?.live);
  const kept = current && !live;
  part("start").hidden = live || Boolean(kept);
  part("stop").hidden = !live;
  part("again").hidden = !kept;
  part("undo").hidden = !current;
  part("use").hidden = part("discard").hidden = !offered;
  if (part("presets")) part("presets").hidden = live || Boolean(kept || offered || part("status").textContent);
  body.readOnly = live;
  body.setAttribute("aria-busy", String(live));
  for (const button of composer.querySelectorAll(".composer-send .btn")) button.setAttribute("aria-disabled", String(live));
  listSources(current?.sources ?? []);
}

function listSources(sources) {
  part("sources").hidden = !sources.length;
  part("sources-count").textContent = words.sources.replace("%n", sources.length);
  part("sources-list").replaceChildren(...sources.map(({ id, title, url, label }) => {
    const link = document.createElement("a");
    Object.assign(link, { href: url, target: "_blank", rel: "noopener", textContent: label ?? `#${id} ${title}` });
    const item = document.createElement("li");
    item.append(link);
    return item;
  }));
}

function ask(what) {
  if (asked || part("start").disabled) return;
  offered = null;
  wish = what;
  document.dispatchEvent(new Event("composer:keep")); // soon the composer holds what is not the person's
  asked = socket.send({ type: "draft.start", ...chosen(), ...what });
  wanted = { what, at: Date.now(), sent: asked };
  if (asked) composer.dataset.drafted = "";
  say(asked ? words.asking : over || words.lost, { error: !asked });
  arrange();
}

function start() {
  ask({ instruction: part("instruction").value });
}

function again() {
  ask(wish.kind === "translation" ? wish : { ...wish, instruction: part("instruction").value });
}

function stop() {
  if (!current?.live) return;
  given = current.id;
  if (socket.send({ type: "draft.stop", draft: given })) return;
  finish(current.text); // no connection: the composer must not stay locked
  say(words.stopped);
}

// Puts a draft into the composer; what was there comes back with Undo. A draft that replaces another keeps what was
// there before both; a translation replaces what it translates.
function adopt(draft) {
  const replaces = composer.hasAttribute("data-ai") && draft.kind !== "translation";
  if (!replaces) before = { text: body.value, id: used.value, ai: composer.hasAttribute("data-ai") };
  replaced = replaces && current && !current.live ? current : null;
  current = { ...draft, seq: 0, text: "", live: true, begun: performance.now() };
  offered = null;
  used.value = draft.id;
  composer.dataset.ai = "";
  composer.dataset.drafted = "";
  show("");
}

function show(text) {
  const atEnd = body.scrollHeight - body.scrollTop - body.clientHeight < 40;
  current.text = text;
  body.value = text;
  if (atEnd) body.scrollTop = body.scrollHeight;
}

function letGo() {
  current = null;
  used.value = "";
  delete composer.dataset.ai;
  delete composer.dataset.drafted;
}

function undo() {
  stop();
  letGo();
  body.value = before.text;
  used.value = before.id;
  composer.toggleAttribute("data-ai", before.ai);
  body.focus();
  say("");
  arrange();
}

// A draft of which nothing came leaves the one it was to replace.
function bringBack() {
  if (!replaced) {
    undo();
    return;
  }
  current = replaced;
  replaced = null;
  used.value = current.id;
  show(current.text);
}

function finish(text) {
  current.live = false;
  show(text);
  arrange();
}

// Whether the composer holds this draft as it came: one that has ended is not put over what was typed since.
function holds(id) {
  return current?.id === id && (current.live || body.value === current.text);
}

function seconds(frame) {
  const milliseconds = frame.latency_ms ?? performance.now() - current.begun;
  return (milliseconds / 1000).toFixed(1);
}

function writing() {
  return current.kind === "translation" ? words.translating : words.writing;
}

function summary(frame) {
  if (frame.finish_reason === "stopped") return words.stopped;
  if (frame.finish_reason === "length") return words.cut;
  if (frame.unreadable_events) return words.unreadable;
  const cost = usd(frame.cost_usd, words.free);
  const said = current.kind === "translation" ? words.translated : words.done;
  return said.replace("%s", seconds(frame)).replace("%c", cost);
}

const frames = {
  "draft.started"({ draft: id, kind, sources }) {
    if (kind === "summary" || current?.id === id) return;
    newest = id;
    const draft = { id, kind, sources };
    const free = !body.value.trim() || composer.hasAttribute("data-ai");
    if (wanted || free) adopt(draft);
    else {
      offered = draft;
      say(words.elsewhere);
    }
    if (current?.id === id) say(words.asking);
    asked = false;
    wanted = null;
    arrange();
  },
  "draft.waiting"({ draft, seconds: left, reason }) {
    const text = reason === "retry" ? words.retrying : words.waiting;
    if (current?.id === draft) say(text.replace("%n", left));
  },
  "draft.delta"({ draft, seq, text }) {
    if (!holds(draft) || seq <= current.seq) return;
    if (seq !== current.seq + 1) {
      socket.send({ type: "draft.resume", draft });
      return;
    }
    if (current.seq === 0) say(writing());
    current.seq = seq;
    show(current.text + text);
  },
  "draft.snapshot"({ draft, seq, text }) {
    if (!holds(draft)) return;
    Object.assign(current, { seq, live: true }); // also one that ended too soon
    show(text);
    if (seq) say(writing());
    arrange();
  },
  "draft.done"(frame) {
    if (offered?.id === frame.draft) say(words.offer);
    if (!holds(frame.draft)) return;
    const text = summary(frame);
    finish(frame.text);
    say(text);
  },
  "draft.failed"({ draft, error, text }) {
    if (offered?.id === draft && text) say(words.offer);
    else if (offered?.id === draft) {
      offered = null;
      say(error.message, { error: true });
      arrange();
    }
    if (!holds(draft)) return;
    finish(text);
    if (!text) bringBack();
    say(error.message, { error: true, retry: error.retryable });
    arrange();
  },
  "draft.latest"({ draft: id, kind, sources, state }) {
    if (newest !== id && !asked) wanted = null; // what was asked for was heard, and only the answer lost
    newest = id;
    if (current?.id === id || asked) return;
    offered = { id, kind, sources };
    if (!body.value.trim() && state === "streaming") takeUp();
    else say(state === "streaming" ? words.elsewhere : words.offer);
    arrange();
  },
  error({ error }) {
    if (!asked) return;
    asked = false;
    wanted = null;
    if (!current) delete composer.dataset.drafted;
    say(error.message, { error: true, retry: ["busy", "unreached"].includes(error.code) });
    arrange();
  },
  open() {
    const saidSo = part("status").textContent === words.lost;
    if (saidSo) say(current?.live ? writing() : "");
    if (!asked && (!saidSo || Date.now() - wanted?.at > STILL_WANTED)) wanted = null;
    if (given) socket.send({ type: "draft.stop", draft: given });
    if (wanted && !wanted.sent) ask(wanted.what);
    else if (wanted && !asked && !socket.send({ type: "ping" })) {
      wanted = null;
      say(words.unreached, { error: true, retry: true });
    }
    const followed = new Set([given, current?.live && current.id].filter(Boolean));
    for (const draft of followed) socket.send({ type: "draft.resume", draft });
  },
  pong() { // by then the server has named what it writes: a request that it did not name was lost with the line
    if (wanted && !asked) ask(wanted.what);
  },
  lost({ code, final }) {
    if (asked && !current) delete composer.dataset.drafted;
    asked = false;
    if (final) {
      wanted = null;
      over = code === 4401 ? words.loggedOut : words.gone;
      if (current) current.live = false;
      say(over, { error: true });
    } else if (current?.live || wanted) say(words.lost, { error: !current?.live });
    arrange();
  },
};

function takeUp() {
  const draft = offered;
  adopt(draft);
  socket.send({ type: "draft.resume", draft: draft.id });
  arrange();
}

function discard() {
  socket.send({ type: "draft.discard", draft: offered.id });
  offered = null;
  say("");
  arrange();
}

for (const [type, handle] of Object.entries(frames)) {
  socket.addEventListener(type, ({ detail }) => {
    const ends = type === "draft.done" || type === "draft.failed";
    const goesOn = given && detail.draft === given && !(current?.id === given && current.live);
    if (ends || !goesOn) handle(detail);
    if (ends && detail.draft === given) given = "";
  });
}
for (const [name, act] of Object.entries({ start, stop, again, retry: again, undo, use: takeUp, discard })) {
  part(name).addEventListener("click", act);
}

// Tone and model are kept in this browser; the menu that sets them is fetched when it is opened.
const KEPT = "collie-draft";

function chosen() {
  try {
    return { tone: "friendly", model: "", ...JSON.parse(localStorage.getItem(KEPT)) };
  } catch {
    return { tone: "friendly", model: "" };
  }
}

const options = part("options");
options?.addEventListener("htmx:afterSwap", () => {
  for (const [name, value] of Object.entries(chosen())) {
    const radio = [...options.querySelectorAll(`[name=draft-${name}]`)].find((one) => one.value === value);
    if (radio) radio.checked = true;
  }
});
options?.addEventListener("change", ({ target }) => {
  localStorage.setItem(KEPT, JSON.stringify({ ...chosen(), [target.name.slice("draft-".length)]: target.value }));
});
options?.addEventListener("click", ({ target }) => {
  if (!target.closest("[data-translate]")) return;
  options.open = false;
  ask({ kind: "translation", text: body.value });
});
part("presets")?.addEventListener("click", ({ target }) => {
  const preset = Number(target.closest("[data-preset]")?.dataset.preset);
  if (preset) ask({ preset, instruction: part("instruction").value });
});

// Menus open upwards, out of the composer, which scrolls.
function place(menu) {
  const { top, right } = menu.getBoundingClientRect();
  const { style, offsetWidth } = menu.querySelector(".menu-items");
  const { clientWidth } = document.documentElement;
  style.bottom = `${innerHeight - top + 4}px`;
  style.right = `${Math.max(16, Math.min(clientWidth - right, clientWidth - offsetWidth - 16))}px`;
  style.maxHeight = `${top - 12}px`;
}

for (const menu of [options, part("sources")]) menu?.addEventListener("toggle", () => place(menu));

// Enter in the instruction line asks for a draft; the form around it must not be sent by it.
part("instruction").addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.isComposing) return;
  event.preventDefault();
  start();
});

// Who edits the text has taken it over.
body.addEventListener("input", () => {
  delete composer.dataset.ai;
  delete composer.dataset.drafted;
});

document.addEventListener("submit", (event) => {
  if (event.target !== composer || !(asked || current?.live)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  say(words.busy, { error: true });
}, true);

composer.querySelector(".composer-modes").dataset.edge = words.edge; // shown while the composer has data-ai
arrange();
