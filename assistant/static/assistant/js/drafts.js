// Drafts in the composer: asks for one, shows it as it is written, and leaves every decision to the person.
import { socket } from "./socket.js";
import "./summary.js";

const composer = document.getElementById("composer");
const body = document.getElementById("reply-body");
const used = document.getElementById("draft-id");
const panel = document.getElementById("draft-panel");
const part = (name) => document.getElementById(`draft-${name}`);
const words = panel.dataset;

let current = null; // the draft in the composer: {id, kind, sources, seq, text, live, begun}
let offered = null; // one that is not shown because something else is in the composer: {id, kind, sources}
let asked = false; // a start was sent and not answered yet
let wish = {}; // what was asked for last
let before = null; // what the composer had: its text, and the draft that this was: {text, id}

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
  if (asked) composer.dataset.drafted = "";
  say(asked ? words.asking : words.lost, { error: !asked });
  arrange();
}

function start() {
  ask({ instruction: part("instruction").value });
}

function again() {
  ask(wish.kind === "translation" ? wish : { ...wish, instruction: part("instruction").value });
}

function stop() {
  if (!current?.live || socket.send({ type: "draft.stop", draft: current.id })) return;
  finish(current.text); // no connection: the composer must not stay locked
  say(words.stopped);
}

// Puts a draft into the composer; what was there comes back with Undo. A draft that replaces another keeps what was
// there before both; a translation replaces what it translates.
function adopt(draft) {
  const replaces = composer.hasAttribute("data-ai") && draft.kind !== "translation";
  if (!replaces) before = { text: body.value, id: used.value, ai: composer.hasAttribute("data-ai") };
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

function finish(text) {
  current.live = false;
  show(text);
  arrange();
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
  const cost = frame.cost_usd === null ? words.free : `${frame.cost_usd} USD`;
  const said = current.kind === "translation" ? words.translated : words.done;
  return said.replace("%s", seconds(frame)).replace("%c", cost);
}

const frames = {
  "draft.started"({ draft: id, kind, sources }) {
    if (kind === "summary" || current?.id === id) return;
    const draft = { id, kind, sources };
    const free = !body.value.trim() || composer.hasAttribute("data-ai");
    if (asked || free) adopt(draft);
    else {
      offered = draft;
      say(words.elsewhere);
    }
    if (current?.id === id) say(words.asking);
    asked = false;
    arrange();
  },
  "draft.waiting"({ draft, seconds: left, reason }) {
    const text = reason === "retry" ? words.retrying : words.waiting;
    if (current?.id === draft) say(text.replace("%n", left));
  },
  "draft.delta"({ draft, seq, text }) {
    if (current?.id !== draft || seq <= current.seq) return;
    if (seq !== current.seq + 1) {
      socket.send({ type: "draft.resume", draft });
      return;
    }
    if (current.seq === 0) say(writing());
    current.seq = seq;
    show(current.text + text);
  },
  "draft.snapshot"({ draft, seq, text }) {
    if (current?.id !== draft) return;
    current.seq = seq;
    show(text);
    if (seq) say(writing());
  },
  "draft.done"(frame) {
    if (offered?.id === frame.draft) say(words.offer);
    if (current?.id !== frame.draft) return;
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
    if (current?.id !== draft) return;
    finish(text);
    if (!text) undo();
    say(error.message, { error: true, retry: error.retryable });
  },
  "draft.latest"({ draft: id, kind, sources, state }) {
    if (current?.id === id || asked) return;
    offered = { id, kind, sources };
    if (!body.value.trim() && state === "streaming") takeUp();
    else say(state === "streaming" ? words.elsewhere : words.offer);
    arrange();
  },
  error({ error }) {
    if (!asked) return;
    asked = false;
    if (!current) delete composer.dataset.drafted;
    say(error.message, { error: true, retry: ["busy", "unreached"].includes(error.code) });
    arrange();
  },
  open() {
    if (part("status").textContent === words.lost) say(current?.live ? writing() : "");
    if (current?.live) socket.send({ type: "draft.resume", draft: current.id });
  },
  lost({ code, final }) {
    asked = false;
    if (final && current) current.live = false;
    if (final) say(code === 4401 ? words.loggedOut : words.gone, { error: true });
    else if (current?.live) say(words.lost);
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
  socket.addEventListener(type, (event) => handle(event.detail));
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

// Menus open upwards, out of the composer, which scrolls; they close with Escape and with a click elsewhere.
function place(menu) {
  const { top, right } = menu.getBoundingClientRect();
  const { style, offsetWidth } = menu.querySelector(".menu-items");
  const { clientWidth } = document.documentElement;
  style.bottom = `${innerHeight - top + 4}px`;
  style.right = `${Math.max(16, Math.min(clientWidth - right, clientWidth - offsetWidth - 16))}px`;
  style.maxHeight = `${top - 12}px`;
}

for (const menu of [options, part("sources")]) {
  menu?.addEventListener("toggle", () => place(menu));
  menu?.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    menu.open = false;
    menu.querySelector("summary").focus();
    event.stopPropagation();
  });
  document.addEventListener("click", ({ target }) => { if (menu && !menu.contains(target)) menu.open = false; });
}

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
