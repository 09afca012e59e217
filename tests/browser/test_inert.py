"""What customers and models write stays text, wherever it is shown."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import TEAMS_OWN
from tests.browser.test_drafts import open_ticket, whole_text

pytestmark = pytest.mark.browser

CODE = "window.ran=1"
PAYLOADS = (
    f"<script>{CODE}</script>",
    f'"><img src=x onerror="{CODE}">',
    f"</textarea><svg/onload={CODE}>",
    f"[look](javascript:{CODE}) ![](javascript:{CODE})",
    f"'-({CODE})-'",
    f"<iframe srcdoc='<script>parent.{CODE}</script>'></iframe>",
)


@pytest.fixture(scope="module")
def hostile(stack) -> list[int]:
    """A ticket for each payload: in its subject, its text and its customer's name."""
    return stack.load(
        {"subject": f"Help {payload}", "body": f"<p>Please help, order failed</p>{payload}", "name": f"Eve {payload}",
         "email": f"eve{n}@example.com", **TEAMS_OWN}
        for n, payload in enumerate(PAYLOADS)
    )  # fmt: skip


def nothing_ran(page: Page) -> bool:
    return page.evaluate("window.ran === undefined && !document.querySelector('iframe, [onerror], [onload]')")


def test_a_hostile_ticket_is_read_and_answered_without_harm(browse, hostile):
    alice = browse("alice")
    alice.goto("/?status=any&q=help")
    expect(alice.locator(".row-link", has_text="Help <")).not_to_have_count(0)
    assert nothing_ran(alice)
    for number, ticket in enumerate(hostile):
        open_ticket(alice, ticket)
        expect(alice.get_by_role("heading", level=1)).to_contain_text(f"Help {PAYLOADS[number]}")
        assert nothing_ran(alice)


def test_a_draft_that_repeats_the_payload_is_inert_while_written_and_when_sent(browse, hostile):
    alice = browse("alice")
    for ticket, payload in zip(hostile[1:4], PAYLOADS[1:4], strict=True):
        open_ticket(alice, ticket)
        alice.get_by_role("button", name="Draft reply").click()
        assert payload[:40] in whole_text(alice)
        alice.get_by_role("button", name="Send", exact=True).click()
        expect(alice.locator("#thread .message")).to_have_count(2)
        assert nothing_ran(alice)
        assert alice.locator("#thread a[href^='javascript'], #thread img[src]").count() == 0


def test_the_admin_shows_it_as_text_too(browse, hostile, stack):
    carol = browse("carol")
    customer = stack.rows("SELECT customer_id FROM tickets_ticket WHERE id = ?", hostile[0])[0][0]
    pages = ["/admin/tickets/ticket/", *(f"/admin/tickets/ticket/{ticket}/change/" for ticket in hostile)]
    for address in [*pages, "/admin/tickets/customer/", f"/admin/tickets/customer/{customer}/change/"]:
        carol.goto(address)
        expect(carol.locator("#content")).to_contain_text("Help" if "/ticket/" in address else "Eve")
        assert nothing_ran(carol)
