"""Drafts over a real websocket, from a real server, written by the simulated relay."""

from __future__ import annotations

from decimal import Decimal

import pytest

from assistant.models import Draft, RelayCall
from tests.assistant.sockets import KEY

pytestmark = pytest.mark.django_db(transaction=True)


def test_text_is_there_before_the_draft_is_complete_and_its_call_is_settled(page, relay):
    relay.hold(after_tokens=5)
    with page() as client:
        draft_id = client.draft(instruction="apologise", tone="formal")
        first = client.until("draft.delta")
        assert first["text"] and first["seq"] == 1
        relay.release()
        text, done = client.follow(first["text"], 1)
    assert done["type"] == "draft.done" and done["text"] == text and done["finish_reason"] == "stop"
    assert done["usage"]["completion_tokens"] > 5 and done["ttft_ms"] >= 0
    draft = Draft.objects.get(pk=draft_id)
    assert (draft.state, draft.text, draft.tone) == (Draft.State.DONE, text, "formal")
    assert draft.call.state == RelayCall.State.SETTLED and draft.call.outcome == "ok" and not draft.call.estimated
    assert draft.call.completion_tokens == relay.books[-1].completion_tokens
    assert Decimal(done["cost_usd"]) == draft.call.cost and len(done["cost_usd"].split(".")[1]) >= 6


def test_stop_keeps_the_text_and_settles_the_call(page, relay):
    relay.hold(after_tokens=5)
    with page() as client:
        draft_id = client.draft()
        shown = client.until("draft.delta")["text"]
        client.send("draft.stop", draft=draft_id)
        done = client.until("draft.done")
    assert done["finish_reason"] == "stopped" and done["text"].startswith(shown)
    draft = Draft.objects.get(pk=draft_id)
    assert (draft.state, draft.text) == (Draft.State.STOPPED, done["text"])
    assert draft.call.state == RelayCall.State.SETTLED and draft.call.estimated
    relay.wait_until(lambda r: not r.active)


def test_a_new_draft_stops_the_one_that_is_being_written(page, relay):
    relay.hold(after_tokens=3)
    with page() as client:
        first = client.draft()
        client.until("draft.delta")
        client.send("draft.start", instruction="shorter")
        assert client.until("draft.done")["draft"] == first
        second = client.until("draft.started")["draft"]
        relay.release()
        text, done = client.follow()
    assert second != first and done["draft"] == second and text
    assert Draft.objects.get(pk=first).state == Draft.State.STOPPED


def test_two_tabs_see_the_same_draft_and_a_colleague_does_not(page, relay, carol):
    with page() as one, page() as other, page(carol) as colleague:
        one.draft()
        other.until("draft.started")
        text, done = one.follow()
        assert other.follow() == (text, done)
        colleague.send("ping")
        colleague.until("pong")
    assert not any('"draft.' in frame for frame in colleague.seen)


def test_a_page_that_comes_late_or_back_gets_a_snapshot_and_then_every_delta(page, relay):
    relay.set(token_ms=1)
    relay.hold(after_tokens=6)
    with page() as client:
        draft_id = client.draft()
        client.until("draft.delta")
    for _ in range(5):
        with page() as again:
            snapshot = again.until("draft.snapshot")
            assert snapshot["draft"] == draft_id
    with page() as last:
        seen = last.until("draft.snapshot")
        relay.release()
        last.send("draft.resume", draft=draft_id)
        text, done = last.follow(seen["text"], seen["seq"])
    assert text == done["text"] and Draft.objects.get(pk=draft_id).text == text


def test_a_finished_draft_is_offered_to_who_opens_the_page_and_can_be_resumed_or_discarded(page):
    with page() as client:
        draft_id = client.draft()
        text, _ = client.follow()
    with page() as client:
        latest = client.until("draft.latest")
        assert (latest["draft"], latest["state"], latest["text"]) == (draft_id, "done", text)
        client.send("draft.resume", draft=draft_id)
        again, done = client.follow()
        assert again == text and done["type"] == "draft.done" and done["cost_usd"]
        client.send("draft.discard", draft=draft_id)
        client.send("draft.discard", draft=draft_id)
        assert client.until("error")["error"]["code"] == "not_found"
    assert Draft.objects.get(pk=draft_id).state == Draft.State.DISCARDED


def test_a_colleague_who_sees_the_ticket_may_follow_a_draft(page, relay, carol):
    relay.hold(after_tokens=3)
    with page() as client, page(carol) as colleague:
        draft_id = client.draft()
        client.until("draft.delta")
        colleague.send("draft.resume", draft=draft_id)
        colleague.until("draft.snapshot")
        relay.release()
        _, done = client.follow(seq=1)
        assert colleague.until("draft.done") == done


def test_no_frame_holds_the_key(page, relay, module_server):
    with page() as client:
        client.draft()
        client.follow()
        relay.script("unauthorized")
        client.draft()
        client.follow()
    assert not any(KEY in frame for frame in client.seen)
    assert KEY not in "".join(module_server.log)
