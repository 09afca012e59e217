// The side of the composer that is being written.
export function current() {
  const mode = document.querySelector("#composer [name=mode]:checked").value;
  return document.getElementById(`${mode}-body`);
}

// Puts text where the cursor is, as if it had been typed.
export function insert(text) {
  const area = current();
  area.focus();
  area.setRangeText(text, area.selectionStart, area.selectionEnd, "end");
  area.dispatchEvent(new Event("input", { bubbles: true }));
}
