"""Drafts as an agent sees them."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import TEAMS_OWN

pytestmark = pytest.mark.browser

WRITING = "AI is writing…"


def open_ticket(page: Page, ticket: int) -> Page:
    page.goto(f"/tickets/{ticket}/")
    expect(page.locator("#draft-start")).to_be_visible()
    return page


def some_text(page: Page) -> str:
    """What the composer holds as soon as a draft being written has brought text."""
    expect(page.locator("#draft-status")).to_have_text(WRITING)
    expect(page.locator("#reply-body")).not_to_have_value("")
    return page.locator("#reply-body").input_value()


def whole_text(page: Page) -> str:
    expect(page.locator("#draft-status")).to_contain_text("USD")
    return page.locator("#reply-body").input_value()


def drafts(stack, ticket: int) -> list:
    return stack.rows(
        "SELECT d.*, m.body FROM assistant_draft d LEFT JOIN tickets_message m ON m.id = d.sent_message_id "
        "WHERE d.ticket_id = ? ORDER BY d.created",
        ticket,
    )


def test_an_agent_watches_stops_asks_again_edits_and_sends(browse, stack, ticket):
    alice = open_ticket(browse("alice"), ticket)
    text = alice.locator("#reply-body")
    alice.get_by_label("What the draft should say").fill("apologise and offer a call")
    alice.get_by_role("button", name="Draft reply").click()
    early = some_text(alice)
    alice.get_by_role("button", name="Stop").click()
    expect(alice.locator("#draft-status")).to_contain_text("Stopped")
    kept = text.input_value()
    assert kept.startswith(early)
    alice.get_by_role("button", name="Regenerate").click()
    early = some_text(alice)
    draft = whole_text(alice)
    assert draft.startswith(early) and len(draft) > max(len(early), len(kept))
    expect(alice.locator("#composer")).to_have_attribute("data-ai", "")
    text.press("Control+End")
    text.press_sequentially(" I will call you at noon.")
    expect(alice.locator("#composer")).not_to_have_attribute("data-ai", "")
    alice.get_by_role("button", name="Send", exact=True).click()
    expect(alice.locator("#thread")).to_contain_text("I will call you at noon.")
    expect(text).to_have_value("")
    stopped, sent = drafts(stack, ticket)
    assert (stopped["state"], stopped["text"], stopped["instruction"]) == (
        "discarded", kept, "apologise and offer a call",
    )  # fmt: skip
    assert (sent["state"], sent["text"]) == ("sent", draft)
    assert 0 < sent["edited"] < 0.5 and sent["body"].split() == f"{draft} I will call you at noon.".split()


def test_what_was_in_the_composer_comes_back(browse, ticket):
    alice = open_ticket(browse("alice"), ticket)
    alice.locator("#reply-body").fill("My own words")
    alice.get_by_label("What the draft should say").press("Enter")
    assert some_text(alice) != "My own words"
    alice.get_by_role("button", name="Undo").click()
    expect(alice.locator("#reply-body")).to_have_value("My own words")
    expect(alice.locator("#composer")).not_to_have_attribute("data-ai", "")
    expect(alice.locator("#draft-id")).to_have_value("")


def test_a_draft_survives_a_reload_is_the_same_in_a_second_tab_and_moves_nothing(browse, stack, ticket):
    alice = open_ticket(browse("alice"), ticket)
    other = open_ticket(alice.context.new_page(), ticket)
    alice.get_by_role("button", name="Draft reply").click()
    some_text(other)
    alice.reload()
    some_text(alice)
    other.evaluate(
        "new PerformanceObserver((list) => { window.shift = (window.shift ?? 0) + list.getEntries()"
        ".reduce((sum, entry) => sum + entry.value, 0); }).observe({type: 'layout-shift'})"
    )
    text = whole_text(alice)
    assert whole_text(other) == text
    assert other.evaluate("window.shift ?? 0") == 0
    assert [(draft["state"], draft["text"]) for draft in drafts(stack, ticket)] == [("done", text)]
    other.get_by_role("button", name="Send", exact=True).click()
    expect(alice.locator("#thread .message")).to_have_count(2)


def test_a_finished_draft_waits_for_the_agent_to_come_back(browse, ticket):
    alice = open_ticket(browse("alice"), ticket)
    alice.get_by_role("button", name="Draft reply").click()
    text = whole_text(alice)
    alice.reload()
    expect(alice.locator("#reply-body")).to_have_value("")
    alice.get_by_role("button", name="Show it").click()
    expect(alice.locator("#reply-body")).to_have_value(text)
    expect(alice.locator("#composer")).to_have_attribute("data-ai", "")


def test_a_cut_connection_mends_itself_and_no_word_is_lost(browse, stack, ticket, wire):
    alice = open_ticket(browse("alice", origin=wire.origin), ticket)
    alice.get_by_role("button", name="Draft reply").click()
    early = some_text(alice)
    wire.cut()
    expect(alice.locator("#draft-status")).to_contain_text("Connection lost")
    text = whole_text(alice)
    assert text.startswith(early)
    assert [(draft["state"], draft["text"]) for draft in drafts(stack, ticket)] == [("done", text)]


def test_while_the_server_is_away_it_is_said_and_stop_frees_the_composer(browse, ticket, wire, watch):
    watch.allowed += ["ERR_", "WebSocket connection to"]
    alice = open_ticket(browse("alice", origin=wire.origin), ticket)
    alice.get_by_role("button", name="Draft reply").click()
    some_text(alice)
    wire.close()
    expect(alice.locator("#draft-status")).to_contain_text("Connection lost")
    alice.wait_for_timeout(4000)  # three seconds of patience are over, and REST reaches nobody either
    expect(alice.locator("#draft-status")).to_contain_text("Connection lost")
    kept = alice.locator("#reply-body").input_value()
    alice.get_by_role("button", name="Stop").click()
    expect(alice.locator("#reply-body")).to_be_editable()
    expect(alice.locator("#reply-body")).to_have_value(kept)


@pytest.fixture
def without_sockets(browse, wire, watch):
    """A desk behind a proxy that lets no websocket through."""
    wire.refuses_sockets = True
    watch.allowed += ["WebSocket connection to", "/ws/"]
    return lambda name: browse(name, origin=wire.origin)


def test_where_no_websocket_opens_drafts_come_by_rest_and_go_on_with_the_socket_when_one_opens(
    without_sockets, stack, ticket, wire
):
    alice = open_ticket(without_sockets("alice"), ticket)
    with alice.expect_request("**/api/v1/me/"):  # three seconds of patience are over
        pass
    alice.get_by_role("button", name="Draft reply").click()
    some_text(alice)
    alice.get_by_role("button", name="Stop").click()
    expect(alice.locator("#draft-status")).to_contain_text("Stopped")
    kept = alice.locator("#reply-body").input_value()
    with alice.expect_request("**/stream/"):
        alice.get_by_role("button", name="Regenerate").click()
    early = some_text(alice)
    wire.refuses_sockets = False
    with alice.expect_websocket() as opened:
        alice.evaluate("dispatchEvent(new Event('online'))")
    assert opened.value.url.endswith(f"/ws/tickets/{ticket}/")
    text = whole_text(alice)
    assert text.startswith(early)
    assert [(draft["state"], draft["text"]) for draft in drafts(stack, ticket)] == [("stopped", kept), ("done", text)]


def test_without_a_websocket_a_cut_stream_and_a_reload_lose_no_word(without_sockets, stack, ticket, wire, watch):
    watch.allowed += ["ERR_"]
    alice = open_ticket(without_sockets("alice"), ticket)
    with alice.expect_request("**/api/v1/me/"):
        pass
    alice.get_by_role("button", name="Draft reply").click()
    early = some_text(alice)
    wire.cut()
    text = whole_text(alice)
    assert text.startswith(early)
    assert [(draft["state"], draft["text"]) for draft in drafts(stack, ticket)] == [("done", text)]
    alice.reload()
    alice.get_by_role("button", name="Show it").click()
    expect(alice.locator("#reply-body")).to_have_value(text)


def test_a_relay_that_breaks_off_leaves_the_text_and_one_click_asks_again(browse, stack, ticket):
    broken = stack.start_relay("--fault", "reset_inside:0.5", "--seed", "1", "--token-ms", "5")  # the first of two
    alice = open_ticket(browse("alice", origin=stack.start_desk(broken).origin), ticket)
    alice.get_by_role("button", name="Draft reply").click()
    expect(alice.locator("#draft-status")).to_have_attribute("data-error", "")
    expect(alice.locator("#draft-status")).to_have_text(re.compile(r"\w+.*\.$"))
    kept = alice.locator("#reply-body").input_value()
    assert [(draft["state"], draft["text"]) for draft in drafts(stack, ticket)] == [("interrupted", kept)] and kept
    alice.get_by_role("button", name="Try again").click()
    text = whole_text(alice)
    assert drafts(stack, ticket)[-1]["text"] == text != kept


def test_a_draft_of_which_nothing_came_leaves_the_one_before_it(browse, stack, ticket):
    moody = stack.start_relay("--fault", "unauthorized:0.5", "--seed", "10", "--token-ms", "5")  # the second of two
    alice = open_ticket(browse("alice", origin=stack.start_desk(moody).origin), ticket)
    alice.get_by_role("button", name="Draft reply").click()
    kept = whole_text(alice)
    alice.get_by_role("button", name="Regenerate").click()
    expect(alice.locator("#draft-status")).to_have_attribute("data-error", "")
    expect(alice.locator("#reply-body")).to_have_value(kept)


def test_a_wrong_key_is_said_in_a_sentence(browse, stack, ticket):
    locked = stack.start_relay("--key", "the right one")
    alice = open_ticket(browse("alice", origin=stack.start_desk(locked).origin), ticket)
    alice.locator("#reply-body").fill("My own words")
    alice.get_by_role("button", name="Draft reply").click()
    expect(alice.locator("#draft-status")).to_have_attribute("data-error", "")
    expect(alice.locator("#draft-status")).to_contain_text("Incorrect API key provided")
    expect(alice.locator("#draft-status")).to_contain_text("RELAY_API_KEY")
    expect(alice.locator("#reply-body")).to_have_value("My own words")


def test_a_preset_and_chosen_tone_and_model_make_the_draft_and_its_sources_are_links(browse, stack):
    common = {"email": "mina@example.com", "subject": "Teapot with a cracked spout", **TEAMS_OWN}
    old, new = stack.load(
        [
            {"thread": "old", "body": "My teapot has a cracked spout.", "status": "resolved", **common},
            {"thread": "old", "email": "alice@collie-demo.invalid", "body": "A new one is on its way."},
            {"thread": "new", "body": "The spout of my teapot is cracked!", **common},
        ]
    )  # fmt: skip
    alice = open_ticket(browse("alice"), new)
    alice.locator("#draft-options > summary").click()
    alice.get_by_label("Formal").check()
    alice.get_by_label("deepseek-v3.2").check()
    alice.keyboard.press("Escape")
    alice.get_by_role("button", name="Decline politely").click()
    whole_text(alice)
    alice.locator("#draft-sources > summary").click()
    source = alice.locator("#draft-sources a").first  # the most alike
    expect(source).to_have_text(f"#{old} Teapot with a cracked spout")
    expect(source).to_have_attribute("href", f"/tickets/{old}/")
    (draft,) = drafts(stack, new)
    assert (draft["tone"], draft["model"]) == ("formal", "deepseek-v3.2") and draft["preset_id"]


def test_on_a_phone_nothing_of_the_options_is_cut_off(browse, ticket):
    alice = open_ticket(browse("alice", viewport={"width": 390, "height": 800}), ticket)
    alice.locator("#draft-options > summary").click()
    expect(alice.get_by_label("gpt-4.1")).to_be_visible()
    menu = alice.locator("#draft-options .menu-items")
    assert menu.evaluate("menu => menu.scrollWidth - menu.clientWidth") == 0
    box = menu.bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= 390


def test_what_is_written_is_translated_and_undo_brings_it_back(browse, stack):
    (german,) = stack.load(
        [{"email": "uwe@example.com", "body": "Ich kann mich nicht anmelden, bitte helfen Sie mir.", **TEAMS_OWN}]
    )
    alice = open_ticket(browse("alice"), german)
    words = "Please sign out, update to the latest version and sign in again."
    alice.locator("#reply-body").fill(words)
    alice.locator("#draft-options > summary").click()
    alice.get_by_role("button", name="Translate what is written into German").click()
    expect(alice.locator("#draft-status")).to_contain_text("Translated by AI")
    expect(alice.locator("#reply-body")).to_have_value(re.compile("melden Sie sich"))
    expect(alice.locator("#composer")).to_have_attribute("data-ai", "")
    alice.get_by_role("button", name="Undo").click()
    expect(alice.locator("#reply-body")).to_have_value(words)
    expect(alice.locator("#composer")).not_to_have_attribute("data-ai", "")


def test_a_long_thread_is_summarised_above_it_until_a_message_comes(browse, stack):
    rows = [
        {"thread": "long", "email": "mina@example.com", "body": f"Question number {n}?", **TEAMS_OWN}
        for n in range(6)
    ]
    (long,) = stack.load(rows)
    alice = open_ticket(browse("alice"), long)
    alice.get_by_role("button", name="Summarise").click()
    summary = alice.locator("#summary")
    expect(summary.locator("li")).to_have_count(5)
    expect(summary).to_contain_text("Question number 5?")
    expect(summary.get_by_role("button", name="Summarise")).to_be_hidden()
    alice.reload()
    expect(summary.locator("li")).to_have_count(5)
    alice.locator("#reply-body").fill("Here is the answer.")
    alice.get_by_role("button", name="Send", exact=True).click()
    expect(alice.locator("#thread")).to_contain_text("Here is the answer.")
    expect(summary.locator("li")).to_have_count(0)
    expect(summary.get_by_role("button", name="Summarise")).to_be_visible()
