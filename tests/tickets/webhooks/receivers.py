"""Receivers on real sockets, well-behaved and otherwise."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from standardwebhooks.webhooks import Webhook as Verifier


@dataclass
class Message:
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    def verified(self, secret: str) -> dict:
        """The message as the reference library for receivers reads it; raises where the signature is not right."""
        return Verifier(secret).verify(self.body, self.headers)


@dataclass
class Receiver:
    """`answer` is sent to everybody; while `hold` is set and not yet released, nobody is answered."""

    answer: bytes = b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"
    messages: list[Message] = field(default_factory=list)
    hold: threading.Event | None = None
    holding: threading.Event = field(default_factory=threading.Event)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    def answers(self, status: str, *headers: str, body: bytes = b"") -> None:
        lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "", ""]
        self.answer = "\r\n".join(lines).encode() + body

    def serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            stream = connection.makefile("rb")
            stream.readline()
            headers = {}
            while (line := stream.readline().strip()) != b"":
                name, _colon, value = line.decode().partition(":")
                headers[name.lower()] = value.strip()
            body = stream.read(int(headers.get("content-length", 0)))
            self.messages.append(Message(headers, body))
            if self.hold is not None:
                self.holding.set()
                self.hold.wait(30)
            connection.sendall(self.answer)


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()

    def accept() -> None:
        while True:
            try:
                connection, _peer = listener.accept()
            except OSError:
                return
            threading.Thread(target=receiver.serve, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        receiver.port = listener.getsockname()[1]
        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield receiver
        finally:
            if receiver.hold is not None:
                receiver.hold.set()
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(5)
