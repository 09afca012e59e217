"""By keyboard: Tab follows the reading order, what has the focus is seen, nothing holds it, and what closes gives it
back to what opened it."""

from __future__ import annotations

from itertools import pairwise

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

MOST = 400
# Regions of the pages, in the order people read them.
REGIONS = (
    "body > .skip", ".topbar", "#views", ".side-list", "#ticket-head", "#ticket-scroll", "#composer", "#filters",
    "#results", "#details",
)  # fmt: skip
# What has the focus: where it stands (scrolling taken back), and whether it, its line or its label has an outline.
FOCUSED = """(regions) => {
  const element = document.activeElement;
  if (element === document.body) return null;
  const seen = (style) => style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1;
  const around = [getComputedStyle(element), getComputedStyle(element, "::after")];
  if (element.nextElementSibling) around.push(getComputedStyle(element.nextElementSibling));
  const box = (element.matches(".visually-hidden, .attach-input") ? element.parentElement : element);
  const { left, right, top, bottom } = box.getBoundingClientRect();
  let [down, across] = [0, 0];
  for (let above = box.parentElement; above; above = above.parentElement) {
    down += above.scrollTop;
    across += above.scrollLeft;
  }
  window.numbered = (window.numbered ?? 0) + 1;
  return { at: element.numbered ??= window.numbered, name: element.outerHTML.slice(0, 160), left: left + across,
    top: top + down, bottom: bottom + down, outline: around.some(seen),
    region: regions.findIndex((name) => element.closest(name)),
    inView: bottom > 0 && top < innerHeight && right > 0 && left < innerWidth };
}"""


def tabbed(page: Page, key: str = "Tab") -> list[dict]:
    """All that Tab leads to, from the page's beginning until it comes round."""
    found: list[dict] = []
    for _press in range(MOST):
        page.keyboard.press(key)
        place = page.evaluate(FOCUSED, list(REGIONS))
        if place is None or any(place["at"] == other["at"] for other in found):
            return found
        found.append(place)
    raise AssertionError(f"no end after {found[-1]['name']}")


def disorder(places: list[dict]) -> list[str]:
    """Each step that goes back: into an earlier region, or up, or to the left on one line."""
    back = []
    for one, other in pairwise(places):
        same_line = min(one["bottom"], other["bottom"]) - max(one["top"], other["top"]) > 4
        if other["region"] != one["region"]:
            wrong = other["region"] < one["region"]
        else:
            wrong = other["left"] < one["left"] - 1 if same_line else other["bottom"] <= one["top"]
        if wrong:
            back.append(f"{one['name']} -> {other['name']}")
    return back


@pytest.mark.parametrize("size", [(1440, 900), (390, 844)], ids=["wide", "narrow"])
@pytest.mark.parametrize("address", ["/?status=open&q=export+number", "/tickets/{ticket}/"], ids=["inbox", "ticket"])
def test_tab_follows_the_reading_order_and_is_seen_everywhere(browse, ticket, address, size):
    page = browse("alice", viewport={"width": size[0], "height": size[1]})
    page.goto(address.format(ticket=ticket))
    page.wait_for_load_state("networkidle")
    places = tabbed(page)
    assert len(places) > 20
    assert [place["name"] for place in places if place["region"] < 0] == []
    assert [place["name"] for place in places if not place["outline"]] == []
    assert [place["name"] for place in places if not place["inView"]] == []
    assert disorder(places) == []


@pytest.mark.parametrize("address", ["/?status=open&q=export+number", "/tickets/{ticket}/"], ids=["inbox", "ticket"])
def test_shift_tab_goes_all_the_way_back(browse, ticket, address):
    page = browse("alice")
    page.goto(address.format(ticket=ticket))
    page.wait_for_load_state("networkidle")
    there = tabbed(page)
    back = tabbed(page, "Shift+Tab")  # begins where Tab has ended, at the last
    assert {place["at"] for place in [there[-1], *back]} == {place["at"] for place in there}


def test_what_closes_gives_the_focus_back(browse, ticket):
    page = browse("alice")
    page.goto(f"/tickets/{ticket}/")
    openers = {
        "keys-help": page.get_by_role("button", name="Keyboard shortcuts"),
        "picker": page.locator("#insert-saved"),
    }
    for dialog, opener in openers.items():
        opener.focus()
        page.keyboard.press("Enter")
        expect(page.locator(f"#{dialog}")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.locator(f"#{dialog}")).to_be_hidden()
        expect(opener if dialog == "keys-help" else page.locator("#reply-body")).to_be_focused()
    page.locator("#next-ticket, #previous-ticket").first.focus()
    page.keyboard.press("p")
    expect(page.locator("#picker")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#next-ticket, #previous-ticket").first).to_be_focused()


@pytest.mark.parametrize("address", ["/?status=open", "/tickets/{ticket}/", "/figures/"])
def test_every_menu_closes_with_escape_and_when_it_is_left(browse, ticket, address):
    page = browse("alice")
    page.goto(address.format(ticket=ticket))
    menus = page.locator("details.menu:visible, details.rename:visible")
    assert menus.count() >= 1
    for at in range(menus.count()):
        menu, summary = menus.nth(at), menus.nth(at).locator("summary").first
        summary.focus()
        page.keyboard.press("Enter")
        expect(menu).to_have_attribute("open", "")
        expect(menu.locator("a, button, input:not([type=hidden]), select").first).to_be_visible()
        page.keyboard.press("Tab")
        page.keyboard.press("Escape")
        expect(menu).not_to_have_attribute("open", "")
        expect(summary).to_be_focused()
    account = page.locator(".topbar details.menu").last
    account.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(account).to_have_attribute("open", "")
    page.keyboard.press("Shift+Tab")
    expect(account).not_to_have_attribute("open", "")
