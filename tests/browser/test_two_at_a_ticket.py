"""Two people at one ticket: what one changes reaches the other, and never takes a question away unanswered."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.test_drafts import open_ticket

pytestmark = pytest.mark.browser


def test_a_question_between_two_values_waits_for_its_answer_and_then_the_page_catches_up(browse, ticket, watch):
    watch.allowed.append("409")
    alice, carol = open_ticket(browse("alice"), ticket), open_ticket(browse("carol"), ticket)
    alice.locator("#property-priority").focus()
    carol.locator("#property-priority").select_option("high")
    expect(alice.locator("#thread")).to_contain_text("High")
    alice.locator("#property-priority").select_option("low")
    question = alice.locator(".clash")
    expect(question).to_contain_text("Carol has set High")

    alice.locator("#reply-body").focus()
    carol.locator("#property-status").select_option("pending")
    expect(alice.locator("#thread")).to_contain_text("Pending")
    expect(question).to_be_visible()

    question.get_by_text("Keep High").click()
    expect(question).to_have_count(0)
    expect(alice.locator("#property-status")).to_have_value("pending")


def test_a_change_that_came_while_somebody_worked_there_is_shown_once_they_leave(browse, ticket):
    alice, carol = open_ticket(browse("alice"), ticket), open_ticket(browse("carol"), ticket)
    alice.locator("#property-status").focus()
    carol.locator("#property-priority").select_option("high")
    expect(alice.locator("#thread")).to_contain_text("High")
    expect(alice.locator("#property-priority")).not_to_have_value("high")
    alice.locator("#reply-body").focus()
    expect(alice.locator("#property-priority")).to_have_value("high")
