// The bell in the header: how many notifications are unread, and a word from the browser for what is new where the person
// has turned that on. Asked for now and then, and whenever somebody comes back to the page.
const PERIOD = 20000;
const bell = document.getElementById("bell");
const open = location.pathname.match(/^\/tickets\/(\d+)\/$/)?.[1] ?? "";
let asking = false;
let timer;

const kept = (name) => { try { return localStorage.getItem(name); } catch { return null; } };
const keep = (name, value) => { try { localStorage.setItem(name, value); } catch { /* private window */ } };

function show({ unread, new: news }) {
  const badge = bell.querySelector("[data-count]");
  badge.textContent = unread > 99 ? "99+" : unread;
  badge.hidden = unread === 0;
  const newest = Math.max(0, ...news.map((each) => each.id));
  const told = Number(kept("told") ?? -1);
  if (newest <= told) return;
  keep("told", String(newest));
  if (told < 0 || kept("notify") !== "on" || globalThis.Notification?.permission !== "granted") return;
  for (const each of news.filter(({ id }) => id > told)) {
    // The tag is one and the same in every tab, so that the browser shows it once.
    const note = new Notification(each.title, { body: each.text, tag: `collie-${each.id}`, icon: bell.dataset.icon });
    note.onclick = () => { window.focus(); location.href = each.url; };
  }
}

async function ask() {
  if (asking) return;
  asking = true;
  const body = new URLSearchParams({ after: kept("told") ?? "0" });
  if (open && document.visibilityState === "visible") body.set("ticket", open);
  try {
    const answer = await fetch(bell.dataset.news, { method: "POST", body });
    if (answer.status === 204) clearInterval(timer);
    else if (answer.ok) show(await answer.json());
  } catch { /* the next time will do */ } finally { asking = false; }
}

if (bell) {
  requestAnimationFrame(() => setTimeout(ask)); // the page is painted first
  timer = setInterval(ask, PERIOD);
  document.addEventListener("visibilitychange", () => { if (document.visibilityState === "visible") ask(); });
  document.addEventListener("collie:news", ask);
}
