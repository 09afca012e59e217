// A summary above the thread: asked for by a click, shown as plain text while it is written, then as the server
// renders it. A new message makes it old.
import { socket } from "./socket.js";

const part = (name) => document.getElementById(`summary-${name}`);
const whole = () => document.getElementById("summary");
const words = document.getElementById("draft-panel").dataset;
let asked = false; // a request was sent and not answered yet
let lost = false; // its answer may have been lost with the line
let over = ""; // why no connection will come back
let current = null; // {id, seq, text}
let given = ""; // one that was to stop: until its end is heard, the stop may have been lost

function say(text) {
  if (part("status")) part("status").textContent = text;
}

function arrange(writing) {
  part("start").hidden = writing;
  part("stop").hidden = !writing;
  part("box").classList.toggle("summary-shown", writing || Boolean(part("text").textContent.trim()));
}

function show(text) {
  current.text = text;
  part("text").classList.add("message-text");
  part("text").textContent = text;
}

function start() {
  if (asked || current) return;
  asked = socket.send({ type: "draft.start", kind: "summary" });
  say(asked ? whole().dataset.writing : over || words.lost);
  arrange(asked);
}

function stop() {
  if (!current) return;
  given = current.id;
  if (!socket.send({ type: "draft.stop", draft: given })) end(words.stopped); // what was written so far is shown
}

function renew() {
  lost = false;
  window.htmx.ajax("GET", whole().dataset.url, { target: "#summary", swap: "outerHTML" });
}

function end(problem) {
  current = null;
  if (!problem) {
    renew();
    return;
  }
  say(problem);
  arrange(false);
}

const frames = {
  "draft.started"({ draft, kind }) {
    if (kind !== "summary" || draft === given || current?.id === draft || !part("box")) return;
    asked = lost = false;
    current = { id: draft, seq: 0, text: "" };
    say(whole().dataset.writing);
    show("");
    arrange(true);
  },
  "draft.delta"({ draft, seq, text }) {
    if (current?.id !== draft || seq <= current.seq) return;
    if (seq !== current.seq + 1) {
      socket.send({ type: "draft.resume", draft });
      return;
    }
    current.seq = seq;
    show(current.text + text);
  },
  "draft.snapshot"({ draft, seq, text }) {
    if (current?.id !== draft) return;
    current.seq = seq;
    show(text);
  },
  "draft.done"({ draft, finish_reason }) {
    if (draft === given) given = "";
    if (current?.id === draft) end(finish_reason === "stopped" ? words.stopped : "");
  },
  "draft.failed"({ draft, error }) {
    if (draft === given) given = "";
    if (current?.id === draft) end(error.message);
  },
  error({ error }) {
    if (!asked) return;
    asked = false;
    say(error.message);
    arrange(false);
  },
  lost({ code, final }) {
    if (final) over = code === 4401 ? words.loggedOut : words.gone;
    if (!asked && !current) return;
    lost ||= asked;
    asked = false;
    if (final) end(over);
    else {
      say(words.lost);
      arrange(Boolean(current));
    }
  },
  open() {
    if (part("status")?.textContent === words.lost) say(current ? whole().dataset.writing : "");
    if (given) socket.send({ type: "draft.stop", draft: given });
    for (const draft of new Set([given, current?.id].filter(Boolean))) socket.send({ type: "draft.resume", draft });
    if (lost && !socket.send({ type: "ping" })) renew();
  },
  pong() { // by then the server has named what it writes: what was lost is either ready or was never asked for
    if (lost && !current && !asked) renew();
  },
  message() {
    if (!part("box") || current) return;
    if (part("text").textContent.trim()) say(whole().dataset.stale);
    if (part("start")) part("start").hidden = false;
  },
};

for (const [type, handle] of Object.entries(frames)) {
  socket.addEventListener(type, (event) => handle(event.detail));
}
document.addEventListener("click", (event) => {
  if (event.target.closest("#summary-start")) start();
  if (event.target.closest("#summary-stop")) stop();
});
