"""Every page there is, by day and by night, wide and narrow: nothing that axe objects to, no complaint of the browser
and nothing that its policy had to stop."""

from __future__ import annotations

import json
from pathlib import Path

import axe_playwright_python
import pytest
from playwright.sync_api import Page, expect

from tests.browser.everywhere import NOT_OURS, Address, addresses
from tests.browser.test_pages import NARROW

pytestmark = pytest.mark.browser

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
ALL = {"preload": False, "resultTypes": ["violations"], "rules": {"target-size": {"enabled": True}}}
# The colours are all that differs by night.
COLOURS = {"preload": False, "resultTypes": ["violations"], "runOnly": ["color-contrast", "link-in-text-block"]}
WIDE = {"width": 1280, "height": 800}
LISTEN = """window.stopped = [];
addEventListener("securitypolicyviolation", (e) => window.stopped.push(`${e.effectiveDirective} ${e.blockedURI}`));"""
# Rows below the window have no layout of their own until they come near it, which is no state to measure them in.
LAID_OUT = """() => {
  const rows = new CSSStyleSheet();
  rows.replaceSync(".row { content-visibility: visible }");
  document.adoptedStyleSheets.push(rows);
}"""
WHY = """(node) => [...node.any, ...node.all, ...node.none].map(
  (check) => `${check.message} ${JSON.stringify(check.data)}`)"""


def found_by_axe(page: Page, options: dict) -> list[str]:
    found = page.evaluate(
        f"""axe.run(document, {json.dumps(options)}).then((result) => result.violations.map(({{ id, nodes }}) => ({{
            id, nodes: nodes.map((node) => ({{ html: node.html, why: ({WHY})(node) }})) }})))"""
    )
    return [f"{rule['id']}: {node['html'][:160]} {node['why']}" for rule in found for node in rule["nodes"][:3]]


def problems(page: Page, sizes=(WIDE, NARROW)) -> list[str]:
    """What is wrong with the page that is open, by day and by night."""
    found = [f"policy: {stopped}" for stopped in page.evaluate("window.stopped")]
    page.evaluate(AXE)
    page.evaluate(LAID_OUT)
    for size in sizes:
        page.set_viewport_size(size)
        for scheme, options in (("light", ALL), ("dark", COLOURS)):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            found += [f"{scheme} {size['width']}: {problem}" for problem in found_by_axe(page, options)]
    return found


@pytest.fixture(scope="module")
def run(stack) -> int:
    ids = [str(row["id"]) for row in stack.rows("SELECT id FROM tickets_ticket ORDER BY id LIMIT 30")]
    stack.manage("triage", "--ids", ",".join(ids), "--yes", RELAY_BASE_URL=stack.relay_url)
    return stack.rows("SELECT max(id) FROM assistant_triagerun")[0][0]


@pytest.fixture
def listening(browse):
    def open_one(name: str = "") -> Page:
        page = browse(name)
        page.add_init_script(LISTEN)
        page.route_web_socket("**/ws/inbox/", lambda socket: None)  # no row is exchanged while it is measured
        return page

    return open_one


def is_page(page: Page, path: str) -> bool:
    """Whether a GET of the address answers with a whole page of its own."""
    answer = page.request.get(path, headers={"Accept": "text/html"}, max_redirects=0)
    html = answer.headers.get("content-type", "").startswith("text/html")
    return answer.status == 200 and html and "<html" in answer.text()


def test_every_page_is_accessible_and_silent(listening, stack, run):
    found, missing = addresses(stack, run_id=run, app_label="tickets")
    carol = listening("carol")
    pages = [address for address in found if is_page(carol, address.path)]
    wrong, looked_at = {}, set()
    searches = [Address(path, path) for path in ("/?status=any&q=order", "/?q=nosuchword", "/?mine=1")]
    for address in [*pages, *searches]:
        carol.goto(address.path)
        if trouble := problems(carol, (WIDE,) if address.template in looked_at else (WIDE, NARROW)):
            wrong[address.path] = trouble
        looked_at.add(address.template)
    assert wrong == {}
    assert len(pages) > 80
    assert [name for name in missing if not name.startswith(("admin:", "api-", "drf", "knox"))] == []


def test_pages_without_a_login_and_pages_of_errors_are_accessible_too(listening, watch):
    watch.allowed += ["40[0-9]", "422", "429"]
    page = listening()
    wrong = {}

    def look(what: str) -> None:
        if trouble := problems(page):
            wrong[what] = trouble

    page.goto("/nothing/here/")
    look("404")
    page.goto("/accounts/login/")
    look("login")
    for _ in range(10):
        page.get_by_label("User name").fill("nobody-at-all")
        page.get_by_label("Password").fill("wrong")
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_role("alert").or_(page.get_by_role("heading", name="Locked"))).to_be_visible()
        if page.get_by_role("heading", name="Locked").count():
            break
        look("login refused")
    look("lockout")
    page.goto("/accounts/login/")
    page.context.clear_cookies()
    page.get_by_label("User name").fill("alice")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("link", name="inbox")).to_be_visible()
    look("403")
    assert wrong == {}


def test_what_is_left_out_is_no_page_of_the_desk():
    assert all(not path.startswith(("/tickets", "/settings", "/admin/tickets")) for path in NOT_OURS)
