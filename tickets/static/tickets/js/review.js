// The review queue by keyboard. Elements name their keys in data-key; these keys press them.
const SETTING = "collie-keys"; // one setting for all pages of the desk
const help = document.getElementById("keys-help");
const choice = document.getElementById("keys-on");

choice.checked = localStorage.getItem(SETTING) !== "off";
choice.addEventListener("change", () => localStorage.setItem(SETTING, choice.checked ? "on" : "off"));
document.querySelector("[data-opens=keys-help]").addEventListener("click", () => help.showModal());

const form = () => document.querySelector(".review-form");
const busy = () => document.querySelector("#review.htmx-request, #review .htmx-request") !== null;

function accept() {
  form()?.reset();
  form()?.requestSubmit();
}

const keys = { a: accept, c: () => form()?.requestSubmit(), Enter: () => form()?.requestSubmit(), "?": () => help.showModal() };

document.addEventListener("keydown", (event) => {
  // A key that is held down, or pressed before the next ticket is there, decides nothing that nobody has seen.
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.target.closest("dialog")) return;
  if (event.key === "Enter" && event.target.closest("a, button, summary")) return;
  if (!choice.checked) return;
  const named = document.querySelector(`#review [data-key~="${CSS.escape(event.key.toLowerCase())}"]`);
  const action = keys[event.key] ?? (named && (() => named.click()));
  if (!action) return;
  event.preventDefault();
  if (!event.repeat && !busy()) action();
});

// Whoever listens rather than looks is taken to the next ticket too.
document.addEventListener("htmx:afterSwap", () => document.getElementById("review-title")?.focus({ preventScroll: true }));
