"""Logs and error reports. Neither holds what people wrote: no message text, no request body, no local variables."""

from __future__ import annotations

from typing import Any

LINE = "{asctime} {levelname} {name}: {message}{ids}"
FIELDS = "{asctime}{levelname}{name}{message}"
RENAMED = {"asctime": "time", "levelname": "level", "name": "logger"}


def logging_settings(form: str) -> dict[str, Any]:
    """Django's LOGGING with lines for people, or one JSON object a line (`form` is "line" or "json")."""
    formatters = {
        "line": {"format": LINE, "style": "{"},
        "json": {
            "()": "pythonjsonlogger.json.JsonFormatter", "fmt": FIELDS, "style": "{", "rename_fields": RENAMED,
            "reserved_attrs": [*RESERVED, "ids"],
        },
    }  # fmt: skip
    console = {"class": "logging.StreamHandler", "formatter": form, "filters": ["ids"]}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"ids": {"()": "tickets.tracing.WithIds"}},
        "formatters": formatters,
        "handlers": {"console": console},
        "root": {"handlers": ["console"], "level": "WARNING"},
        "loggers": {"tickets": {"level": "INFO"}, "assistant": {"level": "INFO"}},
    }


# Beside the library's own: what Django adds to a record, a whole request among it.
RESERVED = [
    "args", "asctime", "created", "exc_info", "exc_text", "filename", "funcName", "levelname", "levelno", "lineno",
    "module", "msecs", "message", "msg", "name", "pathname", "process", "processName", "relativeCreated",
    "stack_info", "taskName", "thread", "threadName", "request", "server_time",
]  # fmt: skip


def report_errors_to(dsn: str) -> None:
    """Send unhandled errors to Sentry: their place, type and ids; no values of variables, bodies, users or traces."""
    import sentry_sdk

    sentry_sdk.init(
        dsn=dsn,
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
        max_breadcrumbs=0,
        traces_sample_rate=0.0,
        before_send=without_texts,
    )


def without_texts(event: Any, hint: dict[str, Any]) -> Any:
    """Drop what could quote a customer: query string, cookies, headers, body and what filled log messages."""
    request = event.get("request") or {}
    event["request"] = {name: request[name] for name in ("method", "url") if name in request}
    entry = event.get("logentry") or {}
    if entry:
        event["logentry"] = {"message": entry.get("message", "")}
    event.pop("user", None)
    event.pop("extra", None)
    return event
