"""A TCP proxy on a real port, put between two parts to see what each does when the other is gone."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any

CHUNK = 65536


class Proxy:
    """Passes connections on to `port` of this machine, from a thread of its own.

    with Proxy(5432) as proxy:
        ...  # talk to 127.0.0.1:proxy.port
        proxy.refuse()  # the server is gone
        proxy.heal()
    """

    def __init__(self, port: int) -> None:
        self.port = 0
        self._target = port
        self._delay = 0.0
        self._pairs: set[tuple[asyncio.StreamWriter, asyncio.StreamWriter]] = set()

    def __enter__(self) -> Proxy:
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True).start()
        self._do(self._open)
        return self

    def __exit__(self, *_: object) -> None:
        self.refuse()
        self._do(self._end)
        self._loop.call_soon_threadsafe(self._loop.stop)

    @property
    def connections(self) -> int:
        return len(self._pairs)

    def cut(self) -> None:
        """Reset all connections; new ones are taken."""
        self._do(self._abort)

    def refuse(self) -> None:
        """Reset all connections and listen no more."""
        self._do(self._shut)

    def swallow(self) -> None:
        """A black hole: connections stay, new ones are taken, and nothing comes out at either end."""
        self._do(self._hold)

    def delay(self, seconds: float) -> None:
        """Pass on each piece so much later."""
        self._delay = seconds

    def heal(self) -> None:
        """Pass everything on at once, also what was swallowed and not cut since."""
        self._delay = 0.0
        self._do(self._open)

    def _do(self, act: Callable[[], Coroutine[Any, Any, None]]) -> None:
        asyncio.run_coroutine_threadsafe(act(), self._loop).result(timeout=10)

    async def _open(self) -> None:
        if not hasattr(self, "_through"):
            self._through = asyncio.Event()
            self._server: asyncio.Server | None = None
        self._through.set()
        if self._server is None:
            self._server = await asyncio.start_server(self._connect, "127.0.0.1", self.port, backlog=512)
            self.port = self._server.sockets[0].getsockname()[1]

    async def _hold(self) -> None:
        self._through.clear()

    async def _abort(self) -> None:
        for pair in list(self._pairs):
            for writer in pair:
                writer.transport.abort()

    async def _shut(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        await self._abort()

    async def _end(self) -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks, timeout=5) if tasks else None

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._through.wait()
        try:
            far, to_far = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        pair = (writer, to_far)
        self._pairs.add(pair)
        try:
            await asyncio.gather(self._pump(reader, to_far), self._pump(far, writer))
        except asyncio.CancelledError:  # the proxy ends; asyncio would complain of a handler that was cancelled
            pass
        finally:
            self._pairs.discard(pair)
            for end in pair:
                end.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Until one end closes, which the other end hears; one that breaks, as by kill -9, ends both."""
        try:
            while data := await reader.read(CHUNK):
                await self._through.wait()
                if self._delay:
                    await asyncio.sleep(self._delay)
                writer.write(data)
                await writer.drain()
            writer.write_eof()
        except OSError:
            writer.transport.abort()
