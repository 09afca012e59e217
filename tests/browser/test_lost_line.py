"""What is asked of a draft while the connection is down, or is lost with it."""

from __future__ import annotations

import re
from contextlib import closing
from functools import partial

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import PATIENCE, TEAMS_OWN
from tests.browser.test_drafts import drafts, open_ticket, some_text, whole_text
from tests.browser.wire import Wire
from tests.waiting import until

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def slow_desk(stack):
    """Its drafts take longer than any of these tests."""
    return stack.start_desk(stack.start_relay("--token-ms", "400"))


@pytest.fixture
def slow_wire(slow_desk, watch):
    watch.allowed += ["ERR_", "WebSocket connection to"]
    with closing(Wire(slow_desk.origin)) as wire:
        yield wire


def open_connected(page: Page, ticket: int) -> Page:
    """The page of a ticket whose socket has brought something."""
    heard: list[object] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: heard.append(frame)))
    open_ticket(page, ticket)
    while not heard:
        page.wait_for_timeout(20)
    return page


def lose_line(page: Page, wire: Wire) -> None:
    wire.is_down = True
    wire.cut()
    expect(page.locator("#draft-status")).to_contain_text("Connection lost")


def mend_line(page: Page, wire: Wire) -> None:
    wire.is_down, wire.loses = False, ""
    with page.expect_websocket():
        page.evaluate("dispatchEvent(new Event('online'))")


wait_for = partial(until, patience=PATIENCE / 1000)


def test_stop_pressed_while_the_line_is_down_is_told_as_soon_as_it_is_back(browse, stack, ticket, slow_wire):
    alice = open_connected(browse("alice", origin=slow_wire.origin), ticket)
    text = alice.locator("#reply-body")
    alice.get_by_role("button", name="Draft reply").click()
    kept = some_text(alice)
    lose_line(alice, slow_wire)
    alice.get_by_role("button", name="Stop").click()
    expect(text).to_be_editable()
    mend_line(alice, slow_wire)
    wait_for(lambda: drafts(stack, ticket)[0]["state"] == "stopped")
    (draft,) = drafts(stack, ticket)
    expect(text).to_have_value(draft["text"])
    assert draft["text"].startswith(kept)
    expect(text).to_be_editable()
    expect(alice.locator("#draft-status")).to_contain_text("Stopped")


def test_a_draft_undone_while_the_line_is_down_does_not_come_back_with_it(browse, stack, ticket, slow_wire):
    alice = open_connected(browse("alice", origin=slow_wire.origin), ticket)
    alice.get_by_role("button", name="Draft reply").click()
    some_text(alice)
    lose_line(alice, slow_wire)
    alice.get_by_role("button", name="Undo").click()
    mend_line(alice, slow_wire)
    wait_for(lambda: drafts(stack, ticket)[0]["state"] == "stopped")
    expect(alice.locator("#reply-body")).to_have_value("")
    expect(alice.locator("#reply-body")).to_be_editable()


def test_a_request_that_is_lost_with_the_line_is_sent_again(browse, stack, ticket, wire, watch):
    watch.allowed += ["ERR_", "WebSocket connection to"]
    alice = open_connected(browse("alice", origin=wire.origin), ticket)
    alice.locator("#reply-body").fill("My own words")
    wire.loses = "there"
    alice.get_by_role("button", name="Draft reply").click()
    lose_line(alice, wire)
    expect(alice.locator("#reply-body")).to_be_editable()
    mend_line(alice, wire)
    text = whole_text(alice)
    assert [(draft["state"], draft["text"]) for draft in drafts(stack, ticket)] == [("done", text)]
    alice.get_by_role("button", name="Undo").click()
    expect(alice.locator("#reply-body")).to_have_value("My own words")


@pytest.mark.parametrize("state", ["streaming", "done"])
def test_a_request_whose_answer_is_lost_with_the_line_is_not_sent_again(browse, stack, ticket, wire, watch, state):
    watch.allowed += ["ERR_", "WebSocket connection to"]
    alice = open_connected(browse("alice", origin=wire.origin), ticket)
    wire.loses = "back"
    alice.get_by_role("button", name="Draft reply").click()
    wait_for(lambda: [draft["state"] for draft in drafts(stack, ticket)] == [state])
    lose_line(alice, wire)
    mend_line(alice, wire)
    if state == "done":
        alice.get_by_role("button", name="Show it").click()
    text = whole_text(alice)
    assert [(draft["state"], draft["text"]) for draft in drafts(stack, ticket)] == [("done", text)]


