import contextlib
import socket

import pytest

from assistant.relay.client import ChatRequest, Deadlines, RelayClient

KEY = "sk-very-secret-key-0123456789"


@pytest.fixture
def connect():
    """Makes clients that are closed after the test."""
    with contextlib.ExitStack() as stack:

        def make(url, **options):
            client = RelayClient(url, KEY, **{"deadlines": Deadlines(5, 5, 5, 5), **options})
            stack.callback(client.close)
            return client

        yield make


@pytest.fixture
def request_():
    return ChatRequest("gpt-4.1", ({"role": "user", "content": "Grüße, 你好"},), 0.3, 100)


@pytest.fixture
def closed_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@pytest.fixture(params=["chunked", "close"])
def framing(request):
    return request.param
