// Sending: Ctrl+Enter sends what is written, with Shift it resolves too, and nothing is sent twice.
const composer = document.getElementById("composer");
let sending = false;

// An answer that could not be sent leaves its own address behind, which nobody should reload or share.
if (!location.pathname.endsWith(new URL(composer.dataset.address, location).pathname)) {
  history.replaceState(null, "", composer.dataset.address);
}

composer.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.isComposing) return;
  event.preventDefault();
  const buttons = [...composer.querySelectorAll(".composer-send button[name=status], .composer-send button[formaction]")];
  const shown = buttons.filter((button) => button.offsetParent !== null);
  const button = (event.shiftKey && shown.find((one) => "resolve" in one.dataset)) || shown[0];
  if (button && !button.disabled) composer.requestSubmit(button);
});

composer.addEventListener("submit", (event) => {
  if (sending) event.preventDefault();
  if (event.defaultPrevented) return;
  sending = true;
  const kind = event.submitter?.hasAttribute("formaction") ? "note" : "reply";
  document.dispatchEvent(new CustomEvent("composer:sent", { detail: kind }));
});

// A page that comes back from the browser's history may be sent again.
addEventListener("pageshow", () => { sending = false; });
