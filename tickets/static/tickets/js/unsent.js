// What is typed is kept on the server, a second after the last key and when the page is left.
const composer = document.getElementById("composer");
const kept = document.getElementById("composer-kept");
const PAUSE = 1000;
const LEAVING = 60_000; // bytes that a browser sends of a page that is gone

const sides = [...composer.querySelectorAll(".composer-side")].map((box) => {
  const area = box.querySelector("textarea");
  return { box, area, kind: box.dataset.kind, revision: box.dataset.revision, timer: 0,
    saved: "dirty" in box.dataset ? null : area.value, other: null, way: null,
    over: false }; // sent: whatever is still on its way must not bring the text back
});

// A reload asks for the page before what it sent has arrived: this tab remembers until then.
const LEFT = `collie-unsent-${composer.dataset.ticketId}`;
const left = JSON.parse(sessionStorage.getItem(LEFT) ?? "{}");
sessionStorage.removeItem(LEFT);
for (const side of sides) {
  if (left[side.kind] === undefined || side.saved === null || left[side.kind] === side.saved) continue;
  side.area.value = left[side.kind];
  side.saved = null;
}

function leave() {
  const open = sides.filter((side) => !side.over && !foreign(side) && side.area.value !== side.saved);
  if (open.length) sessionStorage.setItem(LEFT, JSON.stringify(Object.fromEntries(open.map((side) => [side.kind, side.area.value]))));
  sides.forEach(save);
}

// A draft that nobody has touched is the AI's, and kept as such.
const foreign = (side) => side.kind === "reply" && composer.hasAttribute("data-ai");

async function save(side) {
  clearTimeout(side.timer);
  const text = side.area.value;
  if (side.over || foreign(side) || (text === side.saved && side.other === null)) return;
  if (side.way && !document.hidden) return soon(side);
  const form = new FormData();
  form.set("csrfmiddlewaretoken", composer.elements.csrfmiddlewaretoken.value);
  for (const [name, value] of Object.entries({ kind: side.kind, body: text, revision: side.revision,
    token: composer.elements.token.value, draft: side.kind === "reply" ? composer.elements.draft.value : "" })) form.set(name, value);
  if (side.other !== null) form.set("other", side.other);
  const before = [side.saved, side.other];
  [side.saved, side.other] = [text, null];
  side.way = new AbortController();
  try {
    const answer = await fetch(composer.dataset.unsent,
      { method: "POST", body: form, keepalive: text.length * 3 < LEAVING, signal: side.way.signal });
    if (!answer.ok) throw new Error(answer.status);
    side.revision = (await answer.json()).revision;
    kept.textContent = text ? kept.dataset.kept : "";
  } catch {
    if (side.over) return;
    [side.saved, side.other] = before;
    kept.textContent = kept.dataset.lost;
    soon(side, 10 * PAUSE);
  } finally {
    side.way = null;
  }
}

function soon(side, pause = PAUSE) {
  clearTimeout(side.timer);
  side.timer = setTimeout(() => save(side), pause);
}

for (const side of sides) {
  side.area.addEventListener("input", () => {
    kept.textContent = "";
    soon(side);
  });
  if (side.saved === null) soon(side, 0);
  const elsewhere = side.box.querySelector("[data-other]");
  elsewhere?.addEventListener("click", ({ target }) => {
    const shown = elsewhere.querySelector("pre");
    if (target.closest("[data-use]")) {
      const mine = side.area.value;
      side.area.value = shown.textContent;
      shown.textContent = side.other = mine;
      side.area.dispatchEvent(new Event("input", { bubbles: true }));
    } else if (target.closest("[data-forget]")) {
      side.other = "";
      elsewhere.remove();
      soon(side, 0);
    }
  });
}

document.addEventListener("composer:keep", () => sides.forEach(save));
document.addEventListener("composer:sent", ({ detail }) => {
  for (const side of sides) {
    if (side.kind !== detail) continue;
    side.over = true;
    side.way?.abort();
  }
});
document.addEventListener("visibilitychange", () => { if (document.hidden) sides.forEach(save); });
addEventListener("pagehide", leave);
addEventListener("pageshow", () => {
  for (const side of sides) side.over = false;
  sessionStorage.removeItem(LEFT);
});
