"""The ways in which a relay fails, each a change to the answer that would have been right."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from . import spoil
from .answer import Answer, Job, Refusal, error_object
from .compose import compose

Change = Callable[[Answer, Job], Answer]


@dataclass(frozen=True)
class Fault:
    summary: str
    change: Change


def _refuse(status: int, message: str, kind: str, code: str | None = None, **headers: str) -> Change:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    body = json.dumps(error_object(message, kind, code)).encode()
    return lambda answer, job: replace(answer, refusal=Refusal(status, body, sent))


def _raw(status: int, body: str, content_type: str, **headers: str) -> Change:
    refusal = Refusal(status, body.encode(), headers, content_type)
    return lambda answer, job: replace(answer, refusal=refusal)


def _with(**fields: Any) -> Change:
    return lambda answer, job: replace(answer, **fields)


def _cut(how: str, *, early: bool = False) -> Change:
    """Cut before the first token, or after a few: always one at least, and never the last."""

    def change(answer: Answer, job: Job) -> Answer:
        many = len(answer.pieces)
        after = 0 if early else min(job.rng.randint(1, max(1, many // 2)), max(0, many - 1))
        return replace(answer, cut=how, cut_after=after)

    return change


def _finish(reason: str) -> Change:
    def change(answer: Answer, job: Job) -> Answer:
        half = answer.pieces[: len(answer.pieces) // 2]
        return replace(answer, text="".join(half), finish=reason)

    return change


def _no_format(status: int, *refused: str) -> Change:
    """Refuse a response_format by naming it, as relays of older servers do."""

    def change(answer: Answer, job: Job) -> Answer:
        if job.response_format not in refused:
            return answer
        message = f"Invalid parameter: 'response_format' of type '{job.response_format}' is not supported"
        message += " with this model."
        body = json.dumps(error_object(message, "invalid_request_error", None, "response_format")).encode()
        return replace(answer, refusal=Refusal(status, body))

    return change


def _retry_date(answer: Answer, job: Job) -> Answer:
    when = format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)
    return _refuse(429, "Rate limit reached.", "requests", "rate_limit_exceeded", Retry_After=when)(answer, job)


def _respell(spell: Callable[[str, Job], str]) -> Change:
    return lambda answer, job: replace(answer, text=spell(answer.text, job))


def _obey(answer: Answer, job: Job) -> Answer:
    return replace(answer, text=compose(job.prompt, job.seed, obey=True))


_HTML = "<!doctype html><html><head><title>Sign in</title></head><body><h1>Please sign in</h1></body></html>"
_ERROR_200 = json.dumps(error_object("The upstream provider is overloaded.", "server_error", 503))
_LIMIT = ("Rate limit reached for requests.", "requests", "rate_limit_exceeded")
_SERVER = ("The server had an error while processing your request.", "server_error")

FAULTS: dict[str, Fault] = {
    "rate_limit": Fault("429 with Retry-After: 1", _refuse(429, *_LIMIT, Retry_After="1")),
    "rate_limit_bare": Fault("429 without a hint", _refuse(429, *_LIMIT)),
    "rate_limit_ms": Fault("429 with retry-after-ms: 50", _refuse(429, *_LIMIT, retry_after_ms="50")),
    "rate_limit_date": Fault("429 with Retry-After as a date, two seconds ahead", _retry_date),
    "rate_limit_long": Fault("429 with Retry-After: 300", _refuse(429, *_LIMIT, Retry_After="300")),
    "quota": Fault(
        "429 insufficient_quota: no retry helps",
        _refuse(429, "You exceeded your current quota.", "insufficient_quota", "insufficient_quota"),
    ),
    "request_timeout": Fault("408", _refuse(408, "The request timed out.", "timeout")),
    "conflict": Fault("409", _refuse(409, "The request conflicted with another.", "conflict")),
    "server_error": Fault("500", _refuse(500, *_SERVER)),
    "server_error_final": Fault("500 with x-should-retry: false", _refuse(500, *_SERVER, x_should_retry="false")),
    "bad_request_again": Fault(
        "400 with x-should-retry: true",
        _refuse(400, "Temporarily unable to read the request.", "invalid_request_error", x_should_retry="true"),
    ),
    "unavailable": Fault("503", _refuse(503, "The service is temporarily unavailable.", "server_error")),
    "bad_request": Fault("400", _refuse(400, "The request is not valid.", "invalid_request_error")),
    "unauthorized": Fault(
        "401", _refuse(401, "Incorrect API key provided.", "invalid_request_error", "invalid_api_key")
    ),
    "payment": Fault("402", _refuse(402, "Insufficient balance.", "billing_error", "insufficient_balance")),
    "forbidden": Fault("403", _refuse(403, "Your key may not use this model.", "permission_error")),
    "not_found": Fault(
        "404, unknown model",
        _refuse(404, "The model does not exist.", "invalid_request_error", "model_not_found"),
    ),
    "unprocessable": Fault("422", _refuse(422, "Unprocessable parameters.", "invalid_request_error")),
    "timeout": Fault("the request is read and never answered", _with(silence="hang")),
    "reset": Fault("TCP reset before the headers", _with(silence="reset")),
    "reset_inside": Fault("TCP reset inside the body", _cut("reset")),
    "stall": Fault("stops after some tokens, the connection stays open", _cut("stall")),
    "keepalive_only": Fault("only `: ping` comments, for ever", _cut("pings", early=True)),
    "html": Fault("200 with a page of HTML", _raw(200, _HTML, "text/html; charset=utf-8")),
    "redirect": Fault("302", _raw(302, "", "text/html", Location="https://example.invalid/login")),
    "empty": Fault("200 with an empty body", _raw(200, "", "application/json")),
    "invalid_json": Fault("200 with broken JSON", _raw(200, '{"id": "chatcmpl-1", "choi', "application/json")),
    "error_body": Fault("200 with an error object, code 503", _raw(200, _ERROR_200, "application/json")),
    "error_in_stream": Fault("an error event before any text, code 503", _cut("error", early=True)),
    "error_late": Fault("an error event after some text", _cut("error")),
    "vllm_error": Fault('200 with vLLM\'s `"object": "error"`, code 500', _cut("vllm_error", early=True)),
    "no_end": Fault("closes in order with neither finish_reason nor [DONE]", _cut("end")),
    "bad_event": Fault("one event whose data is not JSON (streams)", _with(bad_event=True)),
    "length": Fault("the answer is cut in half, finish_reason length", _finish("length")),
    "content_filter": Fault("the answer is cut in half, content_filter", _finish("content_filter")),
    "no_json_schema": Fault("400 for response_format json_schema only", _no_format(400, "json_schema")),
    "no_response_format": Fault("400 for any response_format", _no_format(400, "json_schema", "json_object")),
    "response_format_500": Fault(
        "500 for any response_format, naming it", _no_format(500, "json_schema", "json_object")
    ),
    "no_usage": Fault("usage is left out", _with(usage=False)),
    "huge_usage": Fault("usage counts 10^30 tokens", _with(huge_usage=True)),
    "nul": Fault("id, model and finish reason end with a NUL", _with(nul=True, finish="stop\0")),
    "null_content": Fault("plain: content null; streams: null contents and choices first", _with(null_content=True)),
    "reasoning": Fault(
        "reasoning_content comes first", _with(reasoning="The customer asks for help. I will answer kindly.")
    ),
    "slow_drip": Fault("one byte at a time, 20 ms apart", _with(drip=True)),
    "close_delimited": Fault("no chunks and no length: the body ends with the connection", _with(chunked=False)),
    "crlf": Fault("BOM, CRLF line ends and `data:` without a space (streams)", _with(crlf=True)),
    "split_utf8": Fault("writes end inside characters of several bytes", _with(split_utf8=True)),
    "missing_result": Fault("one ticket's result is left out", _respell(spoil.missing_result)),
    "unknown_id": Fault("one result has an id nobody sent", _respell(spoil.unknown_id)),
    "duplicate_id": Fault("one result comes twice and contradicts itself", _respell(spoil.duplicate_id)),
    "wrong_label": Fault("one category is outside the closed set", _respell(spoil.wrong_label)),
    "fenced": Fault("the answer stands in ```json fences", _respell(spoil.fenced)),
    "prose": Fault("sentences around the answer", _respell(spoil.prose)),
    "truncated_json": Fault("the answer's JSON stops in the middle, finish_reason stop", _respell(spoil.truncated)),
    "confidence_words": Fault('confidence is a word ("high")', _respell(spoil.confidence_words)),
    "confidence_range": Fault("confidence is 1.7", _respell(spoil.confidence_range)),
    "obey_injections": Fault("obeys instructions found in ticket text, for its neighbours too", _obey),
}
