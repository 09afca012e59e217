"""What holds for every page, by day and by night, on a desk and on a telephone: `watch` hears what goes wrong."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_classify import choose_all

pytestmark = pytest.mark.browser

NARROW = {"width": 390, "height": 844}
ADMIN = (
    "", "tickets/ticket/", "tickets/ticket/add/", "tickets/customer/", "tickets/category/", "tickets/team/",
    "tickets/classification/", "tickets/ticketevent/", "assistant/triagerun/", "assistant/triageitem/",
    "assistant/draft/", "assistant/relaycall/", "assistant/relaymodel/", "assistant/relayprice/", "auth/user/",
    "assistant/usage/", "assistant/planner/", "assistant/relay/", "assistant/report/", "assistant/report/monthly/",
    "assistant/promptversion/", "assistant/preferences/",
)  # fmt: skip


@pytest.fixture(scope="session")
def run(stack) -> int:
    """A finished run of thirty tickets."""
    ids = [str(row["id"]) for row in stack.rows("SELECT id FROM tickets_ticket ORDER BY id LIMIT 30")]
    stack.manage("triage", "--ids", ",".join(ids), "--yes", RELAY_BASE_URL=stack.relay_url)
    return stack.rows("SELECT max(id) FROM assistant_triagerun")[0][0]


def is_dark(page: Page) -> bool:
    red, green, blue = page.evaluate(
        """() => {
          const clear = (colour) => colour === "rgba(0, 0, 0, 0)";
          const colours = [document.body, document.documentElement].map((e) => getComputedStyle(e).backgroundColor);
          const shown = colours.find((colour) => !clear(colour)) ?? "rgb(255, 255, 255)";
          return shown.match(/[0-9.]+/g).slice(0, 3).map(Number);
        }"""
    )
    return red + green + blue < 3 * 128


def too_wide(page: Page) -> list[str]:
    """What sticks out of the page to the right; empty when nobody has to scroll sideways."""
    return page.evaluate(
        """() => {
          const { scrollWidth, clientWidth } = document.documentElement;
          if (scrollWidth <= clientWidth) return [];
          const all = [...document.querySelectorAll("body *")];
          const wide = all.filter((e) => e.getBoundingClientRect().right > clientWidth + 1);
          return [`${scrollWidth} px`, ...wide.slice(0, 5).map((e) => `${e.tagName}.${e.className}#${e.id}`)];
        }"""
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_of_the_desk_are_sound(browse, ticket, scheme):
    alice = browse("alice", color_scheme=scheme)
    for address in ("/", "/?status=any", "/?status=any&q=order", "/?mine=1", "/?q=nosuchword", f"/tickets/{ticket}/"):
        assert alice.goto(address).ok
        expect(alice.get_by_role("main")).to_be_visible()
        assert is_dark(alice) == (scheme == "dark")
    nobody = browse(color_scheme=scheme)
    nobody.goto("/accounts/login/")
    assert is_dark(nobody) == (scheme == "dark")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_of_the_admin_are_sound(browse, ticket, run, scheme):
    carol = browse("carol", color_scheme=scheme)
    for address in (*ADMIN, f"tickets/ticket/{ticket}/change/", f"assistant/triagerun/{run}/progress/"):
        assert carol.goto(f"/admin/{address}").ok, address
        expect(carol.locator("#content")).to_be_visible()
        assert is_dark(carol) == (scheme == "dark"), address


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nobody_scrolls_sideways_on_a_telephone(browse, ticket, run, scheme):
    wide = {}
    login = browse(viewport=NARROW, color_scheme=scheme)
    pages = [(login, "/accounts/login/")]
    alice = browse("alice", viewport=NARROW, color_scheme=scheme)
    pages += [(alice, address) for address in ("/", "/?status=any&q=order", f"/tickets/{ticket}/")]
    carol = browse("carol", viewport=NARROW, color_scheme=scheme)
    pages += [(carol, f"/admin/assistant/triagerun/{run}/progress/")]
    for page, address in pages:
        page.goto(address)
        if found := too_wide(page):
            wide[address] = found
    choose_all(carol)
    assert too_wide(carol) == []
    assert wide == {}


@pytest.mark.parametrize("address", ["/settings/tokens/", "/?status=any"])
def test_on_a_phone_the_current_view_is_in_sight(browse, address):
    alice = browse("alice", viewport=NARROW)
    alice.goto(address)
    expect(alice.locator(".views [aria-current]")).to_be_in_viewport(ratio=0.9)
