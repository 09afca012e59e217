// Who else is here, and what they change, on a page that stays open.
const composer = document.getElementById("composer");
const IDLE = 6000; // milliseconds without a key after which nobody is writing
const GATHER = 250; // several changes at once are one request
const AGAIN = 5000; // after one that failed
let people = [];
let told = "";
let idle = 0;
let due = 0;
let whole = false;

function tell(typing) {
  if (typing === told) return;
  told = typing;
  document.dispatchEvent(new CustomEvent("ticket:send", { detail: { type: "presence", typing } }));
}

composer.addEventListener("input", ({ target }) => {
  const kind = target.closest(".composer-side")?.dataset.kind;
  if (!kind) return;
  tell(kind);
  clearTimeout(idle);
  idle = setTimeout(() => tell(""), IDLE);
});

function show() {
  const line = document.getElementById("presence");
  const others = people.filter(({ id }) => String(id) !== line.dataset.user);
  const writing = others.filter(({ typing }) => typing);
  const named = writing.length ? writing : others;
  const words = writing.length ? line.dataset[writing[0].typing] : line.dataset.looking;
  line.textContent = named.length ? words.replace("%p", named.map(({ name }) => name).join(", ")) : "";
  line.toggleAttribute("data-writing", writing.length > 0);
}

document.addEventListener("ticket:presence", ({ detail }) => {
  people = detail.people;
  show();
});
document.addEventListener("ticket:open", () => { told = ""; });
document.addEventListener("htmx:oobAfterSwap", ({ detail }) => { if (detail.target.id === "ticket-head") show(); });

// A part that somebody works in, or that asks them which value to keep, is left alone; what they send then is
// compared on the server. It follows once they are done.
const busy = () => document.querySelector("#properties :focus, #properties .clash, #ticket-head details[open]") !== null;

let running = false;
let status = 0; // of the last answer, 0 where none came

document.addEventListener("htmx:afterRequest", ({ detail }) => {
  if (detail.pathInfo.requestPath.startsWith(composer.dataset.live)) status = detail.xhr.status;
});

async function refresh() {
  if (running) return soon();
  running = true;
  const scroller = document.getElementById("ticket-scroll");
  const atEnd = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 80;
  const target = whole && !busy() ? "#properties" : "#thread-tail";
  if (target === "#properties") whole = false;
  const part = target === "#thread-tail" ? "&part=thread" : "";
  status = 0;
  await window.htmx.ajax("GET", composer.dataset.live + part, { target, swap: "innerHTML" }).catch(() => {});
  running = false;
  if (status === 0 || status >= 500) {
    whole ||= target === "#properties";
    return soon(AGAIN); // nobody tells of it once more
  }
  if (atEnd) scroller.scrollTop = scroller.scrollHeight;
}

function soon(pause = GATHER) {
  clearTimeout(due);
  due = setTimeout(refresh, pause);
}

for (const type of ["message", "changed"]) {
  document.addEventListener(`ticket:${type}`, () => {
    whole ||= type === "changed";
    soon();
  });
}

// What happened between the page's making, or the last connection, and this one.
let { state } = composer.dataset; // empty on a look far back
document.addEventListener("ticket:state", ({ detail }) => {
  if (state && state !== detail.state) {
    whole = true;
    soon();
  }
  state &&= detail.state;
});

const catchUp = () => setTimeout(() => { if (whole && !busy()) soon(); });
document.getElementById("properties").addEventListener("focusout", catchUp);
document.getElementById("ticket-head").addEventListener("toggle", catchUp, true);

// Whatever is asked for, the thread goes on from where this page's begins, so that nothing shown goes away.
document.addEventListener("htmx:configRequest", ({ detail }) => {
  const { start } = document.getElementById("thread-tail").dataset;
  if (start && !detail.path.includes("before=") && detail.target.closest("#properties, #thread-tail")) detail.parameters.since = start;
});

// Two quick changes: the first answer replaces the form that asked the second, and htmx looks for what belongs to an
// answer in the document of whoever asked.
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  const asker = detail.requestConfig.elt;
  if (asker.isConnected) return;
  asker.hidden = true;
  document.body.append(asker);
  setTimeout(() => asker.remove());
});

// Where somebody types, or has a menu open, while an answer to something else replaces it, they go on in the new one.
const FIELDS = "button, input";
let left = null;
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  const asker = detail.requestConfig.elt;
  const field = document.activeElement;
  const place = field.closest("#ticket-head details[open], #properties .tag-add");
  left = place && !place.contains(asker) ? { place: place.id, at: [...place.querySelectorAll(FIELDS)].indexOf(field),
    value: field.value, typed: field.matches("input") } : null;
});
document.addEventListener("htmx:afterSwap", () => {
  const place = left && document.getElementById(left.place);
  if (!place) return;
  if (place.matches("details")) place.open = true;
  const field = place.querySelectorAll(FIELDS)[left.at];
  if (left.typed && field) field.value = left.value;
  field?.focus();
});
