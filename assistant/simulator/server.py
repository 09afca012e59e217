"""The simulated relay: an OpenAI-compatible server on one event loop."""

import asyncio
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from weakref import WeakSet

from . import tokens
from .answer import NAME, Answer, Job, Refusal
from .books import Books, Call, RateWindow
from .chat import MODELS, PrefixCache, Refused, read_body, read_job, refused
from .compose import compose
from .delivery import Delivery
from .faults import FAULTS
from .outlet import Outlet, Receipt, to_json
from .settings import Chance, Settings
from .wire import Connection, Request

CHAT = "/v1/chat/completions"


class Visit:
    """One chat request from arrival to its place in the books."""

    def __init__(self, request: Request, number: int) -> None:
        self.received = time.monotonic()
        self.request = request
        self.request_id = f"req-sim-{number:08d}"
        self.receipt = Receipt()
        self.fault = "ok"
        self.body: dict[str, Any] = {}
        self.settled = False

    def call(self, *, finished: bool, client_gone: bool) -> Call:
        messages = self.body.get("messages")
        return Call(
            received=self.received,
            path=self.request.path,
            model=str(self.body.get("model") or ""),
            stream=bool(self.body.get("stream")),
            fault=self.fault,
            status=self.receipt.status,
            prompt_tokens=self.receipt.prompt_tokens,
            completion_tokens=self.receipt.completion_tokens,
            cached_tokens=self.receipt.cached_tokens,
            finished=finished,
            client_gone=client_gone,
            prompt=messages if isinstance(messages, list) else [],
            headers={n: v for n, v in self.request.headers.items() if n != "authorization"},
            request_id=self.request_id,
        )


