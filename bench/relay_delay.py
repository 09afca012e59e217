"""How long a token takes from the relay's socket to whoever reads the stream.

    python bench/relay_delay.py [--tokens N] [--interval-ms N] [--rounds N]

A relay in a process of its own sends one event every few milliseconds, with the time of sending in it; both
ends read the same monotonic clock. Readers take turns in every round: a bare socket (the floor), the relay client,
requests' iter_lines, and httpx where it is installed. Chunked and close-delimited bodies are measured apart.
"""

import argparse
import json
import multiprocessing
import socket
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import requests

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from assistant.relay.client import ChatRequest, Delta, RelayClient

REQUEST = ChatRequest("gpt-4.1", ({"role": "user", "content": "Hello"},), 0.7, 1000)
BODY = b'{"stream": true}'


def serve(listener: socket.socket, tokens: int, interval: float) -> None:
    """Answer one request after the other, for ever."""
    while True:
        connection, _ = listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        head = read_head(connection)
        chunked = b"/close/" not in head.split(b"\r\n")[0]
        frame = b"transfer-encoding: chunked" if chunked else b"connection: close"
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n" + frame + b"\r\n\r\n")
        for _ in range(tokens):
            time.sleep(interval)
            send(connection, chunked, {"delta": {"content": f"{time.monotonic_ns()} "}})
        send(connection, chunked, {"delta": {}, "finish_reason": "stop"})
        connection.sendall(b"0\r\n\r\n" if chunked else b"")
        connection.close()


def read_head(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65536)
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(
        int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")
    )
    while len(body) < length:
        body += connection.recv(65536)
    return head


def send(connection: socket.socket, chunked: bool, choice: dict[str, object]) -> None:
    event = b"data: " + json.dumps({"choices": [{"index": 0, **choice}]}).encode() + b"\n\n"
    connection.sendall(b"%x\r\n%s\r\n" % (len(event), event) if chunked else event)


def bare_socket(port: int, base: str) -> Iterator[str]:
    """No HTTP library at all: what the loopback and the scheduler cost."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        head = f"POST {base}/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: {len(BODY)}\r\n\r\n"
        connection.sendall(head.encode() + BODY)
        while data := connection.recv(65536):
            for line in data.split(b"\n"):
                if line.startswith(b"data: "):
                    yield from content(line.decode())


def relay_client(port: int, base: str) -> Iterator[str]:
    client = RelayClient(f"http://127.0.0.1:{port}{base}", "key")
    for item in client.stream(REQUEST):
        if isinstance(item, Delta):
            yield item.text
    client.close()


def iter_lines(port: int, base: str) -> Iterator[str]:
    with requests.post(
        f"http://127.0.0.1:{port}{base}/chat/completions", data=BODY, stream=True, timeout=60
    ) as answer:
        for line in answer.iter_lines(decode_unicode=True):
            yield from content(line if isinstance(line, str) else line.decode())


def httpx_lines(port: int, base: str) -> Iterator[str]:
    import httpx

    url = f"http://127.0.0.1:{port}{base}/chat/completions"
    with httpx.Client(timeout=60) as client, client.stream("POST", url, content=BODY) as answer:
        for line in answer.iter_lines():
            yield from content(line)


def content(line: str) -> Iterator[str]:
    if line.startswith("data: "):
        text = json.loads(line[6:])["choices"][0]["delta"].get("content")
        if text:
            yield text


def delays(read: Callable[[int, str], Iterator[str]], port: int, base: str) -> list[float]:
    """Milliseconds from sending to reading, of every token."""
    found: list[float] = []
    for text in read(port, base):
        now = time.monotonic_ns()
        found += ((now - int(sent)) / 1e6 for sent in text.split())
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tokens", type=int, default=100)
    parser.add_argument("--interval-ms", type=float, default=5.0)
    parser.add_argument("--rounds", type=int, default=12)
    options = parser.parse_args()
    readers: dict[str, Callable[[int, str], Iterator[str]]] = {
        "bare socket": bare_socket,
        "relay client": relay_client,
        "requests iter_lines": iter_lines,
    }
    if find_spec("httpx"):
        readers["httpx iter_lines"] = httpx_lines
    listener = socket.create_server(("127.0.0.1", 0))
    relay = multiprocessing.Process(
        target=serve, args=(listener, options.tokens, options.interval_ms / 1000), daemon=True
    )
    relay.start()
    port = listener.getsockname()[1]
    print(f"{options.rounds} x {options.tokens} tokens, one every {options.interval_ms:g} ms; delay in ms\n")
    print("| reader | body | p50 | p95 | max |\n|---|---|---:|---:|---:|")
    for framing, base in {"chunked": "/chunked", "close-delimited": "/close"}.items():
        found: dict[str, list[float]] = {name: [] for name in readers}
        for _ in range(options.rounds):
            for name, read in readers.items():
                found[name] += delays(read, port, base)
        for name, values in found.items():
            cuts = statistics.quantiles(values, n=100)
            print(f"| {name} | {framing} | {cuts[49]:.3f} | {cuts[94]:.3f} | {max(values):.3f} |")
    relay.terminate()


if __name__ == "__main__":
    main()
