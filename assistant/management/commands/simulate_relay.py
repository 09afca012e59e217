"""The simulated relay as a process of its own, for the demo and for trying faults by hand."""

import argparse
import asyncio
import os
import signal
import socket
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from assistant.simulator import FAULTS, Settings
from assistant.simulator.server import RelayServer


class Command(BaseCommand):
    help = "Serve a simulated OpenAI-compatible relay that reads nothing but the prompt."
    requires_system_checks = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--port", type=int, required=True, help="port to listen on; 0: any free one")
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--rpm", type=int, help="requests in any 60 seconds; above it the answer is 429")
        parser.add_argument("--latency-ms", type=float, default=0, help="before a plain answer")
        parser.add_argument("--ttft-ms", type=float, default=0, help="before the first token of a stream")
        parser.add_argument("--token-ms", type=float, default=0, help="between the tokens of a stream")
        parser.add_argument(
            "--fault",
            action="append",
            default=[],
            metavar="KIND:RATE",
            help=f"a share of the requests fails so, rate from 0 to 1; repeatable. Kinds: {', '.join(FAULTS)}",
        )
        parser.add_argument("--seed", type=int, default=1, help="of faults and answers")
        parser.add_argument("--key", help="the only key accepted; without it any key that is not empty")
        parser.add_argument("--cached", action="store_true", help="report cached tokens for repeated prefixes")

    def handle(self, *args: Any, **options: Any) -> None:
        if not 0 <= options["port"] <= 65535:
            raise CommandError("--port must be between 0 and 65535.", returncode=2)
        try:
            settings = _settings(options)
        except ValueError as error:
            raise CommandError(str(error), returncode=2) from error
        asyncio.run(self._serve(settings, options["host"], options["port"]))

    async def _serve(self, settings: Settings, host: str, port: int) -> None:
        stopping = asyncio.Event()
        for name in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(name, stopping.set)
        server = RelayServer(settings)
        try:
            port = await server.start(host, port)
        except OSError as error:
            raise CommandError(
                f"Cannot listen on {host}:{port}: {_reason(error)}. Choose another --port or --host.", returncode=2
            ) from error
        self.stdout.write(f"Simulated relay listening on http://{host}:{port}/v1")
        self.stdout.flush()
        await stopping.wait()
        await server.stop()


def _reason(error: OSError) -> str:
    """The system's words alone: asyncio says the address once more. Failed look-ups count errors of their own."""
    if error.errno is None or isinstance(error, socket.gaierror):
        return error.strerror or str(error)
    return os.strerror(error.errno)


def _settings(options: dict[str, Any]) -> Settings:
    """ValueError names the option that makes no sense."""
    names = ("rpm", "latency_ms", "ttft_ms", "token_ms")
    for name in names:
        if (options[name] or 0) < 0:
            raise ValueError(f"--{name.replace('_', '-')} must be 0 or more.")
    chosen = {name: options[name] for name in (*names, "seed", "key", "cached")}
    return Settings(faults=dict(_fault(text) for text in options["fault"]), **chosen)


def _fault(text: str) -> tuple[str, float]:
    kind, _, rate = text.partition(":")
    try:
        return kind, float(rate)
    except ValueError as error:
        raise ValueError(f"--fault {text} is not KIND:RATE, as in reset:0.1.") from error