def of_long_thread(stack, thread: str) -> int:
    common = {"thread": thread, "email": "mina@example.com", **TEAMS_OWN}
    (ticket,) = stack.load({**common, "body": f"Question number {n}?"} for n in range(6))
    return ticket


def summarise(page: Page) -> Locator:
    """The line that says how it goes, once some of the summary is there."""
    page.get_by_role("button", name="Summarise").click()
    expect(page.locator("#summary-text")).to_have_text(re.compile(r"\w"))
    return page.locator("#summary-status")


def cut_while_summarising(page: Page, wire: Wire) -> None:
    wire.is_down = True
    wire.cut()
    expect(page.locator("#summary-status")).to_contain_text("Connection lost")


@pytest.mark.parametrize("is_known", [True, False], ids=["known", "not noticed yet"])
def test_a_summary_stopped_while_the_line_is_down_is_stopped_on_the_server_too(browse, stack, slow_wire, is_known):
    ticket = of_long_thread(stack, f"stopped offline {is_known}")
    alice = open_connected(browse("alice", origin=slow_wire.origin), ticket)
    status, stop = summarise(alice), alice.locator("#summary-stop")
    if is_known:
        cut_while_summarising(alice, slow_wire)
        stop.click()
        expect(status).to_contain_text("Stopped")
        expect(alice.get_by_role("button", name="Summarise")).to_be_visible()
    else:
        slow_wire.loses = "there"
        stop.click()
        cut_while_summarising(alice, slow_wire)
    mend_line(alice, slow_wire)
    wait_for(lambda: [draft["state"] for draft in drafts(stack, ticket)] == ["stopped"])
    expect(status).to_contain_text("Stopped")
    expect(alice.get_by_role("button", name="Summarise")).to_be_visible()
    expect(alice.locator("#summary-text")).to_have_text(re.compile(r"\w"))


def test_a_summary_goes_on_after_the_line_was_down(browse, stack, slow_wire):
    ticket = of_long_thread(stack, "went on")
    alice = open_connected(browse("alice", origin=slow_wire.origin), ticket)
    status = summarise(alice)
    cut_while_summarising(alice, slow_wire)
    mend_line(alice, slow_wire)
    expect(status).to_contain_text("AI is summarising")
    expect(alice.locator("#summary-stop")).to_be_visible()
    alice.locator("#summary-stop").click()
    expect(status).to_contain_text("Stopped")


@pytest.mark.parametrize("way", ["there", "back"])
def test_a_summary_whose_request_or_answer_is_lost_with_the_line_is_shown_or_can_be_asked_for(
    browse, stack, wire, watch, way
):
    watch.allowed += ["ERR_", "WebSocket connection to"]
    ticket = of_long_thread(stack, f"lost {way}")
    alice = open_connected(browse("alice", origin=wire.origin), ticket)
    wire.loses = way
    alice.get_by_role("button", name="Summarise").click()
    if way == "back":
        wait_for(lambda: [draft["state"] for draft in drafts(stack, ticket)] == ["done"])
    cut_while_summarising(alice, wire)
    mend_line(alice, wire)
    expect(alice.locator("#summary-status")).not_to_contain_text("Connection lost")
    if way == "there":
        alice.get_by_role("button", name="Summarise").click()
    expect(alice.locator("#summary li")).to_have_count(5)
    assert [draft["state"] for draft in drafts(stack, ticket)] == ["done"]


def test_a_draft_asked_for_before_the_page_is_connected_begins_as_soon_as_it_is(browse, ticket):
    page, connected = browse("alice"), []
    page.route_web_socket(
        re.compile("/ws/tickets/"), lambda socket: socket.connect_to_server() if connected else socket.close()
    )
    open_ticket(page, ticket)
    page.get_by_role("button", name="Draft reply").click()
    expect(page.locator("#draft-status")).to_contain_text("Connection lost")
    connected.append(True)
    assert some_text(page)


def test_what_a_page_missed_is_asked_for_again_where_that_fails(browse, ticket, watch):
    watch.allowed += ["ERR_FAILED", "htmx:"]  # which tells of it too
    alice, carol = open_connected(browse("alice"), ticket), open_connected(browse("carol"), ticket)
    failed = []

    def fail_once(route):
        failed.append(route.request.url)
        route.abort("failed")

    alice.route(f"**/tickets/{ticket}/live/**", fail_once, times=1)
    carol.locator("#reply-body").fill("This came while nobody heard it.")
    carol.get_by_role("button", name="Send", exact=True).click()
    expect(alice.locator("#thread-tail")).to_contain_text("This came while nobody heard it.")
    assert failed