class RelayServer:
    """Lives on one event loop; `changed` guards what other threads may read (books, active, held)."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.chance = Chance(settings)
        self.books = Books()
        self.changed = threading.Condition()
        self.active = 0
        self.held = 0
        self._hold_after: int | None = None
        self._window = RateWindow()
        self._cache = PrefixCache()
        self._connections: WeakSet[Connection] = WeakSet()
        self._server: asyncio.Server | None = None

    async def start(self, host: str, port: int) -> int:
        """Listen; the port number, also where 0 left the choice to the system. OSError when it is taken."""
        self._hold_after, self._released = None, asyncio.Event()  # events and tasks belong to one loop
        self._connections = WeakSet()
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._connect, host, port, backlog=512)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Stop listening and drop every connection."""
        if self._server:
            self._server.close()
        tasks = [task for connection in list(self._connections) if (task := connection.drop())]
        await asyncio.gather(*tasks, return_exceptions=True)

    def hold(self, after_tokens: int) -> None:
        """From now on answers wait: plain ones before their headers, streams after so many tokens."""
        self._released.clear()
        self._hold_after = after_tokens

    def release(self) -> None:
        self._hold_after = None
        self._released.set()

    def _connect(self) -> Connection:
        connection = Connection(self._handle)
        self._connections.add(connection)
        return connection

    async def _handle(self, connection: Connection, request: Request) -> None:
        if request.path == CHAT:
            await self._chat(connection, request)
            return
        outlet = Outlet(connection, _headers(), Receipt())
        if request.path == "/books":
            await _send(outlet, Refusal(200, to_json(self.books.totals())))
        elif request.path == "/v1/models" and request.method in ("GET", "HEAD"):
            await _send(outlet, self._models(request))
        else:
            message = f"Unknown request URL: {request.method} {request.path}."
            await _send(outlet, refused(404, message, "unknown_url").refusal)

    def _models(self, request: Request) -> Refusal:
        try:
            self._check_key(request)
        except Refused as error:
            return error.refusal
        data = [{"id": m, "object": "model", "created": 1735689600, "owned_by": NAME} for m in MODELS]
        return Refusal(200, to_json({"object": "list", "data": data}))

    async def _chat(self, connection: Connection, request: Request) -> None:
        visit = self._arrive(request)
        settle = self._settler(visit)
        outlet = Outlet(connection, _headers(visit.request_id), visit.receipt)
        try:
            job, answer = self._decide(visit, outlet)
            if answer.refusal:
                raise Refused(answer.refusal)
            delivery = Delivery(
                outlet,
                job,
                answer,
                self.settings,
                gate=self._gate,
                settle=settle,
                request_id=visit.request_id,
            )
            await delivery.run()
        except Refused as error:
            await _send(outlet, error.refusal, lambda: settle(True))
        finally:
            settle(False, client_gone=connection.lost)

    def _arrive(self, request: Request) -> Visit:
        with self.changed:
            visit = Visit(request, self.books.requests + 1)
            self.books.arrive(visit.received)
            self.active += 1
            self.changed.notify_all()
        return visit

    def _settler(self, visit: Visit) -> Callable[..., None]:
        def settle(finished: bool, *, client_gone: bool = False) -> None:
            """Enter the visit in the books, once."""
            if visit.settled:
                return
            visit.settled = True
            with self.changed:
                self.active -= 1
                self.books.settle(visit.call(finished=finished, client_gone=client_gone))
                self.changed.notify_all()

        return settle

    def _decide(self, visit: Visit, outlet: Outlet) -> tuple[Job, Answer]:
        """The request and the answer it gets. Refused for a wrong request, or one too many."""
        if visit.request.method != "POST":
            raise refused(405, f"Not allowed to {visit.request.method} on {CHAT}.", "method_not_supported")
        self._check_key(visit.request)
        visit.body = read_body(visit.request.body)
        job = read_job(visit.body, self.settings.seed, self._cache if self.settings.cached else None)
        scripted = self.chance.scripted()
        if scripted is None:
            self._check_rate(outlet)
        visit.fault = scripted or self.chance.draw()
        answer = Answer(compose(job.prompt, job.seed))
        if visit.fault != "ok":
            answer = FAULTS[visit.fault].change(answer, job)
        return job, _limited(answer, job)

    def _check_key(self, request: Request) -> None:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not given.strip():
            raise refused(401, "You didn't provide an API key. Send it as a bearer token.", "missing_api_key")
        if self.settings.key and given.strip() != self.settings.key:
            raise refused(401, "Incorrect API key provided.", "invalid_api_key")

    def _check_rate(self, outlet: Outlet) -> None:
        rpm = self.settings.rpm
        if rpm is None:
            return
        now = time.monotonic()
        wait = self._window.take(rpm, now)
        outlet.headers.update(self._window.headers(rpm, now))
        if wait:
            error = refused(429, f"Rate limit reached: {rpm} requests a minute.", "rate_limit_exceeded")
            seconds = str(int(-(-wait // 1)))
            raise Refused(replace(error.refusal, headers={"Retry-After": seconds}))

    async def _gate(self, tokens_sent: int) -> None:
        while self._hold_after is not None and tokens_sent >= self._hold_after:
            with self.changed:
                self.held += 1
                self.changed.notify_all()
            try:
                await self._released.wait()
            finally:
                with self.changed:
                    self.held -= 1


def _headers(request_id: str = "") -> dict[str, str]:
    named = {"Server": "collie-simulated-relay", "x-simulated-relay": "collie"}
    return {**named, "x-request-id": request_id} if request_id else named


def _limited(answer: Answer, job: Job) -> Answer:
    """The answer within max_tokens."""
    pieces = tokens.pieces(answer.text)
    if job.max_tokens is None or len(pieces) <= job.max_tokens:
        return answer
    cut_after = min(answer.cut_after, job.max_tokens)
    return replace(answer, text="".join(pieces[: job.max_tokens]), finish="length", cut_after=cut_after)


async def _send(outlet: Outlet, refusal: Refusal, settle: Callable[[], None] = lambda: None) -> None:
    outlet.receipt.status = refusal.status
    settle()
    await outlet.begin(refusal.status, refusal.content_type, length=len(refusal.body), more=refusal.headers)
    await outlet.send(refusal.body)
    await outlet.end()
