"""From the inbox's response to its first paint in Chromium, and how much the page moves while it loads.

`.venv/bin/python bench/first_paint.py`, after `make setup` and with Chromium installed. Prints milliseconds from the
end of the response to the first contentful paint, over RUNS loads with a warm cache, and the layout shift (0: none).
"""

from __future__ import annotations

import shutil
import statistics
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from playwright.sync_api import sync_playwright

from tests.stack import Stack

RUNS = 20
MEASURE = """() => new Promise((done) => {
  const [visit] = performance.getEntriesByType("navigation");
  let shift = 0;
  new PerformanceObserver((list) => list.getEntries().forEach((e) => { shift += e.value; }))
    .observe({ type: "layout-shift", buffered: true });
  const told = () => {
    const [paint] = performance.getEntriesByName("first-contentful-paint");
    if (!paint) return setTimeout(told, 50);
    setTimeout(() => done([paint.startTime - visit.responseEnd, shift]), 300);
  };
  told();
})"""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, Stack(Path(folder)) as stack, sync_playwright() as driver:
        stack.manage("seed_demo", "--tickets", "120")
        desk = stack.start_desk("http://127.0.0.1:9/v1")
        browser = driver.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        context = browser.new_context(base_url=desk.origin, viewport={"width": 1280, "height": 800})
        cookies = (part.partition("=") for part in desk.log_in("alice", "collie-demo").split("; "))
        context.add_cookies([{"name": key, "value": value, "url": desk.origin} for key, _, value in cookies])
        page = context.new_page()
        page.goto("/")
        found = []
        for _ in range(RUNS):
            page.goto("/", wait_until="domcontentloaded")
            found.append(page.evaluate(MEASURE))
        browser.close()
    paints = sorted(paint for paint, _shift in found)
    print(f"inbox, response to first contentful paint: median {statistics.median(paints):.0f} ms, "
          f"p95 {paints[int(RUNS * 0.95) - 1]:.0f} ms, worst {paints[-1]:.0f} ms ({RUNS} loads)")  # fmt: skip
    print(f"layout shift: {max(shift for _paint, shift in found):.4f} at most")


if __name__ == "__main__":
    main()
