"""A defect of ours under a draft: its text is kept, its call is settled, and the page hears of it."""

from __future__ import annotations

import pytest
from django.db import DataError, OperationalError

from assistant import throttle
from assistant.drafts import lifecycle
from assistant.drafts.asking import Wish
from assistant.drafts.streams import hub
from assistant.models import Draft
from assistant.relay.types import End
from tests.assistant.drafts.test_resilience import collect, own_relay, run

__all__ = ["own_relay"]

pytestmark = pytest.mark.django_db(transaction=True)

ENDINGS = [OverflowError("too large"), DataError("out of range")]


def written(alice, ticket) -> tuple[Draft, dict]:
    """A draft that somebody follows to its end: its row, and the last frame."""

    async def read():
        draft = await hub.start(alice, ticket.pk, Wish())
        return draft, await collect(draft.pk)

    draft, events = run(read())
    assert not hub.count()
    return Draft.objects.select_related("call").get(pk=draft.pk), events[-1]


@pytest.mark.parametrize("defect", ENDINGS, ids=lambda defect: type(defect).__name__)
def test_an_end_that_cannot_be_written_as_it_came_keeps_the_text_and_settles_the_call(
    own_relay, ticket, alice, monkeypatch, defect
):
    finish = lifecycle.finish

    def picky(plan, ending, now):
        if isinstance(ending.outcome, End):
            raise defect
        return finish(plan, ending, now)

    monkeypatch.setattr(lifecycle, "finish", picky)
    draft, last = written(alice, ticket)
    assert (last.type, last.text) == ("draft.failed", draft.text) and draft.text
    assert (draft.state, draft.error_code) == (Draft.State.INTERRUPTED, "relay_error")
    assert (draft.call.state, draft.call.estimated, draft.call.outcome) == ("settled", True, "relay_error")


def test_an_end_that_can_never_be_written_is_told_with_the_text(own_relay, ticket, alice, monkeypatch):
    def broken(*_):
        raise OverflowError("too large")

    monkeypatch.setattr(lifecycle, "finish", broken)
    draft, last = written(alice, ticket)
    assert last.type == "draft.failed" and last.text
    assert draft.state == Draft.State.STREAMING  # nobody saves it any more, so it will be marked interrupted


def test_a_defect_while_the_answer_comes_ends_the_call_and_keeps_what_came(own_relay, ticket, alice, monkeypatch):
    monkeypatch.setattr(throttle, "answered", lambda *_: 1 / 0)
    draft, last = written(alice, ticket)
    assert (last.type, last.text) == ("draft.failed", draft.text) and draft.text
    assert draft.state == Draft.State.INTERRUPTED and draft.call.state == "settled"
    own_relay.wait_until(lambda relay: not relay.active)


def test_a_draft_that_never_left_as_the_database_failed_costs_nothing(own_relay, ticket, alice, monkeypatch):
    take = throttle.take

    def lost(*args):
        monkeypatch.setattr(throttle, "take", take)
        raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(throttle, "take", lost)
    draft, last = written(alice, ticket)
    assert (last.type, draft.state) == ("draft.failed", Draft.State.FAILED)
    assert (draft.call.state, draft.call.attempts, draft.call.cost) == ("settled", 0, 0)


@pytest.mark.parametrize("fault", ["huge_usage", "nul"])
def test_nonsense_that_a_relay_says_of_its_answer_costs_no_word(page, relay, fault):
    relay.script(fault)
    with page() as client:
        draft_id = client.draft()
        text, done = client.follow()
    draft = Draft.objects.select_related("call").get(pk=draft_id)
    assert (done["type"], done["text"]) == ("draft.done", text) and text
    assert (draft.state, draft.text, draft.call.state) == (Draft.State.DONE, text, "settled")
    assert draft.call.estimated is (fault == "huge_usage") and 0 < draft.call.cost <= draft.call.reserved_cost
    assert "\0" not in draft.finish_reason + draft.call.request_id
