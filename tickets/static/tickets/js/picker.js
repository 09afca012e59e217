// A small list to choose from by keyboard: type to narrow it, arrows and Enter to choose, Escape to leave.
const dialog = document.getElementById("picker");
const query = document.getElementById("picker-q");
const list = document.getElementById("picker-list");
let ask = null; // {items or load, settle}
let shown = [];
let at = 0;
let turn = 0;

// Resolves with the item chosen, {label, hint, value, current, …}, or null.
export function pick({ title, items, load, more = false }) {
  document.getElementById("picker-title").textContent = title;
  document.getElementById("picker-more").hidden = !more;
  query.value = "";
  return new Promise((settle) => {
    ask = { items, load, settle };
    narrow();
    dialog.showModal();
  });
}

async function narrow() {
  const mine = ++turn;
  const text = query.value.trim().toLowerCase();
  const found = ask.load ? await ask.load(text) : ask.items.filter((item) => item.label.toLowerCase().includes(text));
  if (mine !== turn) return;
  shown = found;
  at = Math.max(text ? 0 : shown.findIndex((item) => item.current), 0);
  document.getElementById("picker-none").hidden = shown.length > 0;
  list.replaceChildren(...shown.map((item, index) => {
    const line = document.createElement("li");
    Object.assign(line, { id: `picker-${index}`, role: "option", textContent: item.label });
    if (item.hint) {
      const hint = document.createElement("span");
      Object.assign(hint, { className: "muted small", textContent: item.hint });
      line.append(hint);
    }
    if (item.text) line.title = item.text;
    line.addEventListener("click", () => close(item));
    return line;
  }));
  mark();
}

function mark() {
  [...list.children].forEach((line, index) => line.setAttribute("aria-selected", String(index === at)));
  query.setAttribute("aria-activedescendant", shown.length ? `picker-${at}` : "");
  list.children[at]?.scrollIntoView({ block: "nearest" });
}

function close(item) {
  const { settle } = ask;
  ask = null;
  dialog.close();
  settle(item);
}

dialog?.addEventListener("close", () => { if (ask) close(null); });
dialog?.addEventListener("click", ({ target }) => { if (target === dialog) close(null); });
let timer = 0;
query?.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(() => ask && narrow(), ask.load ? 120 : 0);
});
query?.addEventListener("keydown", (event) => {
  if (event.isComposing) return;
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step && shown.length) at = (at + step + shown.length) % shown.length;
  if (event.key === "Enter" && shown[at]) close(shown[at]);
  if (step || event.key === "Enter") event.preventDefault();
  if (step) mark();
});
