"""What an agent has typed, and a draft that is written meanwhile: neither takes the other's place unasked."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.test_drafts import open_ticket, some_text

pytestmark = pytest.mark.browser


def test_words_typed_just_before_a_draft_survive_a_reload_and_the_draft_is_offered_when_it_is_done(browse, ticket):
    alice = open_ticket(browse("alice"), ticket)
    with alice.expect_response("**/unsent/"):
        alice.locator("#reply-body").fill("My own words")
        alice.get_by_role("button", name="Draft reply").click()
        some_text(alice)
    alice.reload()
    expect(alice.locator("#reply-body")).to_have_value("My own words")
    expect(alice.locator("#draft-status")).to_have_text("A draft you asked for is being written.")
    expect(alice.locator("#draft-status")).to_have_text("There is an unsent draft by AI for this ticket.")
    alice.get_by_role("button", name="Show it").click()
    expect(alice.locator("#composer")).to_have_attribute("data-ai", "")
