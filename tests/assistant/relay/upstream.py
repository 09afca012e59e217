"""A relay of raw sockets: a script says what it answers, byte by byte, to each request."""

from __future__ import annotations

import contextlib
import json
import select
import socket
import ssl
import struct
import threading
from collections.abc import Callable

from assistant.relay.client import Delta

WAIT = 10.0  # seconds after which a test is stuck


class Peer:
    """One connection as the server sees it."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.head = ""
        self.body = b""

    def read_request(self) -> bool:
        data = b""
        while b"\r\n\r\n" not in data:
            piece = self.sock.recv(65536)
            if not piece:
                return False
            data += piece
        head, _, body = data.partition(b"\r\n\r\n")
        self.head = head.decode("latin-1")
        length = int(self.header("content-length") or 0)
        while len(body) < length:
            body += self.sock.recv(65536)
        self.body = body
        return True

    def header(self, name: str) -> str:
        for line in self.head.split("\r\n")[1:]:
            key, _, value = line.partition(":")
            if key.lower() == name:
                return value.strip()
        return ""

    def json(self) -> dict:
        return json.loads(self.body)

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def answer(self, status: int = 200, body: bytes | str | dict | list = b"", **headers: str) -> None:
        if isinstance(body, dict | list):
            body = json.dumps(body)
        data = body.encode() if isinstance(body, str) else body
        headers = {"content_type": "application/json", "content_length": str(len(data)), **headers}
        self.send(head(status, headers) + data)

    def reset(self) -> None:
        """Close with RST rather than FIN."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def close(self) -> None:
        self.sock.close()

    def wait_until_gone(self) -> None:
        """Until the client has shut or dropped the connection."""
        while True:
            ready, _, _ = select.select([self.sock], [], [], WAIT)
            assert ready, "the client still holds the connection"
            try:
                if not self.sock.recv(65536):
                    return
            except OSError:
                return


class Events:
    """A streamed answer in one of two framings."""

    def __init__(self, peer: Peer, framing: str, **headers: str) -> None:
        self.peer = peer
        self.chunked = framing == "chunked"
        frame = {"transfer_encoding": "chunked"} if self.chunked else {"connection": "close"}
        peer.send(head(200, {"content_type": "text/event-stream", **frame, **headers}))

    def raw(self, data: bytes) -> Events:
        self.peer.send(b"%x\r\n%s\r\n" % (len(data), data) if self.chunked else data)
        return self

    def data(self, payload: object) -> Events:
        text = payload if isinstance(payload, str) else json.dumps(payload)
        return self.raw(f"data: {text}\n\n".encode())

    def text(self, text: str) -> Events:
        return self.data({"choices": [{"index": 0, "delta": {"content": text}}]})

    def finish(self, reason: str = "stop") -> Events:
        return self.data({"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})

    def done(self) -> None:
        self.data("[DONE]").end()

    def end(self) -> None:
        if self.chunked:
            self.peer.send(b"0\r\n\r\n")
        else:
            self.peer.close()

    def drop(self) -> None:
        """Cut the connection inside the body."""
        if self.chunked:
            self.peer.close()
        else:
            self.peer.reset()


Script = Callable[[Peer], None]


class Upstream:
    """Answers each request with the next script; the last one again for all that follow."""

    def __init__(self, *scripts: Script, tls: ssl.SSLContext | None = None) -> None:
        self.scripts = scripts
        self.peers: list[Peer] = []
        self.connections = 0
        self.changed = threading.Condition()
        self.errors: list[BaseException] = []
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self._open: set[socket.socket] = set()
        self._thread = threading.Thread(target=self._accept, name="upstream", daemon=True)

    @property
    def port(self) -> int:
        return self._listener.getsockname()[1]

    @property
    def url(self) -> str:
        return f"http{'s' if self._tls else ''}://127.0.0.1:{self.port}/v1"

    def __enter__(self) -> Upstream:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(WAIT)
        for sock in list(self._open):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in threading.enumerate():
            if thread.name == f"upstream-{id(self)}":
                thread.join(WAIT)

    def wait_for_requests(self, count: int) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.peers) >= count, WAIT)

    def wait_for_open(self, count: int) -> None:
        """Until no more than `count` connections are held."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self._open) <= count, WAIT), len(self._open)

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self.changed:
                self.connections += 1
                self._open.add(sock)
            threading.Thread(target=self._serve, args=(sock,), name=f"upstream-{id(self)}", daemon=True).start()

    def _serve(self, raw: socket.socket) -> None:
        sock = raw
        try:
            if self._tls:
                sock = self._tls.wrap_socket(raw, server_side=True)
                with self.changed:
                    self._open.discard(raw)
                    self._open.add(sock)
            self.talk(sock)
        except OSError:
            pass  # the client left, as clients do
        finally:
            sock.close()
            with self.changed:
                self._open -= {raw, sock}
                self.changed.notify_all()

    def talk(self, sock: socket.socket) -> None:
        """What happens on one connection."""
        while True:
            peer = Peer(sock)
            if not peer.read_request():
                return
            with self.changed:
                script = self.scripts[min(len(self.peers), len(self.scripts) - 1)]
                self.peers.append(peer)
                self.changed.notify_all()
            script(peer)


def head(status: int, headers: dict[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status} Whatever", *(f"{k.replace('_', '-')}: {v}" for k, v in headers.items() if v)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def completion(text: str | None = "Hello", finish: str = "stop", **more: object) -> dict:
    return {
        "id": "chatcmpl-1",
        "model": "gpt-4.1",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": finish}],
        "usage": {"prompt_tokens": 9, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 4}},
        **more,
    }


def streamed(connect, request_, framing, write, **options):
    """The items of one stream, which `write(events)` sends."""

    def script(peer):
        events = Events(peer, framing)
        write(events)
        events.end()

    with Upstream(script) as upstream:
        return list(connect(upstream.url, **options).stream(request_))


def text_of(items):
    return "".join(item.text for item in items if isinstance(item, Delta))
