"""The inbox as an agent works with it: searching, choosing, saving views, and rows that follow what happens."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import TEAMS_OWN

pytestmark = pytest.mark.browser


def test_typing_finds_and_marks_and_the_address_keeps_it(browse, unused_tickets):
    page = browse("alice")
    page.goto("/")
    page.get_by_role("searchbox", name="Search").press_sequentially("export empt")
    expect(page).to_have_url(re.compile(r"q=export\+empt"))
    expect(page.locator(".row-link mark").first).to_have_text("Export")
    page.reload()
    expect(page.get_by_role("searchbox", name="Search")).to_have_value("export empt")
    page.get_by_label("Sort by").select_option("Longest waiting")
    expect(page).to_have_url(re.compile("sort=waiting"))
    page.get_by_role("searchbox", name="Search").fill("no such words at all")
    expect(page.get_by_role("heading", name="No ticket has all these words")).to_be_visible()


def test_several_are_chosen_and_changed_together(browse, stack):
    ids = stack.load(
        [{"subject": f"Exports together {n}", "email": "two@example.com", "body": "Both."} for n in (1, 2)]
    )
    page = browse("alice")
    page.goto("/?status=any&q=exports+together")
    bar = page.get_by_role("form", name="Change the chosen tickets")
    expect(bar).to_be_hidden()
    for number in ids:
        page.locator(f"#row-{number} .row-check").check()
    expect(bar.get_by_role("status")).to_have_text("2 chosen")
    bar.get_by_label("Assign to").select_option("To me")
    bar.get_by_label("Add a tag").fill("exports")
    bar.get_by_role("button", name="Apply").click()
    expect(page.get_by_text("2 tickets were changed.")).to_be_visible()
    page.goto("/?status=any&tag=exports&mine=1")
    expect(page.locator(".row")).to_have_count(2)
    page.get_by_label("Choose all on this page").check()
    bar.get_by_role("button", name="Close tickets").click()
    expect(page.locator(".row.row-done")).to_have_count(2)


def test_all_that_a_search_finds_are_changed_page_by_page(browse, stack):
    rows = [{"subject": f"Sweepable {n}", "email": "many@example.com", "body": "Please sweep."} for n in range(53)]
    stack.load(rows)
    page = browse("alice")
    page.goto("/?status=any&q=sweepable")
    expect(page.locator(".list-head [role=status]")).to_have_text("50+ tickets")
    page.get_by_role("link", name="Older").click()
    expect(page.locator(".row")).to_have_count(3)
    expect(page.locator(".row-link mark").first).to_have_text("Sweepable")
    page.get_by_role("link", name="Newer").click()
    expect(page.locator(".row")).to_have_count(50)
    page.get_by_label("Choose all on this page").check()
    page.get_by_label("All 50+ that fit").check()
    bar = page.get_by_role("form", name="Change the chosen tickets")
    bar.get_by_label("Add a tag").fill("swept")
    bar.get_by_role("button", name="Apply").click()
    expect(page.get_by_text("53 tickets were changed.")).to_be_visible()
    page.goto("/?status=any&tag=swept")
    expect(page.locator(".list-head [role=status]")).to_have_text("53 tickets")


def test_a_view_is_saved_found_again_renamed_refilled_and_deleted(browse):
    page = browse("bob")
    page.goto("/?status=any&priority=high")
    page.get_by_text("Save view").click()
    page.get_by_label("Name of the view").fill("Hot ones")
    page.get_by_role("button", name="Save", exact=True).click()
    views = page.get_by_role("navigation", name="Views")
    expect(views.get_by_role("link", name="Hot ones")).to_have_attribute("aria-current", "page")
    views.locator("summary", has_text="Change the view Hot ones").click()
    views.get_by_label("Name of the view").fill("Hottest")
    views.get_by_role("button", name="Save").click()
    page.locator("#filter-status").select_option("Open")
    expect(views.get_by_role("link", name="Hottest")).not_to_have_attribute("aria-current", "page")
    page.get_by_text("Save view").click()
    page.get_by_label("Or change a view of yours").select_option("Hottest")
    page.get_by_role("button", name="Save these filters into this view").click()
    expect(page.get_by_text("The view Hottest now has these filters.")).to_be_visible()
    expect(views.get_by_role("link", name="Hottest")).to_have_attribute("aria-current", "page")
    expect(page).to_have_url(re.compile("status=open&priority=high"))
    views.locator("summary", has_text="Change the view Hottest").click()
    views.get_by_role("button", name="Delete this view").click()
    expect(views.get_by_role("link", name="Hottest")).to_have_count(0)


def load_few(stack, words: str) -> int:
    """Three tickets that a search for these words shows on one page, whatever other tests make; the id of one."""
    row = {"email": "few@example.com", "body": "An empty file.", **TEAMS_OWN}
    return stack.load([{"subject": f"{words} {n}", **row} for n in range(3)])[0]


def test_rows_follow_what_happens_without_moving(browse, stack):
    ticket = load_few(stack, "Followed rows")
    alice, carol = browse("alice"), browse("carol")
    alice.goto("/?status=open&q=followed+rows")
    row = alice.locator(f"#row-{ticket}")
    row.locator(".row-check").check()
    row.get_by_role("link").focus()
    place = alice.locator(".row").all_inner_texts().index(row.inner_text())
    carol.goto(f"/tickets/{ticket}/")
    expect(row.locator("[data-present]")).to_have_text("Carol")
    carol.get_by_label("Priority", exact=True).select_option("High")
    expect(row).to_contain_text("High")
    expect(row.locator(".row-check")).to_be_checked()
    expect(row.get_by_role("link")).to_be_focused()
    assert alice.locator(".row").nth(place).get_attribute("id") == f"row-{ticket}"
    height = alice.locator(".row").first.bounding_box()["y"]
    stack.load(
        [{"subject": "Followed rows new", "email": "new@example.com", "body": "It is empty.", "team": "Support"}]
    )
    expect(alice.get_by_text("1 ticket is new or has moved")).to_be_visible()
    assert alice.locator(".row").first.bounding_box()["y"] == height
    alice.get_by_text("1 ticket is new or has moved").click()
    expect(alice.locator(".row-link").first).to_have_text("Followed rows new")


def test_rows_whose_fetch_failed_are_asked_for_again(browse, stack, watch):
    ticket = load_few(stack, "Fetched rows")
    watch.allowed += ["ERR_FAILED"]
    alice, carol = browse("alice"), browse("carol")
    alice.goto("/?status=any&q=fetched+rows")
    carol.goto(f"/tickets/{ticket}/")
    failed = []

    def fail_once(route):
        failed.append(route.request.url)
        route.abort("failed")

    row = alice.locator(f"#row-{ticket}")
    expect(row.locator("[data-present]")).to_have_text("Carol")
    alice.route("**/inbox/rows/**", fail_once, times=1)
    carol.get_by_label("Priority", exact=True).select_option("High")
    expect(row).to_contain_text("High")
    assert failed


def test_a_row_goes_when_its_ticket_moves_out_of_sight(browse, stack):
    (number,) = stack.load(
        [{"subject": "Misrouted", "email": "lost@example.com", "body": "Money.", "team": "Support"}]
    )
    alice, carol = browse("alice"), browse("carol")
    sent: list[str] = []
    alice.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
    alice.goto("/?status=any&q=misrouted")
    row = alice.locator(f"#row-{number}")
    expect(row).to_be_visible()
    carol.goto(f"/tickets/{number}/")
    expect(row.locator("[data-present]")).to_have_text("Carol")
    assert any(f'"shown":[{number}]' in frame for frame in sent)
    carol.get_by_label("Team", exact=True).select_option("Accounts")
    expect(row).to_have_class(re.compile("row-left"))
