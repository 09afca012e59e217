import contextlib
import http.client
import json
import threading
import urllib.request

import pytest

from assistant.simulator import SimulatedRelay
from tests.assistant.asking import ask, connect, draft, read_until, request, triage


@pytest.fixture
def relay():
    with SimulatedRelay() as relay:
        yield relay


def test_a_plain_answer_has_openai_shape_and_names_the_simulator(relay):
    reply = ask(relay, "My invoice is wrong.")
    answer = reply.json
    assert reply.status == 200 and answer["object"] == "chat.completion"
    assert answer["choices"][0]["finish_reason"] == "stop" and reply.text
    assert reply.headers["x-simulated-relay"] == "collie" and reply.headers["x-request-id"]
    assert answer["system_fingerprint"] == "simulated-relay"
    usage = answer["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
    assert usage["prompt_tokens_details"] == {"cached_tokens": 0}


def test_a_stream_says_the_same_as_a_plain_answer_and_ends_with_usage(relay):
    plain, streamed = ask(relay, *draft("The app crashes.")), ask(relay, *draft("The app crashes."), stream=True)
    assert streamed.headers["content-type"].startswith("text/event-stream")
    assert streamed.streamed == plain.text
    assert streamed.events[-1] == "[DONE]"
    assert streamed.chunks[-1]["choices"] == [] and streamed.chunks[-1]["usage"] == plain.json["usage"]
    assert streamed.chunks[-2]["choices"][0]["finish_reason"] == "stop"
    assert streamed.deltas[0] == {"role": "assistant", "content": ""}


def test_usage_counts_the_chunks_of_the_stream(relay):
    streamed = ask(relay, *draft("The app crashes."), stream=True)
    tokens = [delta for delta in streamed.deltas[1:] if delta.get("content")]
    assert streamed.chunks[-1]["usage"]["completion_tokens"] == len(tokens)


def test_a_stream_sends_usage_only_when_asked(relay):
    body = {"model": "gpt-4.1", "stream": True, "messages": [{"role": "user", "content": "Hello"}]}
    reply = request(relay, "POST", "/v1/chat/completions", json.dumps(body))
    assert all("usage" not in chunk for chunk in reply.chunks)
    assert relay.books[-1].prompt_tokens == relay.books[-1].completion_tokens == 0


def test_max_tokens_cuts_the_answer(relay):
    answer = ask(relay, max_tokens=5).json
    assert answer["choices"][0]["finish_reason"] == "length" and answer["usage"]["completion_tokens"] == 5


def test_models_are_listed(relay):
    models = request(relay, "GET", "/v1/models").json["data"]
    assert {"deepseek-v3.2", "gemini-2.5-flash", "gpt-4.1", "claude-sonnet-4.5"} <= {m["id"] for m in models}
    assert {m["owned_by"] for m in models} == {"simulated-relay"}
    assert request(relay, "GET", "/v1/models", key="").status == 401


@pytest.mark.parametrize("key", ["", "wrong"])
def test_a_missing_or_wrong_key_is_refused_in_openai_shape(key):
    with SimulatedRelay(key="right") as relay:
        reply = ask(relay, key=key)
        assert reply.status == 401 and "API key" in reply.json["error"]["message"]
        assert ask(relay, key="right").status == 200


def test_the_key_is_never_in_the_books(relay):
    ask(relay, key="very-secret")
    assert "very-secret" not in repr(relay.books)


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ("{nonsense", 400, "could not parse"),
        ("[]", 400, "JSON object"),
        ('{"model": "gpt-4.1"}', 400, "messages"),
        ('{"messages": []}', 400, "model"),
        ('{"model": "gpt-4.1", "messages": [{}]}', 400, "role"),
        ('{"model": "gpt-9", "messages": [{"role": "user", "content": "x"}]}', 404, "gpt-9"),
        ('{"model": "gpt-4.1", "messages": [{"role": "user"}], "max_tokens": 0}', 400, "max_tokens"),
        ('{"model": "gpt-4.1", "messages": [{"role": "user"}], "response_format": {"type": "x"}}', 400, "format"),
    ],
)
def test_a_wrong_request_is_refused_with_a_clear_message(relay, body, status, said):
    reply = request(relay, "POST", "/v1/chat/completions", body)
    assert reply.status == status and said in reply.json["error"]["message"]


def test_unknown_paths_and_methods_are_refused(relay):
    assert request(relay, "GET", "/v1/nothing").status == 404
    assert request(relay, "GET", "/v1/chat/completions").status == 405


def test_what_is_no_http_is_refused_and_the_connection_ends(relay):
    with connect(relay, stream=False) as connection:
        read_until(connection, b"}")
        connection.sendall(b"nonsense\r\n\r\n")
        assert b"400 Bad Request" in read_until(connection, b"malformed.\n")
        assert connection.recv(1) == b""


def test_a_request_body_may_come_in_chunks(relay):
    body = json.dumps({"model": "gpt-4.1", "messages": [{"role": "user", "content": "Hello"}]}).encode()
    asked = urllib.request.Request(  # a body without a length is sent in chunks
        f"{relay.base_url}/chat/completions", iter([body[:20], body[20:]]), {"Authorization": "Bearer any"}
    )
    with urllib.request.urlopen(asked, timeout=5) as response:
        assert json.load(response)["object"] == "chat.completion"


def test_a_connection_is_kept_for_the_next_request(relay):
    connection = http.client.HTTPConnection(relay.host, relay.port, timeout=5)
    with contextlib.closing(connection):
        connection.connect()
        first = connection.sock
        for _ in range(3):
            connection.request("GET", "/v1/models", headers={"Authorization": "Bearer any"})
            connection.getresponse().read()
        assert connection.sock is first


