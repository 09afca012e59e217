// A summary above the thread: asked for by a click, shown as plain text while it is written, then as the server
// renders it. A new message makes it old.
import { socket } from "./socket.js";

const part = (name) => document.getElementById(`summary-${name}`);
const whole = () => document.getElementById("summary");
let asked = false;
let current = null; // {id, seq, text}

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
  if (!asked) return;
  say(whole().dataset.writing);
  arrange(true);
}

function end(problem) {
  const { id } = current;
  current = null;
  if (!problem) {
    window.htmx.ajax("GET", whole().dataset.url, { target: "#summary", swap: "outerHTML" });
    return id;
  }
  say(problem);
  arrange(false);
  return id;
}

const frames = {
  "draft.started"({ draft, kind }) {
    if (kind !== "summary" || current?.id === draft || !part("box")) return;
    asked = false;
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
    if (current?.id !== draft) return;
    end(finish_reason === "stopped" ? document.getElementById("draft-panel").dataset.stopped : "");
  },
  "draft.failed"({ draft, error }) {
    if (current?.id === draft) end(error.message);
  },
  error({ error }) {
    if (!asked) return;
    asked = false;
    say(error.message);
    arrange(false);
  },
  lost() {
    if (asked) arrange(false);
    asked = false;
  },
  open() {
    if (current) socket.send({ type: "draft.resume", draft: current.id });
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
  if (event.target.closest("#summary-stop") && current) socket.send({ type: "draft.stop", draft: current.id });
});
