"""Make the pictures in docs/images: `.venv/bin/python -m docs.screenshots`, with Chromium installed.

Everything on them is the demo: its tickets, its people and the simulated relay.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.stack import Desk, Stack

IMAGES = Path(__file__).resolve().parent / "images"
SIZES = {"": {"width": 1280, "height": 800}, "-narrow": {"width": 390, "height": 844}}
PASSWORD = "collie-demo"  # noqa: S105  (public: the demo's)
SUBJECT = "Push notifications open the wrong booking"
PATIENCE = 180_000  # milliseconds
# People look at every third label, and correct some: what the report is about.
DECIDE = """
from django.contrib.auth.models import User
from tickets.models import Category, Ticket
alice, categories = User.objects.get(username="alice"), list(Category.objects.all())
for n, ticket in enumerate(Ticket.objects.filter(category_by="relay").order_by("pk")[:400:3]):
    ticket.label(alice, category=categories[n % len(categories)] if n % 9 == 0 else ticket.category)
"""

Views = dict[str, Page]


def main() -> None:
    IMAGES.mkdir(exist_ok=True)
    expect.set_options(timeout=PATIENCE)
    with tempfile.TemporaryDirectory() as folder, Stack(Path(folder)) as stack, sync_playwright() as driver:
        stack.manage("collectstatic", "--noinput", "--verbosity", "0")
        stack.manage("seed_demo")
        relay = stack.start_relay("--latency-ms", "1000", "--token-ms", "60")
        stack.start_worker(relay)
        desk = stack.start_desk(relay)
        browser = driver.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        carol = log_in(browser, desk, "carol")
        photograph_run(carol)
        alice = log_in(browser, desk, "alice")
        photograph_inbox(alice)
        photograph_draft(alice)
        stack.manage("shell", "--no-imports", "-c", DECIDE)
        photograph_report(carol)
        browser.close()


def log_in(browser: Browser, desk: Desk, name: str) -> Views:
    """A page for each scheme and size, by the end of the picture's name."""
    cookies = [part.partition("=") for part in desk.log_in(name, PASSWORD).split("; ")]
    pages = {}
    for size, viewport in SIZES.items():
        for scheme in ("light", "dark"):
            context = browser.new_context(base_url=desk.origin, viewport=viewport, color_scheme=scheme)
            context.set_default_timeout(PATIENCE)
            context.add_cookies([{"name": key, "value": value, "url": desk.origin} for key, _, value in cookies])
            pages[f"{size}-{scheme}"] = context.new_page()
    return pages


def photograph_run(views: Views) -> None:
    """The whole queue being classified, a little past the middle."""
    first = next(iter(views.values()))
    first.goto("/admin/tickets/ticket/")
    first.get_by_role("checkbox", name="Select all").check()
    first.get_by_text("Select all 500 tickets").click()
    first.locator("select[name=action]").select_option(label="Classify with AI…")
    first.get_by_role("button", name="Go").click()
    first.get_by_label("Tickets in one request").fill("10")
    first.get_by_label("Requests at once").fill("2")
    first.get_by_role("button", name="Start").click()
    first.wait_for_url("**/progress/")
    for page in views.values():
        page.goto(first.url)
    expect(first.locator("[data-show=done]")).to_have_text(re.compile("^(2[89]|3)[0-9]+$"))
    for name, page in views.items():
        page.reload()
        expect(page.locator("#run-categories tr")).not_to_have_count(0)
        take(page, f"run{name}")
    expect(first.locator("#run-head")).to_contain_text("Done")


def photograph_inbox(views: Views) -> None:
    for name, page in views.items():
        page.goto("/")
        take(page, f"inbox{name}")


def photograph_draft(views: Views) -> None:
    """A reply being written, seen in all windows at once."""
    first = next(iter(views.values()))
    first.goto(f"/?status=any&q={SUBJECT}")
    address, _, _ = (first.locator(".row-link").first.get_attribute("href") or "").partition("?")
    for page in views.values():
        page.goto(f"{address}?status=open&category=technical")
        page.get_by_label("What the draft should say").fill("apologise, and ask which phone it is")
    first.get_by_role("button", name="Draft reply").click()
    expect(first.locator("#reply-body")).to_have_value(re.compile(r"[\s\S]{240}"))
    for name, page in views.items():
        page.locator("#draft-status").scroll_into_view_if_needed()
        take(page, f"ticket-draft{name}")


def photograph_report(views: Views) -> None:
    for name, page in views.items():
        page.goto("/admin/assistant/report/")
        take(page, f"report{name}")
        page.goto("/figures/")
        take(page, f"figures{name}")


def take(page: Page, name: str) -> None:
    page.screenshot(path=IMAGES / f"{name}.png", animations="disabled", caret="hide")


if __name__ == "__main__":
    main()
