"""The product as it runs for real, Chromium before it, and the people of the demo logged in."""

from __future__ import annotations

import re
import shutil

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.browser.wire import Wire
from tests.stack import Stack
from tickets.demo.people import PASSWORD

QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
         "--disable-sync"]  # fmt: skip
PATIENCE = 20_000  # milliseconds
TEAMS_OWN = {"team": "Support", "category": "technical", "priority": "medium"}  # by a person: no run moves it away
LONG_NAME = "Wilhelmina Featherstonehaugh-Cholmondeley-Majoribanks of the Friends of the Old Mill"
ANSWERED = [
    {"thread": "1", "email": "mina@example.com", "name": LONG_NAME, "body": "Where is my parcel?", **TEAMS_OWN},
    {"thread": "1", "email": "alice@collie-demo.invalid", "body": "It is on its way."},
]
# What is cut short by leaving a page.
LEAVING = ("^net::ERR_ABORTED", "WebSocket is closed before the connection is established")

expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="session")
def stack(tmp_path_factory):
    """A desk with 120 demo tickets. A draft takes some seconds here, so that it can be watched."""
    folder = tmp_path_factory.mktemp("stack")
    mail = folder / "mail"
    mail.mkdir()
    with Stack(folder, EMAIL_URL=f"file://{mail}") as stack:
        stack.mail_folder = mail
        stack.manage("seed_demo", "--tickets", "120")
        stack.load(ANSWERED)
        stack.relay_url = stack.start_relay("--latency-ms", "400", "--ttft-ms", "50", "--token-ms", "20")
        stack.start_worker(stack.relay_url)
        stack.origin = stack.start_desk(stack.relay_url).origin
        yield stack
        assert "Traceback" not in stack.log, stack.log


@pytest.fixture(scope="session")
def unused_tickets(stack):
    names = ("Jane Doe", "Ken Roe", "Lea Poe")
    rows = [
        {"subject": f"Export number {n} is empty", "email": f"customer{n}@example.com", "name": names[n % 3],
         "body": "Since the update the export of our orders is an empty file. The log says error 500.", **TEAMS_OWN}
        for n in range(90)
    ]  # fmt: skip
    return stack.load(rows)


@pytest.fixture
def ticket(unused_tickets) -> int:
    """The id of a ticket of Support that no other test touches."""
    return unused_tickets.pop()


@pytest.fixture(scope="session")
def chromium():
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=QUIET)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def cookies(chromium, stack):
    """name -> the cookies of somebody who logged in at the form."""
    kept: dict[str, list] = {}

    def log_in(name: str) -> list:
        if name not in kept:
            context = chromium.new_context(base_url=stack.origin)
            page = context.new_page()
            page.goto("/accounts/login/")
            page.get_by_label("User name").fill(name)
            page.get_by_label("Password").fill(PASSWORD)
            page.get_by_role("button", name="Log in").click()
            expect(page).to_have_url(f"{stack.origin}/")
            kept[name] = context.cookies()
            context.close()
        return kept[name]

    return log_in


class Watch:
    """What a browser complains of: scripts, policy, failed requests, dialogs. `allowed` says what a test provokes."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.allowed: list[str] = []

    def over(self, context: BrowserContext) -> None:
        context.on("console", lambda said: said.type in ("error", "warning") and self._note(said.page, said.text))
        context.on("weberror", lambda failed: self._note(failed.page, str(failed.error)))
        context.on("dialog", lambda dialog: (self._note(dialog.page, f"dialog {dialog.message}"), dialog.dismiss()))
        context.on("requestfailed", lambda request: self._note(None, f"{request.failure} {request.url}"))
        context.on(
            "response", lambda answer: answer.status >= 400 and self._note(None, f"{answer.status} {answer.url}")
        )

    def _note(self, page: Page | None, text: str) -> None:
        if not any(re.search(pattern, text) for pattern in (*LEAVING, *self.allowed)):
            self.problems.append(f"{page.url if page else ''} {text}".strip())


@pytest.fixture
def watch():
    watch = Watch()
    yield watch
    assert watch.problems == []


@pytest.fixture
def browse(chromium: Browser, stack, cookies, watch):
    """`browse("alice")` is a page of a browser in which alice is logged in; without a name, nobody is."""
    opened = []

    def browse(name: str = "", *, origin: str = "", **options) -> Page:
        context = chromium.new_context(base_url=origin or stack.origin, **options)
        context.set_default_timeout(PATIENCE)
        opened.append(context)
        watch.over(context)
        if name:
            context.add_cookies(cookies(name))
        return context.new_page()

    yield browse
    for context in opened:
        context.close()


@pytest.fixture
def wire(stack):
    wire = Wire(stack.origin)
    yield wire
    wire.close()
