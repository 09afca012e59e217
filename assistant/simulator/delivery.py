"""Sending an answer: plain or as server-sent events, framed well or badly, in its own time."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from typing import Any

from .answer import NAME, Answer, Job
from .cuts import PLAIN_CUTS, SILENCES, STREAM_CUTS
from .outlet import Outlet, to_json
from .settings import Settings

_BOM = b"\xef\xbb\xbf"
_HUGE = 10**30  # tokens; no column of any database holds it


class Delivery:
    """One answer on its way. Cancelled by its connection when the client is gone."""

    def __init__(
        self,
        outlet: Outlet,
        job: Job,
        answer: Answer,
        settings: Settings,
        *,
        gate: Callable[[int], Awaitable[None]],
        settle: Callable[[bool], None],
        request_id: str,
    ) -> None:
        self.outlet, self.job, self.answer = outlet, job, answer
        self.settings = settings
        self.gate, self.settle = gate, settle
        self.sent = 0
        end = "\0" if answer.nul else ""
        self._envelope = {
            "id": f"chatcmpl-{request_id}{end}",
            "object": "chat.completion.chunk" if job.stream else "chat.completion",
            "created": int(time.time()),
            "model": f"{job.model}{end}",
            "system_fingerprint": NAME,
        }
        outlet.drip_seconds = settings.drip_ms / 1000 if answer.drip else None
        outlet.split_utf8 = answer.split_utf8

    async def run(self) -> None:
        """Send all of it; settle is called before the last byte, so whoever has that finds it in the books."""
        if self.answer.silence:
            await SILENCES[self.answer.silence](self)
        elif self.job.stream:
            await self._stream()
        else:
            await self._plain()

    async def _plain(self) -> None:
        await self.gate(0)
        await asyncio.sleep(self.settings.latency_ms / 1000)
        answer = self.answer
        if answer.cut:
            await PLAIN_CUTS[answer.cut](self)
            return
        body = self.plain_body(answer.finish)
        await self.begin_plain(len(body))
        if answer.usage:
            self.report()
        self.settle(True)
        await self.outlet.send(body)
        await self.outlet.end()

    def plain_body(self, finish: str | None) -> bytes:
        message: dict[str, Any] = {"role": "assistant", "content": self.answer.text, "refusal": None}
        if self.answer.null_content:
            message["content"] = None
        if self.answer.reasoning:
            message["reasoning_content"] = self.answer.reasoning
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": finish}
        usage = {"usage": self._usage()} if self.answer.usage else {}
        return to_json({**self._envelope, "choices": [choice], **usage})

    async def begin_plain(self, length: int) -> None:
        await self.outlet.begin(200, "application/json", length=length, chunked=self.answer.chunked)

    async def _stream(self) -> None:
        answer = self.answer
        await self.outlet.begin(
            200, "text/event-stream; charset=utf-8", chunked=answer.chunked, more={"Cache-Control": "no-cache"}
        )
        if answer.crlf:
            await self.outlet.send(_BOM)
        whole = not answer.cut or answer.cut_after > 0
        if whole:
            await self.gate(0)
            await asyncio.sleep(self.settings.ttft_ms / 1000)
            await self._send_opening()
            await self._send_tokens(answer.pieces)
        if answer.cut:
            await STREAM_CUTS[answer.cut](self)
        else:
            await self._send_closing()

    async def _send_opening(self) -> None:
        await self.send_delta({"role": "assistant", "content": ""})
        if self.answer.null_content:
            await self.send_delta({"content": None})
            await self.send_event(to_json({**self._envelope, "choices": None}))
            await self.send_event(to_json({**self._envelope, "choices": []}))
        for word in self.answer.reasoning.split():
            await self.send_delta({"content": None, "reasoning_content": f"{word} "})

    async def _send_tokens(self, pieces: list[str]) -> None:
        last = self.answer.cut_after if self.answer.cut else len(pieces)
        broken = last // 2 if self.answer.bad_event else -1
        before, after = self._token_frame()
        loop = asyncio.get_running_loop()
        due = loop.time()
        for self.sent, piece in enumerate(pieces[:last]):
            await self.gate(self.sent)
            event = before + json.dumps(piece, ensure_ascii=False).encode("utf-8", "replace") + after
            await self.send_event(event[:-9] if self.sent == broken else event)
            due = max(due + self.settings.token_ms / 1000, loop.time() - 1)
            await asyncio.sleep(max(0.0, due - loop.time()))
        self.sent = last

    def _token_frame(self) -> tuple[bytes, bytes]:
        """All of a token's event but the token itself: the same for a whole stream."""
        before, _, after = self._delta({"content": "\0"}).partition(b'"\\u0000"')
        return before, after

    async def _send_closing(self) -> None:
        await self.send_event(self._delta({}, self.answer.finish))
        if self.job.wants_usage and self.answer.usage:
            await self.send_event(to_json({**self._envelope, "choices": [], "usage": self._usage()}))
            self.report()
        self.settle(True)
        await self.send_event(b"[DONE]")
        await self.outlet.end()

    async def send_delta(self, delta: dict[str, Any]) -> None:
        await self.send_event(self._delta(delta))

    def _delta(self, delta: dict[str, Any], finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        usage = {"usage": None} if self.job.wants_usage and self.answer.usage else {}
        return to_json({**self._envelope, "choices": [choice], **usage})

    async def send_event(self, data: bytes) -> None:
        if self.answer.crlf:
            await self.outlet.send(b"data:" + data + b"\r\n\r\n")
        else:
            await self.outlet.send(b"data: " + data + b"\n\n")

    def _usage(self) -> dict[str, Any]:
        prompt, completion = self.job.prompt_tokens, len(self.answer.pieces)
        if self.answer.huge_usage:
            prompt = completion = _HUGE
        return {
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "total_tokens": prompt + completion,
            "prompt_tokens_details": {"cached_tokens": self.job.cached_tokens},
        }

    def report(self) -> None:
        """Enter the usage that the caller is told, unless it is none that anybody could."""
        if self.answer.huge_usage:
            return
        receipt = self.outlet.receipt
        receipt.prompt_tokens = self.job.prompt_tokens
        receipt.completion_tokens = len(self.answer.pieces)
        receipt.cached_tokens = self.job.cached_tokens
