"""From what went wrong on the wire, or was made to end, to a RelayError."""

import socket
import ssl
from collections.abc import Callable, Iterator
from http.client import HTTPException
from typing import TypeVar

from urllib3.exceptions import (
    ConnectTimeoutError,
    DecodeError,
    HTTPError,
    NameResolutionError,
    NewConnectionError,
    ProxyError,
    ReadTimeoutError,
)

from .deadlines import Call
from .errors import RelayError
from .types import Deadlines

T = TypeVar("T")

# requests' own exceptions are OSErrors too; ValueErrors are URLs and headers that cannot be sent.
_LIBRARY_ERRORS = (OSError, HTTPError, HTTPException, ValueError)


def guarded(action: Callable[[], T], call: Call, deadlines: Deadlines) -> T:
    """Run one step on the wire. Raises RelayError.

    It is raised outside the except block so that it has no context: a library's exception carries the
    request, and the request carries the key.
    """
    try:
        return action()
    except RelayError:
        raise
    except _LIBRARY_ERRORS as exception:
        error = ended(call, deadlines) or _failure(exception, deadlines)
    error.request_sent = call.reached
    raise error


def ended(call: Call, deadlines: Deadlines) -> RelayError | None:
    """Why this call was ended from outside, or None when it was not."""
    reason = call.ended_by
    if not reason:
        return None
    if reason == "cancelled":
        return RelayError("cancelled", "The call was cancelled.")
    if reason == "reader":
        return RelayError("timeout", f"Nobody read the answer for {deadlines.silence:g} s, so it was stopped.")
    if reason == "connect":
        return _unreachable(deadlines)
    sentence = {
        "first_token": f"The relay sent no text within {deadlines.first_token:g} s.",
        "silence": f"The relay fell silent for {deadlines.silence:g} s.",
        "total": f"The relay did not finish its answer within {deadlines.total:g} s.",
        "tail": "The relay did not close its answer.",
    }[reason]
    return RelayError("timeout", f"{sentence} Try again, or choose a faster model.", retryable=True)


def _failure(exception: BaseException, deadlines: Deadlines) -> RelayError:
    causes = list(_causes(exception))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return _bad_certificate(cause)
    for cause in causes:
        if isinstance(cause, ProxyError) or "Tunnel connection failed" in str(cause):
            return _bad_proxy(causes)
        if isinstance(cause, NameResolutionError | socket.gaierror):
            message = "The relay's host name is not known. Check RELAY_BASE_URL and the network."
            return RelayError("relay_error", message, retryable=True)
        if isinstance(cause, ConnectTimeoutError) and not isinstance(cause, NewConnectionError):
            return _unreachable(deadlines)
        if isinstance(cause, NewConnectionError):
            message = f"The relay could not be reached ({_reason(causes)}). Check RELAY_BASE_URL and the network."
            return RelayError("relay_error", message, retryable=True)
        if isinstance(cause, ReadTimeoutError):
            return RelayError("timeout", "The relay did not answer in time. Try again.", retryable=True)
        if isinstance(cause, DecodeError):
            return RelayError("relay_error", "The relay's answer is compressed in a way that cannot be read.")
    return _broken(causes)


def _broken(causes: list[BaseException]) -> RelayError:
    if isinstance(causes[-1], ValueError) and not any(isinstance(cause, HTTPError) for cause in causes):
        message = "The request could not be sent. Check RELAY_BASE_URL, RELAY_PROXY and RELAY_API_KEY."
        return RelayError("relay_error", message, stops_run=True)
    for cause in causes:
        if isinstance(cause, ssl.SSLError) and "WRONG_VERSION_NUMBER" in str(cause):
            message = "The relay does not speak TLS at this port. Check RELAY_BASE_URL: is it http, not https?"
            return RelayError("relay_error", message, stops_run=True)
    message = f"The connection to the relay broke ({_reason(causes)}). Try again."
    return RelayError("relay_error", message, retryable=True)


def _bad_certificate(error: ssl.SSLCertVerificationError) -> RelayError:
    reason = error.verify_message or "verification failed"
    return RelayError(
        "relay_error",
        f"The relay's certificate cannot be trusted: {reason}. "
        "If the relay uses a certificate authority of your own, set RELAY_CA_BUNDLE to its file.",
        stops_run=True,
        provider_message=reason,
    )


def _bad_proxy(causes: list[BaseException]) -> RelayError:
    refused = next((str(cause) for cause in causes if str(cause).startswith("Tunnel connection failed")), "")
    status = refused.removeprefix("Tunnel connection failed: ")[:3]
    message = f"The proxy in RELAY_PROXY failed ({refused or _reason(causes)}). Check RELAY_PROXY."
    final = status.startswith("4") and status not in ("408", "429")
    return RelayError("relay_error", message, retryable=not final, stops_run=final)


def _unreachable(deadlines: Deadlines) -> RelayError:
    message = f"The relay could not be reached within {deadlines.connect:g} s. Check RELAY_BASE_URL and the network."
    return RelayError("timeout", message, retryable=True)


def _reason(causes: list[BaseException]) -> str:
    """The operating system's words; a library's own text would name objects and addresses."""
    for cause in causes:
        if isinstance(cause, ssl.SSLError) and cause.reason:
            return f"TLS: {cause.reason.replace('_', ' ').lower()}"
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
    return "it was closed before the answer was complete"


def _causes(exception: BaseException) -> Iterator[BaseException]:
    """An exception and all that it wraps, in args, reason or cause, outermost first."""
    seen: set[int] = set()
    waiting: list[object] = [exception]
    while waiting:
        current = waiting.pop(0)
        if not isinstance(current, BaseException) or id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        waiting += [*current.args, getattr(current, "reason", None), current.__cause__, current.__context__]