def test_the_rate_limit_is_a_sliding_window_with_hints():
    with SimulatedRelay(rpm=2) as relay:
        first, _, third = ask(relay), ask(relay), ask(relay)
        assert first.headers["x-ratelimit-limit-requests"] == "2"
        assert first.headers["x-ratelimit-remaining-requests"] == "1"
        assert third.status == 429 and 0 < int(third.headers["retry-after"]) <= 60
        relay.set(rpm=None)
        assert ask(relay).status == 200
        assert [call.status for call in relay.books] == [200, 200, 429, 200]


def test_the_same_seed_and_prompt_give_the_same_answer():
    prompt = triage(("", "Is it possible to pay later?"), ("Broken", "It does not work"))
    answers = []
    for seed in (1, 1, 2):
        with SimulatedRelay(seed=seed) as relay:
            answers.append([ask(relay, *prompt).text, ask(relay, *draft("Hello")).text])
    assert answers[0] == answers[1] != answers[2]


def test_faults_by_rate_come_in_the_same_order_for_the_same_seed():
    seen = []
    for _ in range(2):
        with SimulatedRelay(seed=7, faults={"server_error": 0.3, "payment": 0.3}) as relay:
            seen.append([ask(relay).status for _ in range(20)])
    assert seen[0] == seen[1] and set(seen[0]) == {200, 402, 500}


def test_scripted_faults_come_first_then_rates_apply_again():
    with SimulatedRelay(faults={"server_error": 1.0}) as relay:
        relay.script("payment", "ok")
        assert [ask(relay).status for _ in range(3)] == [402, 200, 500]
        assert [call.fault for call in relay.books] == ["payment", "ok", "server_error"]


@pytest.mark.parametrize("faults", [{"gremlins": 0.1}, {"reset": 1.1}, {"reset": -0.1}, {"reset": 0.6, "html": 0.6}])
def test_faults_that_make_no_sense_are_refused(faults):
    with pytest.raises(ValueError, match="fault"):
        SimulatedRelay(faults=faults)


def test_held_answers_wait_until_released(relay):
    relay.hold(after_tokens=3)
    with connect(relay) as connection:
        relay.wait_until(lambda r: r.held == 1)
        before = read_until(connection, b'"content": "') + b""
        assert relay.active == 1 and relay.books == [] and b"[DONE]" not in before
        relay.release()
        assert b"[DONE]" in read_until(connection, b"[DONE]")
    assert relay.active == 0 and relay.books[0].finished


def test_a_client_that_leaves_is_noticed_and_generation_stops(relay):
    relay.set(token_ms=2)
    with connect(relay) as connection:
        read_until(connection, b'"content": "')
    relay.wait_until(lambda r: r.books)
    call = relay.books[0]
    assert call.client_gone and not call.finished and relay.active == 0


def test_a_client_that_leaves_a_held_answer_is_noticed(relay):
    relay.hold()
    with connect(relay, stream=False):
        relay.wait_until(lambda r: r.held == 1)
    relay.wait_until(lambda r: r.books)
    assert relay.books[0].client_gone and relay.books[0].status == 0


def test_the_books_agree_with_what_was_reported(relay):
    replies = [ask(relay, f"Question {n}", model=m) for n, m in enumerate(["gpt-4.1", "deepseek-v3.2"])]
    sums = sum(reply.json["usage"]["total_tokens"] for reply in replies)
    totals = request(relay, "GET", "/books").json
    assert totals["prompt_tokens"] + totals["completion_tokens"] == sums
    assert totals["requests"] == totals["most_requests_in_60_s"] == 2 and totals["by_status"] == {"200": 2}
    assert totals["by_model"]["gpt-4.1"]["requests"] == 1
    assert [call.prompt[0]["content"] for call in relay.books] == ["Question 0", "Question 1"]


def test_cached_tokens_are_reported_only_when_asked_for():
    long = "The same long beginning of every prompt. " * 40
    with SimulatedRelay(cached=True) as relay:
        first, second = (ask(relay, long + end).json["usage"]["prompt_tokens_details"] for end in "AB")
        assert first["cached_tokens"] == 0 and second["cached_tokens"] >= 300
        assert relay.books[-1].cached_tokens == second["cached_tokens"]


def test_the_relay_comes_back_on_the_same_port(relay):
    base_url, _ = relay.base_url, ask(relay)
    relay.stop()
    with pytest.raises(OSError):
        ask(relay)
    relay.restart()
    assert relay.base_url == base_url and ask(relay).status == 200 and len(relay.books) == 2


def test_stopping_drops_what_is_under_way(relay):
    relay.script("timeout")
    with connect(relay) as connection:
        relay.wait_until(lambda r: r.active == 1)
        relay.stop()
        with contextlib.suppress(ConnectionResetError):
            assert connection.recv(1) == b""
    assert not relay.books[0].client_gone and relay.active == 0


def test_many_streams_run_at_once(relay):
    relay.hold(after_tokens=2)
    replies = []
    threads = [
        threading.Thread(target=lambda: replies.append(ask(relay, stream=True, timeout=20))) for _ in range(60)
    ]
    for thread in threads:
        thread.start()
    relay.wait_until(lambda r: r.held == 60, timeout=20)
    relay.release()
    for thread in threads:
        thread.join()
    assert [reply.events[-1] for reply in replies] == ["[DONE]"] * 60
