"""The simulated relay in a thread, for tests."""

import asyncio
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from types import TracebackType
from typing import Any

from .books import Call
from .server import RelayServer
from .settings import Settings


class SimulatedRelay:
    """A relay on a real socket, with its event loop in a thread of its own.

        with SimulatedRelay(seed=1, faults={"reset": 0.1}) as relay:
            relay.script("rate_limit", "ok")
            ...  # talk to relay.base_url
            assert [call.status for call in relay.books] == [429, 200]

    Arguments beside host and port are those of Settings: seed, rpm, key, latency_ms, ttft_ms, token_ms,
    drip_ms, cached, faults. Port 0 lets the system choose; it stays the same over stop() and restart().
    A call is in the books before the last byte of its answer is sent: who has the answer finds the call.
    """

    def __init__(
        self, *, host: str = "127.0.0.1", port: int = 0, faults: Mapping[str, float] | None = None, **settings: Any
    ) -> None:
        self.host = host
        self.port = port
        self._server = RelayServer(Settings(faults=faults or {}, **settings))
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> "SimulatedRelay":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Listen. OSError when the port is taken."""
        if self._thread:
            return
        listening: Future[int] = Future()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._live(listening)), name="simulated-relay", daemon=True
        )
        self._thread.start()
        try:
            self.port = listening.result(timeout=10)
        except BaseException:
            self._thread = None
            raise

    def stop(self) -> None:
        """Stop listening and drop all connections; the books stay."""
        if self._thread and self._loop:
            self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join(timeout=10)
        self._thread = self._loop = None

    def restart(self) -> None:
        """Stop if need be, and listen on the same port again."""
        self.stop()
        self.start()

    @property
    def base_url(self) -> str:
        """What RELAY_BASE_URL is set to."""
        return f"http://{self.host}:{self.port}/v1"

    @property
    def books(self) -> list[Call]:
        """The calls that are over, oldest first; those still under way are counted in active."""
        with self._server.changed:
            return list(self._server.books.calls)

    @property
    def totals(self) -> dict[str, Any]:
        """What GET /books answers."""
        with self._server.changed:
            return self._server.books.totals()

    @property
    def requests(self) -> int:
        """Chat requests that have arrived."""
        return self._server.books.requests

    @property
    def active(self) -> int:
        """Chat requests under way."""
        return self._server.active

    @property
    def held(self) -> int:
        """Answers that wait for release()."""
        return self._server.held

    def script(self, *kinds: str) -> None:
        """The next chat requests get exactly these faults ("ok": none), past --rpm; then rates apply again."""
        with self._server.changed:
            self._server.chance.script(kinds)

    def set(self, **settings: Any) -> None:
        """Change settings of the running relay, as latency_ms, ttft_ms, token_ms, rpm, faults."""
        self._server.settings.change(**settings)

    def hold(self, after_tokens: int = 0) -> None:
        """Let answers wait: plain ones before their headers; streams, headers sent, after so many tokens."""
        self._on_loop(lambda: self._server.hold(after_tokens))

    def release(self) -> None:
        """Let held answers go on, and later ones go through."""
        self._on_loop(self._server.release)

    def wait_until(self, reached: Callable[["SimulatedRelay"], object], timeout: float = 60) -> None:
        """Wait for a condition on books, active, held or requests; TimeoutError after so many seconds."""
        deadline = time.monotonic() + timeout
        with self._server.changed:
            while not reached(self):
                if not self._server.changed.wait(deadline - time.monotonic()):
                    raise TimeoutError(f"Not reached in {timeout} s; books: {self._server.books.totals()}")

    def _on_loop(self, act: Callable[[], None]) -> None:
        """Do it on the loop's thread, and be sure it is done."""

        async def run() -> None:
            act()

        assert self._loop, "The simulated relay is not running."
        asyncio.run_coroutine_threadsafe(run(), self._loop).result(timeout=10)

    async def _live(self, listening: Future[int]) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        try:
            listening.set_result(await self._server.start(self.host, self.port))
        except OSError as error:
            listening.set_exception(error)
            return
        await self._stopping.wait()
        await self._server.stop()
