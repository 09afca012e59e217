// Ctrl+Enter sends what is written, as a reply or as a note, and nothing is sent twice.
const composer = document.getElementById("composer");
let sending = false;

composer.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.isComposing) return;
  event.preventDefault();
  const buttons = [...composer.querySelectorAll(".composer-send button")];
  const first = buttons.find((button) => button.offsetParent !== null);
  if (first && !first.disabled) composer.requestSubmit(first);
});

composer.addEventListener("submit", (event) => {
  if (sending) event.preventDefault();
  sending = true;
});

// A page that comes back from the browser's history may be sent again.
addEventListener("pageshow", () => { sending = false; });
