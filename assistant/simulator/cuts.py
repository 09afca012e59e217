"""How an answer breaks off: before its headers, in a plain body, in a stream."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from .answer import error_object
from .outlet import to_json

if TYPE_CHECKING:
    from .delivery import Delivery

Cut = Callable[["Delivery"], Awaitable[None]]

_PING_SECONDS = 0.2
_ERROR = error_object("The model stopped because of an internal error.", "server_error", 503)
_VLLM_ERROR = {
    "object": "error",
    "message": "The engine is dead.",
    "type": "InternalServerError",
    "param": None,
    "code": 500,
}


async def _hang(delivery: "Delivery") -> None:
    await asyncio.get_running_loop().create_future()


async def _reset(delivery: "Delivery") -> None:
    delivery.settle(False)
    delivery.outlet.connection.reset()


async def _half(delivery: "Delivery") -> None:
    body = delivery.plain_body(delivery.answer.finish)
    await delivery.begin_plain(len(body))
    await delivery.outlet.send(body[: len(body) // 2])


async def _half_reset(delivery: "Delivery") -> None:
    await _half(delivery)
    await _reset(delivery)


async def _half_stall(delivery: "Delivery") -> None:
    await _half(delivery)
    await _hang(delivery)


async def _blanks(delivery: "Delivery") -> None:
    """White space before a JSON body that never comes: how relays keep a plain call alive."""
    await delivery.outlet.begin(200, "application/json")
    while True:
        await delivery.outlet.send(b" ")
        await asyncio.sleep(_PING_SECONDS)


async def _plain_bytes(delivery: "Delivery", body: bytes) -> None:
    await delivery.begin_plain(len(body))
    delivery.settle(False)
    await delivery.outlet.send(body)
    await delivery.outlet.end()


async def _plain_error(delivery: "Delivery") -> None:
    await _plain_bytes(delivery, to_json(_ERROR))


async def _plain_vllm_error(delivery: "Delivery") -> None:
    await _plain_bytes(delivery, to_json(_VLLM_ERROR))


async def _plain_end(delivery: "Delivery") -> None:
    delivery.report()
    await _plain_bytes(delivery, delivery.plain_body(None))


async def _pings(delivery: "Delivery") -> None:
    while True:
        await delivery.outlet.send(b": ping\n\n")
        await asyncio.sleep(_PING_SECONDS)


async def _stream_end(delivery: "Delivery") -> None:
    delivery.settle(False)
    await delivery.outlet.end()


async def _stream_error(delivery: "Delivery") -> None:
    await delivery.send_event(to_json(_ERROR))
    await _stream_end(delivery)


async def _stream_vllm_error(delivery: "Delivery") -> None:
    await delivery.send_event(to_json(_VLLM_ERROR))
    delivery.settle(False)
    await delivery.send_event(b"[DONE]")
    await delivery.outlet.end()


SILENCES: dict[str, Cut] = {"hang": _hang, "reset": _reset}
PLAIN_CUTS: dict[str, Cut] = {
    "reset": _half_reset,
    "stall": _half_stall,
    "pings": _blanks,
    "error": _plain_error,
    "vllm_error": _plain_vllm_error,
    "end": _plain_end,
}
STREAM_CUTS: dict[str, Cut] = {
    "reset": _reset,
    "stall": _hang,
    "pings": _pings,
    "error": _stream_error,
    "vllm_error": _stream_vllm_error,
    "end": _stream_end,
}
