// Keeps relative times current while a page stays open. The words come with the page, so that they are translated.
const { now, minutes, hours, days } = document.getElementById("relative-times").dataset;

function words(seconds) {
  if (seconds < 60) return now;
  if (seconds < 3600) return minutes.replace("%n", Math.floor(seconds / 60));
  if (seconds < 86400) return hours.replace("%n", Math.floor(seconds / 3600));
  if (seconds < 604800) return days.replace("%n", Math.floor(seconds / 86400));
  return null; // a week old: the server's date stays
}

function refresh() {
  for (const time of document.querySelectorAll("time[data-relative]")) {
    const text = words((Date.now() - Date.parse(time.dateTime)) / 1000);
    if (text && time.textContent !== text) time.textContent = text;
  }
}

setInterval(refresh, 30_000);
