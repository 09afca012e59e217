"""What an agent is told when a draft fails, and what is kept."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from assistant.drafts import asking, lifecycle
from assistant.drafts.asking import DraftRefused, Wish
from assistant.models import Draft, RelayCall, Spending
from assistant.relay.errors import RelayError
from assistant.simulator import SimulatedRelay
from tests.assistant.sockets import Server

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize(
    ("fault", "code", "retryable"),
    [
        ("unauthorized", "invalid_key", False),
        ("not_found", "unknown_model", False),
        ("bad_request", "bad_request", False),
        ("rate_limit_long", "rate_limited", True),
        ("html", "relay_error", True),
        ("server_error_final", "relay_error", True),
    ],
)
def test_a_failure_before_any_text_names_its_code_and_costs_nothing(page, relay, fault, code, retryable):
    relay.script(fault)
    with page() as client:
        draft_id = client.draft()
        failed = client.until("draft.failed")
    assert (failed["error"]["code"], failed["error"]["retryable"], failed["text"]) == (code, retryable, "")
    assert failed["error"]["message"]
    draft = Draft.objects.select_related("call").get(pk=draft_id)
    assert (draft.state, draft.error_code, draft.call.outcome) == (Draft.State.FAILED, code, code)
    assert draft.call.state == RelayCall.State.SETTLED and not draft.call.cost


def test_a_failure_before_any_text_is_tried_again(page, relay):
    relay.script("rate_limit_ms", "rate_limit_ms", "ok")
    with page() as client:
        draft_id = client.draft()
        _, done = client.follow()
    assert done["type"] == "draft.done" and Draft.objects.get(pk=draft_id).call.attempts == 3


def test_the_page_is_told_of_a_wait(page, relay):
    relay.script("rate_limit_bare")
    with page() as client:
        draft_id = client.draft()
        waiting = client.until("draft.waiting")
        client.send("draft.stop", draft=draft_id)
        done = client.until("draft.done")
    assert waiting["draft"] == draft_id and 1 <= waiting["seconds"] <= 15 and waiting["reason"] == "rate_limit"
    assert done["finish_reason"] == "stopped" and done["text"] == ""


@pytest.mark.parametrize(
    ("fault", "code", "state"),
    [
        ("reset_inside", "interrupted", Draft.State.INTERRUPTED),
        ("error_late", "interrupted", Draft.State.INTERRUPTED),
        ("no_end", "truncated", Draft.State.INTERRUPTED),
        ("content_filter", "blocked", Draft.State.FAILED),
    ],
)
def test_a_failure_after_text_keeps_the_text_and_asks_nobody_again(page, relay, fault, code, state):
    asked = relay.requests
    relay.script(fault)
    with page() as client:
        draft_id = client.draft()
        text, failed = client.follow()
    assert failed["error"]["code"] == code and failed["text"] == text and text
    assert relay.requests == asked + 1
    draft = Draft.objects.select_related("call").get(pk=draft_id)
    assert (draft.state, draft.text) == (state, text)
    assert draft.call.state == RelayCall.State.SETTLED and draft.call.completion_tokens > 0


def test_a_draft_cut_off_by_its_length_is_done_and_says_so(page, relay):
    relay.script("length")
    with page() as client:
        client.draft()
        _, done = client.follow()
    assert done["type"] == "draft.done" and done["finish_reason"] == "length"


def test_an_unreadable_part_is_counted(page, relay):
    relay.script("bad_event")
    with page() as client:
        client.draft()
        _, done = client.follow()
    assert done["unreadable_events"] == 1


def test_over_the_cap_the_answer_is_busy_at_once(page, relay, server, ticket, carol):
    small = Server(relay.base_url, DRAFT_MAX_STREAMS="1").start()
    try:
        relay.hold(after_tokens=2)
        with page(on=small) as client, page(carol, on=small) as other:
            client.draft()
            client.until("draft.delta")
            other.send("draft.start")
            assert other.until("error")["error"]["code"] == "busy"
            client.draft(instruction="again")  # one's own is replaced
    finally:
        small.kill()
    assert Draft.objects.filter(author=carol).count() == 0


def test_what_may_not_leave_is_refused_on_the_socket(page, relay):
    asked = relay.requests
    other = Server(relay.base_url, AI_ENABLED="0").start()
    try:
        with page(on=other) as client:
            client.send("draft.start")
            assert client.until("error")["error"]["code"] == "ai_disabled"
    finally:
        other.kill()
    assert relay.requests == asked


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("AI_ENABLED", False, "ai_disabled"),
        ("RELAY_API_KEY", "", "invalid_key"),
        ("MONTHLY_BUDGET_USD", Decimal("0.000001"), "budget_reached"),
        ("USER_DAILY_BUDGET_USD", Decimal("0.000001"), "budget_reached"),
    ],
)
def test_what_may_not_leave_leaves_no_draft_and_no_row(ticket, alice, settings, name, value, code):
    setattr(settings, name, value)
    with pytest.raises(DraftRefused) as refused:
        asking.start(alice, ticket.pk, Wish(), timezone.now())
    assert refused.value.code == code and refused.value.message
    assert not Draft.objects.exists() and not RelayCall.objects.exists()


def test_a_relay_that_is_not_there_fails_the_draft(page):
    with SimulatedRelay() as gone:
        address = gone.base_url
    other = Server(address).start()
    try:
        with page(on=other) as client:
            draft_id = client.draft()
            assert client.until("draft.waiting")["reason"] == "retry"
            client.send("draft.stop", draft=draft_id)
            client.until("draft.done")
    finally:
        other.kill()
    call = RelayCall.objects.get()
    assert call.attempts >= 1 and (call.state, call.cost) == (RelayCall.State.SETTLED, 0)


def test_a_request_that_may_have_cost_keeps_its_own_row_when_the_draft_is_tried_again(page, relay):
    relay.script("reset", "server_error", "ok")
    with page() as client:
        draft_id = client.draft()
        _, done = client.follow()
    assert done["type"] == "draft.done"
    rows = RelayCall.objects.order_by("pk").values_list("state", "outcome", "attempts", "draft", "user")
    draft = Draft.objects.get(pk=draft_id)
    assert list(rows) == [
        ("unknown", "relay_error", 1, None, draft.author_id), ("settled", "ok", 2, draft.pk, draft.author_id),
    ]  # fmt: skip


def test_stopping_the_wait_for_another_try_leaves_the_request_that_may_have_cost_unknown(page, relay):
    relay.script("reset")
    with page() as client:
        draft_id = client.draft()
        client.until("draft.waiting")
        client.send("draft.stop", draft=draft_id)
        client.until("draft.done")
    rows = RelayCall.objects.order_by("pk").values_list("state", "attempts", "cost")
    assert list(rows) == [("unknown", 1, None), ("settled", 0, 0)]


def test_a_budget_ends_the_tries_of_a_draft_whose_requests_may_have_cost(ticket, alice, settings):
    plan = asking.start(alice, ticket.pk, Wish(), timezone.now())
    settings.MONTHLY_BUDGET_USD = plan.call.reserved_cost
    error = RelayError("timeout", "Nobody answered.", retryable=True)
    assert asking.pay_again(plan, error, 1) is None
    call = RelayCall.objects.get()
    assert (call.pk, call.state) == (plan.call.pk, RelayCall.State.RESERVED)


def test_a_key_that_cannot_be_sent_is_told_by_its_name_and_costs_nothing(page, relay):
    other = Server(relay.base_url, RELAY_API_KEY="a\tb").start()
    try:
        with page(on=other) as client:
            client.draft()
            failed = client.until("draft.failed")
    finally:
        other.kill()
    assert failed["error"]["code"] == "invalid_key" and "RELAY_API_KEY" in failed["error"]["message"]
    call = RelayCall.objects.get()
    assert (call.state, call.cost) == (RelayCall.State.SETTLED, 0)


def test_a_killed_server_leaves_the_text_and_the_next_page_finds_it_interrupted(page, relay, server):
    relay.hold(after_tokens=8)
    doomed = Server(relay.base_url).start()
    with page(on=doomed) as client:
        draft_id = client.draft()
        client.until("draft.delta")
        saved = wait_for_save(draft_id)
        doomed.kill()
    Draft.objects.filter(pk=draft_id).update(saved=timezone.now() - timedelta(seconds=16))
    with page() as client:
        latest = client.until("draft.latest")
        assert (latest["state"], latest["text"]) == ("interrupted", saved)
        client.send("draft.resume", draft=draft_id)
        text, failed = client.follow()
    assert text == saved and failed["error"]["code"] == "interrupted" and failed["error"]["retryable"]
    call = Draft.objects.get(pk=draft_id).call
    assert call.state == RelayCall.State.RESERVED and Spending.objects.filter(amount__gt=0).exists()


def wait_for_save(draft_id: str) -> str:
    deadline = timezone.now() + timedelta(seconds=10)
    while timezone.now() < deadline:
        if text := Draft.objects.get(pk=draft_id).text:
            return text
    raise AssertionError("The draft was not saved.")


def test_only_drafts_that_nobody_saves_are_interrupted(ticket, alice):
    now = timezone.now()
    fresh = Draft.objects.create(ticket=ticket, author=alice, model="m", saved=now - timedelta(seconds=14))
    stale = Draft.objects.create(
        ticket=ticket, author=alice, model="m", saved=now - timedelta(seconds=16), text="Dear"
    )
    done = Draft.objects.create(ticket=ticket, model="m", state="done", saved=now - timedelta(days=1))
    assert lifecycle.interrupt_orphans(now) == 1
    for draft in (fresh, stale, done):
        draft.refresh_from_db()
    assert (fresh.state, stale.state, done.state) == ("streaming", "interrupted", "done")
    assert stale.text == "Dear" and stale.error


def test_a_draft_taken_for_an_orphan_goes_on_as_soon_as_its_server_can_save_again(page, relay):
    """The database was away for longer than a draft may go unsaved, and somebody looked before the next save."""
    relay.hold(after_tokens=8)
    with page() as client, page() as other:
        draft_id = client.draft()
        client.until("draft.delta")
        wait_for_save(draft_id)
        row = Draft.objects.filter(pk=draft_id)
        long_ago = timezone.now() - timedelta(seconds=16)
        row.update(saved=long_ago, state="interrupted", error_code="interrupted", error="-")
        deadline = timezone.now() + timedelta(seconds=20)
        while row.get().state != "streaming" and timezone.now() < deadline:
            pass
        assert (row.get().state, row.get().error_code, row.get().error) == ("streaming", "", "")
        relay.release()
        other.send("draft.resume", draft=draft_id)
        text, done = other.follow()
    assert done["type"] == "draft.done" and row.get().state == "done" and row.get().text == done["text"] == text


def test_a_save_that_comes_late_leaves_an_ended_draft_as_it_is(ticket, alice):
    """The end is written just before: what was about to be saved is older."""
    now = timezone.now()
    ended = Draft.objects.create(
        ticket=ticket, author=alice, model="m", state="interrupted", saved=now, text="Dear Erin", error_code="timeout"
    )
    lifecycle.save([lifecycle.Progress(ended.pk, "Dear", 1)], now)
    ended.refresh_from_db()
    assert (ended.state, ended.text, ended.error_code) == ("interrupted", "Dear Erin", "timeout")
