"""Drafts taken for orphans whose process lives on, and was only kept from saving them for a while."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from assistant.drafts import asking, frames, lifecycle
from assistant.drafts.asking import Plan, Wish
from assistant.drafts.lifecycle import Ending, Progress
from assistant.models import Draft, RelayCall
from assistant.relay.errors import RelayError
from assistant.relay.types import End, Usage

pytestmark = pytest.mark.django_db

CANCELLED = RelayError("cancelled", "The call was cancelled.")
WHOLE = End("stop", Usage(9, 3), 1, 2, 0, "", "gpt-4.1", False)


@pytest.fixture
def orphan(ticket, alice) -> Plan:
    """A draft that another process has looked at when it had not been saved for too long."""
    long_ago = timezone.now() - lifecycle.ORPHANED_AFTER - timedelta(seconds=1)
    plan = asking.start(alice, ticket.pk, Wish(), long_ago)
    assert lifecycle.interrupt_orphans(timezone.now()) == 1
    return plan


def state_of(plan: Plan) -> str:
    return Draft.objects.get(pk=plan.draft.pk).state


def test_what_was_asked_for_since_takes_the_place_of_a_draft_that_was_taken_for_an_orphan(orphan, ticket, alice):
    successor = asking.start(alice, ticket.pk, Wish(), timezone.now())
    asked = lifecycle.save(
        [Progress(orphan.draft.pk, "Dear", 1), Progress(successor.draft.pk, "Hi", 1)], timezone.now()
    )
    assert asked == {orphan.draft.pk}
    assert (state_of(orphan), state_of(successor)) == ("interrupted", "streaming")


@pytest.mark.parametrize(("outcome", "stopped", "state"), [(CANCELLED, True, "stopped"), (WHOLE, False, "done")])
def test_a_draft_taken_for_an_orphan_ends_with_its_text_and_its_call_settled(
    orphan, ticket, alice, outcome, stopped, state
):
    asking.start(alice, ticket.pk, Wish(), timezone.now())
    draft = lifecycle.finish(orphan, Ending("Dear Erin", 2, 1, outcome, stopped), timezone.now())
    assert (draft.state, draft.text, draft.error_code, draft.error) == (state, "Dear Erin", "", "")
    assert draft.call.state == RelayCall.State.SETTLED and draft.call.cost > 0
    assert json.loads(frames.ended(draft))["type"] == "draft.done"


def test_an_interrupted_draft_that_has_ended_stays_as_it_is_when_another_is_asked_for(ticket, alice):
    plan = asking.start(alice, ticket.pk, Wish(), timezone.now())
    cut = RelayError("interrupted", "The connection to the relay broke.", text_shown=True)
    lifecycle.finish(plan, Ending("Dear Erin", 2, 1, cut, False), timezone.now())
    shown = ("state", "text", "seq", "error_code", "error", "saved", "call__cost")
    before = Draft.objects.filter(pk=plan.draft.pk).values(*shown).get()
    asking.start(alice, ticket.pk, Wish(), timezone.now())
    assert before["state"] == "interrupted"
    assert Draft.objects.filter(pk=plan.draft.pk).values(*shown).get() == before
