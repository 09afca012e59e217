"""The review queue worked through without a mouse, and without scripts."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def unsure(stack):
    """Tickets of Support that the AI is not sure about: they speak of money as much as of the app."""
    rows = [
        {"subject": f"Unsure number {n}", "email": f"unsure{n}@example.com", "name": "Una Sure", "team": "Support",
         "body": f"It may be about my invoice {n}, or about my password. I do not know."}
        for n in range(60)
    ]  # fmt: skip
    ids = stack.load(rows)
    stack.manage("triage", "--ids", ",".join(map(str, ids)), "--yes", RELAY_BASE_URL=stack.relay_url)
    waiting = stack.rows("SELECT id FROM tickets_ticket WHERE needs_review AND id >= ? ORDER BY id", ids[0])
    assert len(waiting) >= 40
    return [row["id"] for row in waiting]


def shown(page: Page) -> str:
    return page.locator("#review-title").inner_text()


def number(page: Page) -> int:
    """The place in the queue that the page shows: tickets of other tests may wait before ours."""
    return int(re.match("[0-9]+", page.locator("#review-progress").inner_text())[0])


def after_key(page: Page, key: str) -> str:
    """Press a key and wait for another ticket."""
    before = shown(page)
    page.keyboard.press(key)
    expect(page.locator("#review-title")).not_to_have_text(before)
    return shown(page)


def label_of(stack, ticket_id: int) -> tuple:
    row = stack.rows(
        "SELECT c.slug, t.priority, t.category_by, t.needs_review FROM tickets_ticket t LEFT JOIN tickets_category c"
        " ON c.id = t.category_id WHERE t.id = ?", ticket_id,
    )[0]  # fmt: skip
    return tuple(row)


def opened(page: Page) -> int:
    return int(re.search("#([0-9]+)", page.locator(".ticket-head a").inner_text())[1])


def chosen(page: Page) -> tuple[str, str]:
    return tuple(page.locator(f"input[name={name}]:checked").input_value() for name in ("category", "priority"))


def test_the_queue_is_worked_through_by_keyboard(browse, stack, unsure):
    alice = browse("alice")
    alice.goto(f"/review/?after={unsure[0] - 1}")
    began = number(alice)
    first, proposed = opened(alice), chosen(alice)
    after_key(alice, "Enter")
    assert label_of(stack, first) == (*proposed, "person", 0)
    corrected, proposed = opened(alice), chosen(alice)
    expect(alice.locator("#review-store")).to_contain_text("Accept")
    other = {"h": "high", "l": "low"}["l" if proposed[1] == "high" else "h"]
    alice.keyboard.press(other[0])
    expect(alice.locator("#review-store")).to_contain_text("Apply correction")
    after_key(alice, "c")
    assert label_of(stack, corrected) == (proposed[0], other, "person", 0)
    after_key(alice, "u")
    assert opened(alice) == corrected and label_of(stack, corrected)[2:] == ("unset", 1)
    after_key(alice, "s")
    assert label_of(stack, corrected)[3] == 1
    accepted, proposed = opened(alice), chosen(alice)
    alice.keyboard.press("3")
    expect(alice.locator("#review-store")).to_contain_text("Apply correction")
    after_key(alice, "a")
    assert label_of(stack, accepted) == (*proposed, "person", 0)
    alice.keyboard.press("?")
    expect(alice.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    alice.keyboard.press("Escape")
    for _ in range(10):
        after_key(alice, "Enter")
    assert number(alice) >= began + 10


def test_a_key_held_down_decides_one_ticket(browse, stack, unsure):
    alice = browse("alice")
    alice.goto(f"/review/?after={unsure[20]}")
    before = shown(alice)
    for _ in range(6):
        alice.keyboard.down("Enter")
    alice.keyboard.up("Enter")
    expect(alice.locator("#review-title")).not_to_have_text(before)
    decided = "SELECT count(*) FROM tickets_ticket WHERE id > ? AND id <= ? AND category_by = 'person'"
    assert stack.rows(decided, unsure[20], unsure[-1])[0][0] == 1


def test_it_works_without_scripts(browse, stack, unsure):
    alice = browse("alice", java_script_enabled=False)
    alice.goto(f"/review/?after={unsure[28]}")
    first, proposed = opened(alice), chosen(alice)
    other = "low" if proposed[1] == "high" else "high"
    alice.locator(f"input[value={other}] + span").click()
    alice.get_by_role("button", name=re.compile("Apply correction")).click()
    assert label_of(stack, first) == (proposed[0], other, "person", 0)
    assert opened(alice) != first
    alice.get_by_role("button", name="Undo").click()
    assert opened(alice) == first
    alice.get_by_role("link", name="Skip", exact=True).click()
    assert opened(alice) != first and label_of(stack, first)[3] == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_queue_fits_a_telephone_and_a_desk(browse, unsure, scheme):
    for width in (390, 1280):
        alice = browse("alice", viewport={"width": width, "height": 844}, color_scheme=scheme)
        for address in (f"/review/?after={unsure[35]}", "/review/?after=99999999"):
            alice.goto(address)
            expect(alice.locator("#review-title")).to_be_visible()
            assert alice.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
