// Saved replies, picked from a list and put where the cursor is.
import { current, insert } from "./area.js";
import { pick } from "./picker.js";

const composer = document.getElementById("composer");
const button = document.getElementById("insert-saved");

async function load(text) {
  const answer = await fetch(`${composer.dataset.picks}?q=${encodeURIComponent(text)}`);
  return answer.ok ? (await answer.json()).items : [];
}

async function choose(otherwise) {
  const item = await pick({ title: button.title, load, more: true });
  if (item || otherwise) insert(item?.text ?? otherwise);
  else current().focus();
}

button.addEventListener("click", () => choose(""));
composer.addEventListener("keydown", (event) => {
  const area = event.target.closest("textarea");
  if (event.key !== "/" || !area || area.readOnly || event.ctrlKey || event.metaKey || event.altKey) return;
  const before = area.value.slice(0, area.selectionStart);
  if (area.selectionStart !== area.selectionEnd || (before && !before.endsWith("\n"))) return;
  event.preventDefault();
  choose("/");
});
