"""A mail server on a real socket, aiosmtpd, and what can go wrong with one."""

from __future__ import annotations

import asyncio
import socket
import threading
from email import message_from_bytes, policy
from email.message import EmailMessage

from aiosmtpd.smtp import SMTP


class PostOffice:
    """Takes mail until told otherwise. `mails` is what it has taken, in order.

    `refuse` answers a recipient, `answer` the text of a mail; `vanish` closes the connection instead of answering,
    when the mail is taken; `hold` is not answered before it is set.
    """

    def __init__(self) -> None:
        self.taken: list[tuple[str, list[str], bytes]] = []
        self.refuse: dict[str, str] = {}
        self.answer = "250 taken"
        self.vanish = False
        self.hold: threading.Event | None = None
        self.holding = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server: asyncio.Server | None = None
        self.port = 0
        self.open()

    def open(self) -> None:
        listener = socket.create_server(("127.0.0.1", self.port))
        self.port = listener.getsockname()[1]
        serving = self._loop.create_server(lambda: SMTP(self, loop=self._loop), sock=listener)
        self._server = asyncio.run_coroutine_threadsafe(serving, self._loop).result(10)

    def close(self) -> None:
        """Nobody answers at this port any more."""

        async def close() -> None:
            self._server.close()
            await self._server.wait_closed()

        if self._server:
            asyncio.run_coroutine_threadsafe(close(), self._loop).result(10)
            self._server = None

    def end(self) -> None:
        self.close()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    @property
    def mails(self) -> list[EmailMessage]:
        return [message_from_bytes(raw, policy=policy.default) for _f, _t, raw in self.taken]

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address in self.refuse:
            return self.refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if self.answer.startswith("250"):
            self.taken.append((envelope.mail_from, envelope.rcpt_tos, envelope.content))
        if self.hold is not None:
            self.holding.set()
            while not self.hold.is_set():
                await asyncio.sleep(0.01)
        if self.vanish:
            server.transport.abort()
        return self.answer
