"""What happens between a page's making and the opening of its socket is shown all the same."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

CHANGE = """
from django.contrib.auth.models import User
from tickets.models import Ticket
ticket, carol = Ticket.objects.get(pk={ticket}), User.objects.get(username="carol")
ticket.note(carol, "Nobody told you of this.")
ticket.label(carol, priority="high")
"""


def after_its_making(page, address: str, script: str, happen) -> None:
    """Open `address`; `happen` is called when the browser has the page, before it has the script of its socket."""

    def hold(route) -> None:
        happen()
        route.continue_()

    page.route(f"**/js/{script}.*js", hold, times=1)
    page.goto(address)


def test_a_ticket_page_shows_what_happened_before_its_socket_opened(browse, stack, ticket):
    page = browse("alice")
    change = CHANGE.format(ticket=ticket)
    after_its_making(page, f"/tickets/{ticket}/", "ticket_socket", lambda: stack.manage("shell", "-c", change))
    expect(page.locator("#thread")).to_contain_text("Nobody told you of this.")
    expect(page.locator("#property-priority")).to_have_value("high")


def test_a_page_that_nothing_happened_to_is_not_asked_for_again(browse, ticket):
    page = browse("alice")
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "/live/" in request.url else None)
    with page.expect_websocket() as opened:
        page.goto(f"/tickets/{ticket}/")
    opened.value.wait_for_event("framereceived", lambda frame: '"state"' in frame)
    page.wait_for_load_state("networkidle")
    assert asked == []


def test_the_inbox_shows_what_happened_before_its_socket_opened(browse, stack):
    page = browse("alice")
    new = {"subject": "Unheard of", "email": "unheard@example.com", "body": "Empty.", "team": "Support"}
    (ticket,) = stack.load([new | {"subject": "Unheard of until now"}])

    def happen() -> None:
        stack.manage("shell", "-c", CHANGE.format(ticket=ticket))
        stack.load([new])

    after_its_making(page, "/?status=open&q=unheard", "inbox", happen)
    expect(page.locator(f"#row-{ticket}")).to_contain_text("High")
    expect(page.get_by_text("1 ticket is new or has moved")).to_be_visible()


def test_what_one_import_brought_and_stands_on_the_next_page_is_not_new(browse, stack):
    many = {"email": "many@example.com", "body": "Empty.", "team": "Support"}
    numbers = stack.load([{"subject": f"Simultaneous {n}", **many} for n in range(55)])
    page = browse("alice")
    change = CHANGE.format(ticket=numbers[-1])
    after_its_making(page, "/?status=open&q=simultaneous", "inbox", lambda: stack.manage("shell", "-c", change))
    expect(page.locator(f"#row-{numbers[-1]}")).to_contain_text("High")
    expect(page.locator("#news")).to_be_hidden()
