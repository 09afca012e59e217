"""Fifty ways to run a script, wherever a text can be put: none of them runs."""

from __future__ import annotations

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_axe import LISTEN

pytestmark = pytest.mark.browser

PAYLOADS = (Path(__file__).parent / "payloads.txt").read_text().splitlines()
LIVE = "iframe, object, embed, base, meta[http-equiv], script:not([src]), [onerror], [onload], [onfocus], [ontoggle]"
LINKS = "a[href^='javascript' i], a[href^='data' i], main [hx-on\\\\:load], [style*='javascript'], main img[src='x']"


class Model(BaseHTTPRequestHandler):
    """A model that writes the payloads and nothing else, some characters at a time."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        text = "\n\n".join(PAYLOADS)
        parts = [{"choices": [{"delta": {"content": text[at : at + 7]}}]} for at in range(0, len(text), 7)]
        parts.append({"choices": [{"delta": {}, "finish_reason": "stop"}]})
        parts.append({"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 9, "total_tokens": 18}})
        body = "".join(f"data: {json.dumps(part)}\n\n" for part in parts) + "data: [DONE]\n\n"
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Content-Length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def hostile_desk(stack):
    """The address of a desk whose relay is the model above."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Model) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield stack.start_desk(f"http://127.0.0.1:{server.server_port}/v1").origin
        server.shutdown()


def nothing_ran(page: Page) -> None:
    state = page.evaluate(
        f"""() => [window.__xss, window.stopped, document.querySelectorAll(`{LIVE}`).length,
                   document.querySelectorAll(`{LINKS}`).length]"""
    )
    assert state == [None, [], 0, 0], page.url


def test_no_payload_runs_anywhere(browse, watch, stack, hostile_desk):
    watch.allowed += ["409"]
    assert len(PAYLOADS) >= 50
    said = stack.manage("shell", "--no-imports", "-c", "from tests.browser.hostile import make; make()")
    ids = json.loads(said.splitlines()[-1])
    ticket = f"/tickets/{ids['ticket']}/"
    alice = browse("alice", origin=hostile_desk)
    alice.add_init_script(LISTEN)
    for address in (
        "/?status=any&q=harm",
        "/?status=any&q=harmful+words",
        "/?status=open",
        ticket,
        "/saved-replies/",
    ):
        alice.goto(address)
        expect(alice.locator("main")).to_contain_text("__xss")
        nothing_ran(alice)
    alice.goto(ticket)
    alice.get_by_role("button", name=re.compile("Draft reply|Draft again")).click()
    expect(alice.locator("#draft-status")).to_contain_text(re.compile("USD|unknown"))
    assert PAYLOADS[-1] in alice.locator("#reply-body").input_value()
    nothing_ran(alice)
    alice.get_by_role("button", name="Send", exact=True).click()
    expect(alice.locator("#composer-warning")).to_contain_text("__xss")  # the reply quotes a note: sure?
    nothing_ran(alice)
    alice.get_by_role("button", name=re.compile("^Send")).first.click()
    expect(alice.locator(".message-reply").first).to_be_visible()
    nothing_ran(alice)
    carol = browse("carol", origin=hostile_desk)
    carol.add_init_script(LISTEN)
    admin = ("ticket/?q=harm", f"ticket/{ids['ticket']}/change/", "customer/", f"customer/{ids['customer']}/change/",
             f"ticket/{ids['ticket']}/delete/", "savedreply/")  # fmt: skip
    for address in (*(f"/admin/tickets/{part}" for part in admin), "/admin/assistant/draft/"):
        carol.goto(address)
        expect(carol.locator("#content")).to_be_visible()
        nothing_ran(carol)
