"""A customer without an account, from the form to the answer and back."""

from __future__ import annotations

import re
import time
from email import message_from_bytes, policy

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PATIENCE

pytestmark = pytest.mark.browser


def mail_to(folder, address: str, pattern: str) -> re.Match[str]:
    """What `pattern` finds in a mail to `address`, as soon as the worker has sent one."""
    deadline = time.monotonic() + 3 * PATIENCE / 1000
    while time.monotonic() < deadline:
        for file in sorted(folder.glob("*")):
            for raw in file.read_bytes().split(b"\n" + b"-" * 79 + b"\n"):
                mail = message_from_bytes(raw.lstrip(), policy=policy.default)
                text = mail.get_body(("plain",)).get_content() if mail["To"] == address else ""
                if found := re.search(pattern, text):
                    return found
        time.sleep(0.2)
    raise AssertionError(f"no mail to {address} with {pattern}")


def fill(page, address: str, subject: str, body: str) -> None:
    page.goto("/contact/")
    page.get_by_label("Your name").fill("Nora Quist")
    page.get_by_label("Your e-mail address").fill(address)
    page.get_by_label("What is it about?").press_sequentially(subject)
    page.get_by_label("Your message").fill(body)


def send(page) -> None:
    """A form filled in by a machine is asked to be sent once more, until a person could have read it."""
    page.get_by_role("button", name="Send").click()
    if not page.url.endswith("/contact/sent/"):
        deadline = time.monotonic() + PATIENCE / 1000
        while time.monotonic() < deadline and not page.url.endswith("/contact/sent/"):
            page.wait_for_timeout(500)
            page.get_by_role("button", name="Send").click()
    expect(page).to_have_url(re.compile("/contact/sent/$"))


def test_a_customer_writes_an_agent_cites_an_article_and_the_customer_answers(browse, stack, watch):
    watch.allowed.append("422")  # the form, sent too quickly
    nora = browse()
    fill(nora, "nora@example.com", "Charged twice in May", "My card was charged twice for one invoice.")
    expect(nora.locator("#suggestions")).to_contain_text("I was charged twice")
    send(nora)
    link = mail_to(stack.mail_folder, "nora@example.com", r"<http://[^/]+(/t/[^>]+/)>")[1]
    ticket = int(re.match(r"/t/(\d+)-", link)[1])

    alice = browse("alice")
    alice.goto(f"/tickets/{ticket}/")
    alice.get_by_role("button", name="Draft reply").click()
    expect(alice.locator("#draft-status")).to_contain_text("USD")
    draft = alice.locator("#reply-body").input_value()
    assert " [1]." in draft and "/help/i-was-charged-twice/" in draft
    alice.locator("#draft-sources summary").click()
    expect(alice.locator("#draft-sources-list a").first).to_have_text("[1] I was charged twice")
    alice.get_by_role("button", name="Send", exact=True).click()
    expect(alice.locator("#thread")).to_contain_text("It is explained step by step in")
    mail_to(stack.mail_folder, "nora@example.com", "It is explained step by step in")

    nora.goto(link)
    cited = nora.locator(".portal-message").nth(1).get_by_role("link", name="1")
    expect(cited).to_have_attribute("href", re.compile("/help/i-was-charged-twice/$"))
    nora.get_by_label("Your message").fill("It was two invoices: 4711 and 4712.")
    nora.get_by_role("button", name="Send").click()
    expect(nora.locator(".portal-thread")).to_contain_text("4711 and 4712")
    expect(alice.locator("#thread")).to_contain_text("4711 and 4712")


def test_all_of_it_works_on_a_phone_without_scripts(browse, stack, watch):
    watch.allowed.append("422")
    lars = browse(java_script_enabled=False, viewport={"width": 390, "height": 844})
    fill(lars, "lars@example.com", "Where is my export", "The export stops after some rows.")
    send(lars)
    lars.goto(mail_to(stack.mail_folder, "lars@example.com", r"<http://[^/]+(/t/[^>]+/)>")[1])
    lars.get_by_label("Your message").fill("It works now.")
    lars.get_by_role("button", name="Send").click()
    expect(lars.locator(".portal-thread")).to_contain_text("It works now.")
    for path in ("/help/", "/help/i-was-charged-twice/", "/contact/", "/requests/"):
        lars.goto(path)
        assert lars.locator("main").bounding_box()["width"] <= 390
        assert lars.locator("h1").is_visible()


def test_a_mention_rings_the_bell_of_the_colleague(browse, ticket):
    alice, carol = browse("alice"), browse("carol")
    alice.goto("/notifications/")
    for button in alice.get_by_role("button", name="Mark all as read").all():  # what other tests have told her
        button.click()
    expect(alice.locator("#bell [data-count]")).to_be_hidden()
    alice.goto("/")
    carol.goto(f"/tickets/{ticket}/")
    carol.get_by_text("Note", exact=True).click()
    carol.locator("#note-body").press("@")
    carol.locator("#picker-q").press_sequentially("ali")
    expect(carol.locator("#picker-list li")).to_have_count(1)
    carol.locator("#picker-q").press("Enter")
    expect(carol.locator("#note-body")).to_have_value("@alice ")
    carol.locator("#note-body").press_sequentially("can you look at this?")
    carol.get_by_role("button", name="Add note").click()
    expect(carol.locator("#thread")).to_contain_text("@alice can you look")
    alice.reload()
    expect(alice.locator("#bell [data-count]")).to_be_visible()
    alice.locator("#bell").click()
    alice.get_by_role("link", name=re.compile("Carol mentioned you")).first.click()
    expect(alice).to_have_url(re.compile(rf"/tickets/{ticket}/#message-"))
    expect(alice.locator("#bell [data-count]")).to_be_hidden()
