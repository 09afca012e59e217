// Single keys for the list and the ticket. Off while typing, and off altogether when the agent says so (WCAG 2.1.4).
const SETTING = "collie-keys";
const help = document.getElementById("keys-help");
const choice = document.getElementById("keys-on");

choice.checked = localStorage.getItem(SETTING) !== "off";
choice.addEventListener("change", () => localStorage.setItem(SETTING, choice.checked ? "on" : "off"));
document.querySelector("[data-opens=keys-help]").addEventListener("click", () => help.showModal());

function step(by) {
  const links = [...document.querySelectorAll(".row-link")].filter((link) => link.offsetParent !== null);
  if (!links.length) return;
  const open = links.findIndex((link) => link.getAttribute("aria-current"));
  const at = links.indexOf(document.activeElement);
  const next = links[Math.min(Math.max((at >= 0 ? at : open) + by, 0), links.length - 1)];
  if (document.getElementById("composer")) next.click();
  else next.focus();
}

function write(mode) {
  const button = document.getElementById(`mode-${mode}`);
  if (!button) return;
  button.click();
  document.getElementById("reply-body").focus();
}

const keys = {
  j: () => step(1),
  k: () => step(-1),
  r: () => write("reply"),
  c: () => write("note"),
  u: () => document.querySelector(".side-head a")?.click(),
  "/": () => document.getElementById("filter-q")?.focus(),
  "?": () => help.showModal(),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const typing = event.target.closest("input, select, textarea, [contenteditable], dialog");
  if (typing) {
    if (event.key === "Escape" && typing.id === "reply-body") typing.blur();
    return;
  }
  const action = choice.checked && keys[event.key];
  if (!action) return;
  event.preventDefault();
  action();
});
