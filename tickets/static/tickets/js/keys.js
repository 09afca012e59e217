// Single keys for the list and the ticket. Off while typing and with modifiers, and off altogether when the agent
// says so (WCAG 2.1.4). Letters go by what they are on the keyboard, or, where it has no Latin ones, by their place.
import { pick } from "./picker.js";

const SETTING = "collie-keys";
const part = (id) => document.getElementById(id);
const help = part("keys-help");
const choice = part("keys-on");

choice.checked = localStorage.getItem(SETTING) !== "off";
choice.addEventListener("change", () => localStorage.setItem(SETTING, choice.checked ? "on" : "off"));
document.querySelector("[data-opens=keys-help]").addEventListener("click", () => help.showModal());

function step(by) {
  if (part("composer")) return part(by > 0 ? "next-ticket" : "previous-ticket")?.click();
  const links = [...document.querySelectorAll(".row-link")].filter((link) => link.offsetParent !== null);
  const at = links.indexOf(document.activeElement);
  links[Math.min(Math.max(at + by, 0), links.length - 1)]?.focus();
}

function write(mode) {
  part(`mode-${mode}`)?.click();
  part(`${mode}-body`)?.focus();
}

// One change after the other, however quick the keys: each begins with what the one before has left. What opens a
// field or a list opens at once.
function inTurn(change) {
  if (document.querySelector(".htmx-request, .htmx-swapping, .htmx-settling")) setTimeout(() => inTurn(change), 30);
  else change();
}

async function choose(name) {
  const select = part(`property-${name}`);
  if (!select) return;
  const items = [...select.options].filter((option) => !option.disabled)
    .map((option) => ({ label: option.textContent, value: option.value, current: option.selected }));
  const item = await pick({ title: select.labels[0].firstChild.textContent, items });
  if (item && item.value !== select.value) inTurn(() => set(name, item.value));
}

// Sent by hand: for some milliseconds after a refresh a form is not yet htmx's.
function set(name, value) {
  const select = part(`property-${name}`);
  select.value = value;
  window.htmx.ajax("POST", select.form.getAttribute("action"), {
    target: "#properties", swap: "innerHTML", values: Object.fromEntries(new FormData(select.form)),
  });
}

function open(id, field) {
  const menu = part(id);
  if (!menu) return;
  menu.open = true;
  menu.querySelector(field).focus();
}

function draft() {
  if (part("mode-reply")) write("reply");
  [part("draft-start"), part("draft-again")].find((button) => button && !button.hidden && !button.disabled)?.click();
}

const keys = {
  j: () => step(1),
  k: () => step(-1),
  u: () => document.querySelector(".side-head a")?.click(),
  r: () => write("reply"),
  c: () => write("note"),
  d: draft,
  m: () => part("insert-saved")?.click(),
  f: () => [...document.querySelectorAll(".attach-input")].find((input) => input.offsetParent)?.click(),
  a: () => choose("assignee"),
  s: () => choose("status"),
  p: () => choose("priority"),
  t: () => choose("category"),
  g: () => choose("team"),
  i: () => inTurn(() => part("assign-me")?.click()),
  y: () => inTurn(() => part("accept-suggestion")?.click()),
  l: () => part("property-tags")?.focus(),
  e: () => open("rename", "input[name=subject]"),
  z: () => (part("wake") ? part("wake").click() : open("snooze", "button")),
  "/": () => (part("filter-q") ?? part("side-search"))?.focus(),
  "?": () => help.showModal(),
};

function escape(target) {
  const stop = part("draft-stop");
  if (stop && !stop.hidden) stop.click();
  else target.blur();
}

function named(event) {
  const key = event.key.length === 1 && event.key > "\x7f" && event.code.startsWith("Key") ? event.code.slice(3) : event.key;
  return key.toLowerCase();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.target.closest("dialog")) return;
  if (event.key === "Escape") return event.defaultPrevented || escape(event.target);
  if (event.target.closest("input:not([type=radio], [type=checkbox]), select, textarea, [contenteditable]")) return;
  if (event.shiftKey && event.key !== "?" && event.key !== "/") return;
  const action = choice.checked && keys[named(event)];
  if (!action) return;
  event.preventDefault();
  if (!event.repeat || "jk".includes(named(event))) action();
});
