"""From what a provider answered to a RelayError: which words to show, and what may be done about it."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import time
from typing import Any

from .errors import RelayError
from .hints import retry_after, should_retry

SHOWN_CHARACTERS = 200  # of a body that is not an answer
PROVIDER_CHARACTERS = 500

_RETRIED = {408, 409, 429}
_QUOTA = {"insufficient_quota", "insufficient_user_quota", "billing_hard_limit_reached", "insufficient_balance"}
_BLOCKED = {"content_filter", "content_policy_violation", "responsibleaipolicyviolation", "data_inspection_failed"}
_NO_MODEL = {"model_not_found", "model_not_exist", "invalid_model"}
_STATUS_OF = {
    "rate_limit_exceeded": 429,
    "rate_limit_error": 429,
    "too_many_requests": 429,
    "invalid_api_key": 401,
    "authentication_error": 401,
    "permission_error": 403,
    "invalid_request_error": 400,
    "badrequesterror": 400,
    "not_found_error": 404,
    "notfounderror": 404,
    "timeout": 408,
    "timeout_error": 408,
    "server_error": 500,
    "internal_error": 500,
    "internal_server_error": 500,
    "internalservererror": 500,
    "api_error": 500,
    "service_unavailable": 503,
    "overloaded_error": 529,
}
_QUOTA_WORDS = re.compile(r"insufficient.{0,12}(quota|balance|credit|funds)|quota is not enough", re.IGNORECASE)
_MODEL_WORDS = re.compile(
    r"\bmodel\b.{0,120}?(not found|not exist|does not exist|not supported|unknown|no access|not available)"
    r"|(unknown|invalid|no such|unsupported) model|no available channels? for model",
    re.IGNORECASE | re.DOTALL,
)
_FORMAT_WORDS = re.compile(r"response[_ ]format|json_schema|json_object", re.IGNORECASE)


@dataclass(frozen=True)
class _Reported:
    """An error as a provider words it: message, and the names and number by which it calls it."""

    message: str
    names: frozenset[str] = frozenset()
    status: int | None = None


def reported_error(payload: Any) -> _Reported | None:
    """The error in decoded JSON, or None when it holds none.

    Knows OpenAI's `{"error": {…}}` and `{"error": "…"}`, vLLM's `{"object": "error", …}`.
    """
    if not isinstance(payload, dict):
        return None
    if payload.get("object") == "error":
        return _report(payload)
    error = payload.get("error")
    if not error:
        return None
    return _report(error) if isinstance(error, dict) else _Reported(_words(error))


def is_html(content_type: str, body: bytes) -> bool:
    start = body.lstrip()[:15].lower()
    return "html" in content_type or start.startswith((b"<!doctype html", b"<html"))


class Failures:
    """Makes the errors of one client, whose `redact` knows the secrets."""

    def __init__(self, redact: Callable[[str], str]) -> None:
        self.redact = redact

    def of_status(self, status: int, headers: Mapping[str, str], body: bytes, asked_format: bool) -> RelayError:
        """An answer whose status is not 2xx. `asked_format`: the request had a response_format."""
        content_type = headers.get("content-type", "").lower()
        if 300 <= status < 400:
            return self._redirect(status, headers)
        if is_html(content_type, body):
            page = _Reported(self._begin(body))
            error = self.of_report(page, headers, status=status)
            error.stops_run = error.stops_run or not _is_retried(status)
            return error
        return self.of_report(_plain_report(body), headers, status=status, asked_format=asked_format)

    def of_report(
        self,
        reported: _Reported,
        headers: Mapping[str, str],
        *,
        status: int | None = None,
        asked_format: bool = False,
    ) -> RelayError:
        """An error the provider put into words. Without an HTTP status of its own, the code it names counts."""
        status = status or reported.status or _status_of(reported.names)
        words = self._shown(reported.message, PROVIDER_CHARACTERS)
        code, sentence, stops_run = _judge(status, reported)
        unsupported = asked_format and status in (400, 422, 500) and bool(_FORMAT_WORDS.search(reported.message))
        retryable = not stops_run and code != "blocked" and status is not None and _is_retried(status)
        told = should_retry(headers)
        if told is not None:
            retryable = told
        return RelayError(
            code,
            f"{sentence} The relay says: {words}" if words else sentence,
            retryable=retryable and not unsupported,
            stops_run=stops_run and not unsupported,
            status=status,
            retry_after=retry_after(headers, time()),
            provider_message=words,
            request_id=self.request_id(headers),
            unsupported_format=unsupported,
        )

    def of_body(
        self, what: str, headers: Mapping[str, str], body: bytes, *, status: int = 200, stops_run: bool = False
    ) -> RelayError:
        """An answer that is no answer: `what` it is instead, with how it begins."""
        begins = self._begin(body)
        advice = "Check that RELAY_BASE_URL is the address of the API."
        return RelayError(
            "relay_error",
            f"The relay answered with {what}. {advice}" + (f" It begins: {begins}" if begins else ""),
            stops_run=stops_run,
            status=status,
            provider_message=begins,
            request_id=self.request_id(headers),
        )

    def request_id(self, headers: Mapping[str, str], in_body: str = "") -> str:
        """The provider's number of this call, else the one its body names, "" without either."""
        names = ("x-request-id", "request-id", "x-oneapi-request-id")
        found = next((headers[name] for name in names if headers.get(name)), in_body)
        return self._shown(found, SHOWN_CHARACTERS)

    def _redirect(self, status: int, headers: Mapping[str, str]) -> RelayError:
        target = self._shown(headers.get("location", ""), SHOWN_CHARACTERS)
        return RelayError(
            "relay_error",
            f"The relay answered with a redirect (status {status}) to {target or 'nowhere'}. "
            "Redirects are not followed: set RELAY_BASE_URL to the final address.",
            stops_run=True,
            status=status,
            provider_message=target,
            request_id=self.request_id(headers),
        )

    def _begin(self, body: bytes) -> str:
        return self._shown(body[:4096].decode("utf-8", "replace"), SHOWN_CHARACTERS)

    def _shown(self, text: str, limit: int) -> str:
        """Redacted before it is cut, so that no half of a key stays at the edge."""
        words = " ".join("".join(c if c.isprintable() else " " for c in self.redact(text)).split())
        return words if len(words) <= limit else words[: limit - 1] + "…"


