// @ in a note offers the colleagues who see the ticket, to be told of it.
import { insert } from "./area.js";
import { pick } from "./picker.js";

const area = document.getElementById("note-body");

async function load(text) {
  const answer = await fetch(`${area.dataset.people}?q=${encodeURIComponent(text)}`);
  return answer.ok ? (await answer.json()).items : [];
}

area?.addEventListener("keydown", async (event) => {
  if (event.key !== "@" || area.readOnly || event.isComposing || event.ctrlKey && !event.altKey) return;
  const before = area.value.slice(0, area.selectionStart);
  if (area.selectionStart !== area.selectionEnd || /[^\s(]$/.test(before)) return;
  event.preventDefault();
  const item = await pick({ title: area.dataset.mention, load });
  insert(item ? `@${item.value} ` : "@");
});
