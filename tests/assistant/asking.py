"""Asking the simulated relay with nothing but the standard library, as a stranger would."""

import contextlib
import http.client
import json
import socket
from dataclasses import dataclass

CATEGORIES = """Categories:
- billing: Billing. Invoices, charges, payments, refunds
- technical: Technical. Something does not work as it should
- sales: Sales. Questions before buying
- general: General. Everything else

Priorities: high, medium, low"""


@dataclass
class Reply:
    status: int
    headers: dict
    raw: bytes
    broken: Exception | None = None

    @property
    def json(self):
        return json.loads(self.raw)

    @property
    def text(self):
        return self.json["choices"][0]["message"]["content"]

    @property
    def events(self):
        lines = self.raw.decode("utf-8-sig").replace("\r\n", "\n").split("\n")
        return [line[5:].strip() for line in lines if line.startswith("data:")]

    @property
    def chunks(self):
        return [json.loads(event) for event in self.events if event != "[DONE]"]

    @property
    def deltas(self):
        return [c["choices"][0]["delta"] for c in self.chunks if c.get("choices")]

    @property
    def streamed(self):
        return "".join(delta.get("content") or "" for delta in self.deltas)


def ask(relay, *messages, key="any", stream=False, model="gpt-4.1", timeout=5, **more):
    """One chat request on its own connection, read until its end or until it breaks."""
    said = [m if isinstance(m, dict) else {"role": "user", "content": m} for m in messages]
    body = {"model": model, "messages": said or [{"role": "user", "content": "Hello there"}], **more}
    if stream:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    return request(relay, "POST", "/v1/chat/completions", json.dumps(body), key=key, timeout=timeout)


def request(relay, method, path, body=None, key="any", timeout=5):
    connection = http.client.HTTPConnection(relay.host, relay.port, timeout=timeout)
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {key}"} if key else {})
    with contextlib.closing(connection):
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        raw, broken = b"", None
        try:
            while piece := response.read1(65536):
                raw += piece
        except (OSError, http.client.HTTPException) as error:
            broken = error
        return Reply(response.status, {n.lower(): v for n, v in response.getheaders()}, raw, broken)


def connect(relay, stream=True, messages=None):
    """A socket on which a chat request has been sent and nothing been read."""
    said = messages or [{"role": "user", "content": "Hello there"}]
    body = json.dumps({"model": "gpt-4.1", "messages": said, "stream": stream}).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: {relay.host}\r\nAuthorization: Bearer any\r\n"
    connection = socket.create_connection((relay.host, relay.port), timeout=5)
    connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    return connection


def read_until(connection, sought):
    data = b""
    while sought not in data:
        piece = connection.recv(65536)
        assert piece, f"ended without {sought!r}: {data!r}"
        data += piece
    return data


def triage(*tickets, system=CATEGORIES):
    """The messages that ask for labels; each ticket is (subject, text)."""
    data = [{"id": f"t{n}", "subject": s, "text": t} for n, (s, t) in enumerate(tickets, 1)]
    return _delimited(f"Label these.\n\n{system}", data)


def draft(text, customer="Alice Smith", subject="Order 17", instruction="", tone="friendly"):
    said = [{"from": "customer", "text": text}]
    data = {"customer": customer, "subject": subject, "messages": said, "instruction": instruction, "tone": tone}
    return _delimited("Write a reply.", data)


def _delimited(system, data):
    fenced = f"<<<DATA-0badc0de\n{json.dumps(data, ensure_ascii=False)}\nDATA-0badc0de>>>"
    return {"role": "system", "content": system}, {"role": "user", "content": fenced}
