"""Server-sent events of a real server: drafts followed and taken up again, questions answered in pieces."""

from __future__ import annotations

import pytest

from assistant.models import Draft, RelayCall

pytestmark = pytest.mark.django_db(transaction=True)
TEXTS = ("draft.snapshot", "draft.delta")


@pytest.fixture
def begin(caller, ticket):
    """Asks for a draft; the path of its stream."""

    def begin(**wish) -> str:
        draft = caller.ask("POST", f"tickets/{ticket.pk}/drafts/", wish)
        assert draft["state"] == "streaming", draft
        return draft["stream_url"].removeprefix("/api/v1/")

    return begin


def text_of(events) -> str:
    return "".join(event["data"]["text"] for event in events if event["event"] in TEXTS)


def test_a_draft_is_written_and_followed_though_no_page_is_open(caller, begin):
    with caller.open("GET", begin(instruction="Apologise.", tone="brief")) as stream:
        assert stream.headers["Content-Type"] == "text/event-stream"
        assert (stream.headers["Cache-Control"], stream.headers["X-Accel-Buffering"]) == ("no-cache", "no")
        events = list(stream)
    last = events[-1]
    assert last["event"] == last["data"]["type"] == "draft.done"
    assert text_of(events) == last["data"]["text"]
    draft = caller.ask("GET", f"drafts/{last['data']['draft']}/")
    assert (draft["state"], draft["text"]) == ("done", last["data"]["text"])
    assert draft["cost_usd"] == last["data"]["cost_usd"] and draft["usage"] == last["data"]["usage"]
    assert Draft.objects.get().tone == "brief"


def test_whoever_was_cut_off_gets_exactly_the_rest(caller, begin, relay):
    relay.hold(after_tokens=5)
    path, got = begin(), []
    with caller.open("GET", path) as stream:
        for event in stream:
            got.append(event)
            if event["event"] in TEXTS:
                break
    relay.release()
    relay.wait_until(lambda r: not r.active)
    with caller.open("GET", path, Last_Event_ID=got[-1]["id"]) as stream:
        rest = list(stream)
    whole = rest[-1]["data"]["text"]
    assert rest[-1]["event"] == "draft.done" and text_of(got) + text_of(rest) == whole
    assert 0 < len(text_of(got)) < len(whole)
    with caller.open("GET", path, Last_Event_ID=rest[-2]["id"]) as stream:  # all of the text, and not the end
        assert [event["event"] for event in stream] == ["draft.done"]
    with caller.open("GET", path, Last_Event_ID=rest[-1]["id"]) as stream:
        assert stream.status == 204
    with caller.open("GET", path, Last_Event_ID="no id of ours") as stream:
        assert text_of(stream) == whole


def test_a_draft_is_stopped_and_keeps_its_text(caller, begin, relay):
    relay.hold(after_tokens=5)
    path = begin()
    with caller.open("GET", path) as stream:
        events = iter(stream)
        shown = next(event for event in events if event["event"] in TEXTS)["data"]["text"]
        caller.ask("POST", path.replace("/stream/", "/stop/"), {})
        end = next(event for event in events if event["event"] == "draft.done")["data"]
    assert end["finish_reason"] == "stopped" and end["text"].startswith(shown)


def test_a_revoked_token_ends_the_stream(caller, begin, relay):
    relay.hold(after_tokens=5)
    with caller.open("GET", begin()) as stream:
        events = iter(stream)
        next(event for event in events if event["event"] in TEXTS)
        caller.token.delete()
        assert [event["event"] for event in events if event["event"] in {"draft.done", "draft.failed"}] == []


def test_an_answer_that_somebody_waits_for_comes_in_pieces(caller, relay):
    relay.hold(after_tokens=3)
    body = {"prompt": "Name three friendly greetings.", "use_case": "chat", "user_waiting": True}
    with caller.open("POST", "assist/", body) as stream:
        assert stream.headers["Content-Type"] == "text/event-stream" and stream.headers["Cache-Control"] == "no-cache"
        events = iter(stream)
        tokens = [next(events)["data"]["token"]]
        relay.release()
        rest = [event["data"] for event in events]
    assert rest[-1] == "[DONE]"
    tokens += [data["token"] for data in rest[:-1]]
    assert tokens[-1] == "" and len("".join(tokens)) > len(tokens[0]) > 0
    call = RelayCall.objects.get()
    assert (call.kind, call.state, call.model, call.user.username) == ("assist", "settled", "gpt-4.1", "alice")
    assert rest[-2]["usage"]["completion_tokens"] == call.completion_tokens > 3 and call.ttft_ms is not None


@pytest.mark.parametrize("more", [{"use_case": "report", "user_waiting": True}, {"use_case": "chat"}])
def test_an_answer_for_nobody_in_particular_comes_whole(caller, more):
    answer = caller.ask("POST", "assist/", {"prompt": "Name three friendly greetings.", **more})
    call = RelayCall.objects.get()
    assert answer["text"] and answer["model"] == call.model == "deepseek-v3.2"
    assert answer["usage"]["completion_tokens"] == call.completion_tokens > 0 and answer["cost_usd"]


def test_failures_have_a_status_before_the_first_piece_and_an_event_after_it(caller, relay):
    body = {"prompt": "Hello?", "user_waiting": True}
    relay.script("bad_request")
    with caller.open("POST", "assist/", body) as refused:
        assert (refused.status, refused.json["code"]) == (400, "bad_request")
    relay.script("error_late")
    with caller.open("POST", "assist/", body) as stream:
        events = [event["data"] for event in stream]
    assert events[0]["token"] and events[-1]["error"]["code"] == "interrupted" and "[DONE]" not in events
    assert set(RelayCall.objects.values_list("outcome", flat=True)) == {"bad_request", "interrupted"}


def test_whoever_hangs_up_ends_the_call(caller, relay):
    relay.hold(after_tokens=3)
    with caller.open("POST", "assist/", {"prompt": "Hello?", "user_waiting": True}) as stream:
        assert next(iter(stream))["data"]["token"]
    relay.wait_until(lambda r: not r.active)
