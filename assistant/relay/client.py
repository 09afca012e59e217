"""The client of one OpenAI-compatible relay. One HTTP call a method; retries and limits are the caller's."""

import json
import select
import ssl
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from functools import partial
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import unquote, urlsplit

import certifi
import requests
from requests.adapters import HTTPAdapter
from urllib3.response import BaseHTTPResponse
from urllib3.util import create_urllib3_context

from .answers import name, read_answer
from .arriving import ArrivingBody
from .bodies import BodyReader
from .deadlines import Call, Cancel
from .errors import RelayError
from .failures import Failures
from .redact import redactor
from .streaming import AnswerStream
from .transport import ended, guarded
from .types import ChatRequest, Completion, Deadlines, Delta, End, ModelList, Pending, Usage
from .wire import serving, use_relay_connections

__all__ = [
    "Cancel",
    "ChatRequest",
    "Completion",
    "Deadlines",
    "Delta",
    "End",
    "ModelList",
    "Pending",
    "RelayClient",
    "RelayError",
    "Usage",
]

_BACKSTOP = 5.0  # seconds by which a socket's own timeout comes after the watchdog's


class RelayClient:
    """Thread-safe; one a process, made after forking, as its pooled connections must not be shared.

    base_url: as in `https://host/v1`. proxy: `http://user:password@host:port`, None for none. ca_bundle: path to a
    PEM file that replaces the usual authorities. Environment variables, cookies and redirects are ignored.
    Cancelling and deadlines end a call within 100 ms, except while the host name is being looked up.
    Raises ValueError for arguments that cannot work, RelayError for calls that fail.
    """

    def __init__(
        self,
        base_url: str,
        api_key: str,
        *,
        proxy: str | None = None,
        ca_bundle: str | None = None,
        pool_size: int = 120,
        deadlines: Deadlines = Deadlines(),  # noqa: B008  (frozen)
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._base_url = _checked_url(base_url, "RELAY_BASE_URL").rstrip("/")
        self._deadlines = deadlines
        self._clock = clock
        password = urlsplit(_checked_url(proxy, "RELAY_PROXY")).password if proxy else None
        secrets = [api_key.strip(), password or "", unquote(password or "")]
        self._failures = Failures(redactor(secrets))
        self._session = _session(_Bearer(api_key), proxy, _Adapter(_tls(ca_bundle), pool_size))

    def __repr__(self) -> str:
        return f"RelayClient({self._base_url!r})"

    def close(self) -> None:
        self._session.close()

    def complete(self, request: ChatRequest, cancel: Cancel | None = None) -> Completion:
        """Ask for a whole answer. Raises RelayError."""
        started = self._clock()
        payload, response = self._fetch("POST", "/chat/completions", request, cancel)
        answer = read_answer(payload)
        headers = response.headers
        if answer is None:
            body = json.dumps(payload, ensure_ascii=False).encode("utf-8", "replace")
            raise self._failures.of_body("JSON that holds no answer", headers, body)
        return Completion(
            text=answer.text,
            finish_reason=answer.finish_reason,
            usage=answer.usage,
            model=answer.model,
            request_id=self._failures.request_id(headers, answer.id),
            latency_ms=self._elapsed_ms(started),
            simulated="x-simulated-relay" in headers,
        )

    def stream(self, request: ChatRequest, cancel: Cancel | None = None) -> Iterator[Delta | End]:
        """Ask for an answer in pieces; the call starts with the first item asked for.

        Yields Deltas, then one End. Closing the generator frees the socket, and so does not asking for the
        next item for `silence` seconds. Raises RelayError, with `text_shown` set once a Delta was yielded.
        """
        with closing(self.poll(request, cancel)) as items:
            for item in items:
                if not isinstance(item, Pending):
                    yield item
                elif item.fileno is not None:
                    _wait_until_readable(item.fileno)

    def poll(self, request: ChatRequest, cancel: Cancel | None = None) -> Generator[Delta | End | Pending]:
        """The same for an event loop: waits until the answer begins, and from then on never.

        Yields Pending after each read, which says when to ask for the next item, also after the End. That a deadline
        has passed, or the call was cancelled, makes its socket readable.
        """
        started = self._clock()
        deadlines, asked_format = self._deadlines, request.response_format is not None
        call = Call("first_token", deadlines.first_token, deadlines.connect, cancel)
        response: BaseHTTPResponse | None = None
        body: ArrivingBody | None = None
        try:
            response = self._open(call, "POST", "/chat/completions", _body(request, stream=True), stream=True)
            BodyReader(response, call, deadlines, self._failures, asked_format).check_stream()
            body = guarded(partial(ArrivingBody, response, call.wire), call, deadlines)
            yield from AnswerStream(body, call, deadlines, self._failures, self._clock, started, asked_format).items()
        finally:
            _release(call, response, body)

    def models(self, cancel: Cancel | None = None) -> ModelList:
        """The models the relay offers. Raises RelayError."""
        started = self._clock()
        payload, response = self._fetch("GET", "/models", None, cancel)
        rows = payload.get("data")
        if not isinstance(rows, list):
            body = json.dumps(payload, ensure_ascii=False).encode("utf-8", "replace")
            raise self._failures.of_body("JSON that holds no list of models", response.headers, body)
        ids = tuple(name(row["id"]) for row in rows if isinstance(row, dict) and isinstance(row.get("id"), str))
        return ModelList(ids, self._elapsed_ms(started), "x-simulated-relay" in response.headers)

    def _fetch(
        self, method: str, path: str, request: ChatRequest | None, cancel: Cancel | None
    ) -> tuple[dict[str, Any], BaseHTTPResponse]:
        """A JSON object that is not an error, within `deadlines.total`, and the response it came in."""
        call = Call("total", self._deadlines.total, self._deadlines.connect, cancel)
        asked_format = request is not None and request.response_format is not None
        response: BaseHTTPResponse | None = None
        try:
            body = _body(request, stream=False) if request else None
            response = self._open(call, method, path, body, stream=False)
            return BodyReader(response, call, self._deadlines, self._failures, asked_format).json(), response
        finally:
            _release(call, response)

    def _open(self, call: Call, method: str, path: str, body: bytes | None, *, stream: bool) -> BaseHTTPResponse:
        limits = self._deadlines
        seconds = max(limits.first_token, limits.silence) if stream else limits.total

        def send() -> BaseHTTPResponse:
            with serving(call):
                response = self._session.request(
                    method,
                    self._base_url + path,
                    data=body,
                    headers={"Accept": "text/event-stream" if stream else "application/json"},
                    timeout=(limits.connect + _BACKSTOP, seconds + _BACKSTOP),
                    allow_redirects=False,
                    stream=True,
                )
            raw: BaseHTTPResponse = response.raw
            return raw

        if failure := ended(call, limits):
            failure.request_sent = False
            raise failure
        return guarded(send, call, limits)

    def _elapsed_ms(self, started: float) -> int:
        return round((self._clock() - started) * 1000)


class _Bearer(requests.auth.AuthBase):
    """Holds the key where no repr, header dict or traceback shows it."""

    def __init__(self, key: str) -> None:
        self._key = key.strip()
        if not self._key.isascii() or any(c.isspace() or not c.isprintable() for c in self._key):
            raise ValueError("RELAY_API_KEY holds characters that a key cannot have. Copy it again.")

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._key:
            request.headers["Authorization"] = f"Bearer {self._key}"
        return request


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> None:
        """requests would read the whole body of a redirect even where it is told not to follow."""
        return


class _Adapter(HTTPAdapter):
    """Our connections, and one TLS context for all of them: to read the authorities costs 10 ms each time."""

    def __init__(self, tls: ssl.SSLContext, pool_size: int) -> None:
        self._tls = tls
        super().__init__(pool_connections=1, pool_maxsize=pool_size)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        use_relay_connections(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        return use_relay_connections(super().proxy_manager_for(proxy, proxy_ssl_context=self._tls, **kwargs))

    def build_connection_pool_key_attributes(self, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
        host, _ = super().build_connection_pool_key_attributes(*args, **kwargs)
        return host, {"ssl_context": self._tls} if host["scheme"] == "https" else {}

    def cert_verify(self, *args: Any, **kwargs: Any) -> None:
        """The context knows the authorities and demands a valid certificate."""


def _session(auth: _Bearer, proxy: str | None, adapter: _Adapter) -> requests.Session:
    session = _Session()
    session.trust_env = False
    session.auth = auth
    session.proxies = {"http": proxy, "https": proxy} if proxy else {}
    session.headers.update(
        {"User-Agent": "Collie", "Accept-Encoding": "identity", "Content-Type": "application/json"}
    )
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def _tls(ca_bundle: str | None) -> ssl.SSLContext:
    context = create_urllib3_context()
    try:
        context.load_verify_locations(ca_bundle or certifi.where())
    except OSError as error:
        raise ValueError(f"RELAY_CA_BUNDLE cannot be read as certificates: {ca_bundle}: {error}") from None
    return context


def _checked_url(url: str, name: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(f"{name} must be an address like https://host/path.")
    return url


def _body(request: ChatRequest, *, stream: bool) -> bytes:
    payload: dict[str, Any] = {
        "model": request.model,
        "messages": [dict(message) for message in request.messages],
        "temperature": request.temperature,
        "max_tokens": request.max_tokens,
    }
    if request.response_format is not None:
        payload["response_format"] = request.response_format
    if stream:
        payload |= {"stream": True, "stream_options": {"include_usage": True}}
    return json.dumps(payload, ensure_ascii=False).encode("utf-8", "replace")


def _wait_until_readable(fileno: int) -> None:
    poller = select.poll()  # takes descriptors of any number
    poller.register(fileno, select.POLLIN)
    poller.poll()


def _release(call: Call, response: BaseHTTPResponse | None, body: ArrivingBody | None = None) -> None:
    """Back to the pool when the body was read to its end; otherwise closed."""
    call.finish()  # first, as what lies in the pool may be another call's at once, and is not to be ended
    if body is not None:
        body.release()
    if response is not None:
        response.close()
        response.release_conn()
