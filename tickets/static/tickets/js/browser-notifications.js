// Turns the browser's own notifications on and off. They are asked for by a click alone.
const section = document.getElementById("browser-notifications");
const [on, off] = ["on", "off"].map((name) => section.querySelector(`[data-turn=${name}]`));

function show() {
  const wanted = localStorage.getItem("notify") === "on" && Notification.permission === "granted";
  on.hidden = wanted;
  off.hidden = !wanted;
  section.querySelector("[data-blocked]").hidden = Notification.permission !== "denied";
}

if ("Notification" in globalThis) {
  section.hidden = false;
  show();
  on.addEventListener("click", async () => {
    if (await Notification.requestPermission() === "granted") localStorage.setItem("notify", "on");
    show();
  });
  off.addEventListener("click", () => { localStorage.removeItem("notify"); show(); });
}
