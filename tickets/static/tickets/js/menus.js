// Menus: whoever goes elsewhere, by click or by Tab, closes them, and Escape leads back to what opened them.
const MENU = "details.menu[open]";

function leave({ target }) {
  for (const open of document.querySelectorAll(MENU)) {
    if (!open.contains(target)) open.open = false;
  }
}

document.addEventListener("click", leave);
document.addEventListener("focusin", leave);
document.addEventListener("keydown", (event) => {
  const open = event.key === "Escape" && event.target.closest(`${MENU}, details.rename[open]`);
  if (!open) return;
  open.open = false;
  open.querySelector("summary").focus();
  event.preventDefault();
}, true);
