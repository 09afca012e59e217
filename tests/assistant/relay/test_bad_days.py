"""The client against the simulated relay's faults: every call ends, with the whole text or with a reason."""

import random
from dataclasses import replace

import pytest

from assistant.relay.client import ChatRequest, Deadlines, Delta, RelayClient, RelayError
from assistant.simulator.relay import SimulatedRelay

from ..asking_again import until_done

REQUEST = ChatRequest("gpt-4.1", ({"role": "user", "content": "Where is my order 4711?"},), 0.3, 200)
RETRIED = ["rate_limit", "rate_limit_bare", "server_error", "unavailable", "timeout", "reset", "error_in_stream"]
FINAL = ["unauthorized", "payment", "bad_request", "html", "redirect", "empty", "invalid_json", "quota"]
CUT = ["reset_inside", "stall", "no_end", "error_late"]  # after text: a stream is never asked for again
HARMLESS = ["reasoning", "crlf", "split_utf8", "close_delimited", "no_usage", "huge_usage", "nul"]


@pytest.fixture(scope="module")
def relay():
    with SimulatedRelay(seed=7, drip_ms=1) as relay:
        yield relay


SILENT = ("timeout", "stall")  # what only a deadline ends; the others have all the time a busy machine takes


@pytest.fixture(scope="module")
def clients(relay):
    """By whether the relay will be silent."""
    clients = {
        silent: RelayClient(relay.base_url, "key", deadlines=Deadlines(30, *[1 if silent else 30] * 3))
        for silent in (True, False)
    }
    yield clients
    for client in clients.values():
        client.close()


@pytest.fixture(scope="module")
def client(clients):
    return clients[False]


@pytest.fixture(scope="module")
def whole(client):
    """The undisturbed answer."""
    return client.complete(REQUEST).text


def read(client, shown):
    shown.append("")
    for item in client.stream(REQUEST):
        if isinstance(item, Delta):
            shown[-1] += item.text
    return shown[-1]


def ask(client, shown, stream):
    call = (lambda: read(client, shown)) if stream else (lambda: client.complete(REQUEST).text)
    return until_done(call, sleep=lambda seconds: None, rng=random.Random(1))


@pytest.mark.parametrize("runs", [2, pytest.param(50, marks=pytest.mark.soak)])
@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize("fault", [*RETRIED, *FINAL, *CUT, *HARMLESS])
def test_every_call_ends_with_the_whole_text_or_a_reason(relay, clients, whole, fault, stream, runs):
    client = clients[fault in SILENT]
    for _ in range(runs):
        relay.script(fault)
        shown = []
        try:
            text, calls = ask(client, shown, stream)
        except RelayError as error:
            assert fault in FINAL or (stream and fault in CUT), error
            assert error.message
            assert all(whole.startswith(part) for part in shown)
            assert error.text_shown is bool(shown and shown[-1])
            assert len(shown) <= 1
        else:
            assert fault not in FINAL
            if fault != "no_end":  # a plain answer without a finish reason is half of one
                assert text == whole
            assert calls == (2 if fault in RETRIED or (fault in CUT and fault != "no_end") else 1)
            assert [part for part in shown if part] in ([], [whole])


def test_a_wrong_model_is_named(client):
    with pytest.raises(RelayError) as caught:
        client.complete(replace(REQUEST, model="no-such-model"))
    assert (caught.value.code, caught.value.stops_run) == ("unknown_model", True)


def test_the_simulated_relay_says_what_it_is(client):
    assert client.models().simulated
    assert client.complete(REQUEST).simulated
    assert list(client.stream(REQUEST))[-1].simulated
