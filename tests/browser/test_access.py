"""Who gets in, who does not, and what they are told."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


def test_a_wrong_password_is_said_and_the_right_one_leads_to_the_page_that_was_asked_for(browse, ticket):
    page = browse()
    page.goto(f"/tickets/{ticket}/")
    page.get_by_label("User name").fill("alice")
    page.get_by_label("Password").fill("not her password")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("correct username and password")
    expect(page.get_by_label("User name")).to_have_value("alice")
    expect(page.get_by_label("Password")).to_be_focused()
    page.get_by_label("Password").fill("collie-demo")
    page.keyboard.press("Enter")
    expect(page.locator("#composer")).to_be_visible()


def test_who_is_logged_out_is_sent_to_the_login_page(browse, ticket):
    dave = browse()
    for address in ("/", f"/tickets/{ticket}/", "/admin/tickets/ticket/"):
        dave.goto(address)
        expect(dave.get_by_label("Password")).to_be_visible()
        assert "/login/?next=" in dave.url


def test_an_agent_of_another_team_finds_no_ticket_and_no_way_in(browse, watch, ticket):
    watch.allowed += ["404"]
    bob = browse("bob")
    bob.goto(f"/tickets/{ticket}/")
    expect(bob.get_by_role("heading", name="There is nothing here")).to_be_visible()
    expect(bob.locator("body")).not_to_contain_text("Export")
    bob.get_by_role("link", name="Back to the inbox").click()
    expect(bob.get_by_role("heading", name="Inbox")).to_be_attached()
    bob.goto(f"/?status=any&q={ticket}")
    expect(bob.locator(f"a[href^='/tickets/{ticket}/']")).to_have_count(0)


def test_an_agent_does_not_enter_the_admin(browse):
    alice = browse("alice")
    alice.goto("/")
    expect(alice.get_by_role("link", name="Administration")).to_have_count(0)
    alice.goto("/admin/tickets/ticket/")
    expect(alice.get_by_role("heading", name="Inbox")).to_be_attached()
    expect(alice.locator("#toasts")).to_contain_text("administrators")


def test_logging_out_ends_it(browse):
    page = browse()
    page.goto("/accounts/login/")
    page.get_by_label("User name").fill("bob")
    page.get_by_label("Password").fill("collie-demo")
    page.keyboard.press("Enter")
    page.locator("summary", has_text="Account").click()
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_label("Password")).to_be_visible()
    page.goto("/")
    expect(page.get_by_label("Password")).to_be_visible()
