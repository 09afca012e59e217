import contextlib
import socket

import pytest

from assistant.relay.client import ChatRequest, Deadlines, RelayClient

from .failing import failure

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


@pytest.fixture
def full_port():
    """A port whose backlog is full, so that connecting to it hangs."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = []
        for _ in range(4):
            sock = socket.socket()
            sock.setblocking(False)
            sock.connect_ex(listener.getsockname())
            waiting.append(sock)
        yield listener.getsockname()[1]
        for sock in waiting:
            sock.close()


@pytest.fixture(params=["complete", "stream"])
def fails(request, connect, request_):
    """The error of a plain call, and of a streaming one, that a script answers."""
    return lambda script: failure(connect, request_, script, stream=request.param == "stream")[0]