def _judge(status: int | None, reported: _Reported) -> tuple[str, str, bool]:
    """Code, sentence for people, and whether it stops a run."""
    names, message = reported.names, reported.message
    if status == 402 or names & _QUOTA or _QUOTA_WORDS.search(message):
        return "relay_error", "The relay's account has no credit left. Top it up, then try again.", True
    if names & _NO_MODEL or (status in (400, 404, 422, 503, None) and _MODEL_WORDS.search(message)):
        return "unknown_model", "The relay does not offer this model. Choose another one.", True
    if names & _BLOCKED:
        return "blocked", "The provider's content filter blocked this request. Change the text.", False
    if status in (401, 403):
        return "invalid_key", "The relay refused the API key. Check RELAY_API_KEY.", True
    if status == 404:
        return "not_found", "The relay has nothing at this address. Check RELAY_BASE_URL.", True
    if status == 429:
        return "rate_limited", "The relay's rate limit is reached. Try again later.", False
    if status in (408, 504, 524):
        return "timeout", "The relay ran out of time. Try again.", False
    if status is not None and 400 <= status < 500 and status != 409:
        return "bad_request", f"The relay refused the request (status {status}). Change it.", False
    number = f" (status {status})" if status else ""
    return "relay_error", f"The relay failed{number}. Try again later.", False


def _is_retried(status: int) -> bool:
    return status in _RETRIED or status >= 500


def _status_of(names: frozenset[str]) -> int | None:
    return next((_STATUS_OF[name] for name in sorted(names) if name in _STATUS_OF), None)


def _plain_report(body: bytes) -> _Reported:
    """The words of an error body in any of the shapes in use, plain text included."""
    text = body.decode("utf-8", "replace")
    try:
        payload = json.loads(text)
    except (ValueError, RecursionError):
        return _Reported(text)
    if isinstance(payload, list) and payload:  # Gemini wraps its error in a list
        payload = payload[0]
    if reported := reported_error(payload):
        return reported
    if isinstance(payload, dict):
        return _report(payload)
    return _Reported(_words(payload))


def _report(error: dict[str, Any]) -> _Reported:
    names = {
        str(error[key]).lower() for key in ("code", "type", "status", "param") if isinstance(error.get(key), str)
    }
    keys = ("message", "detail", "msg", "error_msg", "error_description", "errors")
    message = next((_words(error[key]) for key in keys if error.get(key)), "")
    if error.get("param") == "response_format" and "response_format" not in message:
        message = f"{message} (response_format)"
    return _Reported(message or json.dumps(error, ensure_ascii=False), frozenset(names), _status(error.get("code")))


def _status(code: Any) -> int | None:
    if isinstance(code, str) and code.isascii() and code.isdigit():
        code = int(code[:4])
    return code if type(code) is int and 400 <= code < 600 else None


def _words(value: Any) -> str:
    """FastAPI reports a list of `{loc, msg}`; most others a string."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "; ".join(_words(item) for item in value[:5])
    if isinstance(value, dict) and (inner := value.get("msg") or value.get("message")):
        return _words(inner)
    return json.dumps(value, ensure_ascii=False)
