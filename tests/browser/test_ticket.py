"""A ticket's page as agents use it all day: by keyboard, with files, and two of them at once."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_drafts import WRITING, open_ticket

pytestmark = pytest.mark.browser

PNG = (
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c626001000000ffff03000006"
    "000557bfabd40000000049454e44ae426082"
)


def field(stack, ticket: int, name: str):
    return stack.rows(f"SELECT {name} FROM tickets_ticket WHERE id = ?", ticket)[0][0]


def picked(page: Page, key: str, text: str) -> None:
    """A property chosen by its key, from the list that opens."""
    page.keyboard.press(key)
    expect(page.locator("#picker-q")).to_be_focused()
    page.keyboard.type(text)
    expect(page.locator("#picker-list [aria-selected=true]")).to_contain_text(text)
    page.keyboard.press("Enter")


def test_everything_on_the_page_is_done_by_keyboard_alone(browse, stack, ticket):
    alice = open_ticket(browse("alice"), ticket)
    keys = alice.keyboard
    head = alice.locator("#ticket-head")
    picked(alice, "a", "Bob")
    expect(alice.locator("#property-assignee option:checked")).to_have_text("Bob")
    keys.press("i")
    expect(alice.locator("#property-assignee option:checked")).to_have_text("Alice")
    picked(alice, "p", "High")
    expect(head).to_contain_text("High")
    picked(alice, "t", "General")
    expect(head).to_contain_text("General")
    picked(alice, "s", "Pending")
    expect(head).to_contain_text("Pending")
    keys.press("l")
    keys.type("refund")
    keys.press("Enter")
    expect(alice.locator(".tag")).to_have_text(re.compile("refund *Remove the tag refund"))
    keys.press("Escape")  # the field keeps the focus for the next tag
    keys.press("e")
    keys.press("ControlOrMeta+a")
    keys.type("A better subject")
    keys.press("Enter")
    expect(head.locator("h1")).to_have_text("A better subject")
    keys.press("z")
    keys.press("Enter")
    expect(head).to_contain_text("Snoozed until")
    keys.press("z")
    expect(head).not_to_contain_text("Snoozed until")
    keys.press("d")
    expect(alice.locator("#draft-status")).to_have_text(WRITING)
    keys.press("Escape")
    expect(alice.locator("#draft-status")).to_contain_text("Stopped")
    keys.press("ControlOrMeta+a")
    keys.type("r is a letter while typing. ")
    keys.press("Escape")
    keys.press("c")
    expect(alice.locator("#note-body")).to_be_focused()
    keys.type("Only for us.")
    keys.press("Control+Enter")
    expect(alice.locator("#thread .message-note")).to_contain_text("Only for us.")
    expect(alice).to_have_url(re.compile("#message-"))
    alice.wait_for_load_state()
    keys.press("r")
    expect(alice.locator("#reply-body")).to_have_value("r is a letter while typing. ")
    keys.press("Control+Shift+Enter")
    expect(alice.locator("#thread .message-reply")).to_contain_text("r is a letter while typing.")
    expect(alice.locator("#ticket-head")).to_contain_text("Resolved")
    assert (field(stack, ticket, "subject"), field(stack, ticket, "status")) == ("A better subject", "resolved")
    keys.press("?")
    expect(alice.locator("#keys-help")).to_be_visible()
    keys.press("Escape")
    keys.press("Control+j")  # the browser's own
    here = alice.url
    cyrillic = "{key: '\u043e', code: 'KeyJ', bubbles: true}"
    alice.evaluate(f"document.body.dispatchEvent(new KeyboardEvent('keydown', {cyrillic}))")
    expect(alice).not_to_have_url(here)
    expect(alice.locator("#ticket-head h1")).not_to_have_text("A better subject")
    expect(alice.locator("#draft-start")).to_be_visible()
    keys.press("u")
    expect(alice.locator("#results")).to_be_visible()


def test_files_and_texts_wait_in_the_composer_through_a_reload_and_on_another_device(browse, stack, ticket):
    alice = open_ticket(browse("alice"), ticket)
    reply = alice.locator("#reply-body")
    held = alice.locator(".composer-side.for-reply .held-file button")
    alice.get_by_label("Attach files").first.set_input_files(
        [{"name": "one.txt", "mimeType": "text/plain", "buffer": b"one"},
         {"name": "<img src=x onerror=alert(1)>.svg", "mimeType": "image/svg+xml", "buffer": b"<svg onload=x()>"}]
    )  # fmt: skip
    expect(held).to_have_count(2)
    bytes_of = f"Uint8Array.from('{PNG}'.match(/../g), (pair) => parseInt(pair, 16))"
    files = (
        f"const data = new DataTransfer(); data.items.add(new File([{bytes_of}], 'shot.png', {{type: 'image/png'}}));"
    )
    for event, init in (("paste", "ClipboardEvent('paste', {clipboardData: data,"),
                        ("drop", "DragEvent('drop', {dataTransfer: data,")):  # fmt: skip
        reply.evaluate(f"(area) => {{ {files} area.dispatchEvent(new {init} bubbles: true, cancelable: true}})); }}")
        expect(held, event).to_have_count({"paste": 3, "drop": 4}[event])
    held.last.click()
    expect(held).to_have_count(3)
    reply.fill("Half a sen")
    expect(alice.locator("#composer-kept")).to_have_text("Kept")
    alice.keyboard.press("Escape")
    alice.keyboard.press("c")
    alice.keyboard.type("and a thought")
    alice.reload()
    expect(alice.locator("#note-body")).to_have_value("and a thought")
    expect(held).to_have_count(3)
    phone = open_ticket(browse("alice", viewport={"width": 390, "height": 844}), ticket)
    assert phone.evaluate("document.documentElement.scrollWidth") == 390
    expect(phone.locator("#reply-body")).to_have_value("Half a sen")
    phone.locator("#reply-body").fill("A whole sentence.")
    expect(phone.locator("#composer-kept")).to_have_text("Kept")
    alice.keyboard.press("r")
    alice.keyboard.press("Control+End")
    alice.keyboard.type("tence, too")
    expect(alice.locator("#composer-kept")).to_have_text("Kept")
    phone.reload()
    expect(phone.locator("#reply-body")).to_have_value("Half a sentence, too")
    phone.get_by_text("Another text was typed here").click()
    phone.get_by_role("button", name="Exchange it with mine").click()
    expect(phone.locator("#reply-body")).to_have_value("A whole sentence.")
    phone.get_by_role("button", name="Send", exact=True).click()
    files = phone.locator("#thread .message-reply .file")
    expect(files).to_have_count(3)
    expect(phone.locator("#reply-body")).to_have_value("")
    with phone.expect_download() as download:
        files.filter(has_text=".svg").click()
    assert download.value.suggested_filename.endswith(".svg")
    picture = phone.locator("#thread .file img")
    expect(picture).to_have_js_property("naturalWidth", 1)
    assert (
        stack.rows("SELECT count(*) FROM tickets_unsenttext WHERE ticket_id = ? AND kind = 'reply'", ticket)[0][0]
        == 0
    )


def test_two_people_at_one_ticket_see_each_other_and_overwrite_nothing(browse, stack, ticket, watch):
    watch.allowed.append("409")
    alice, carol = open_ticket(browse("alice"), ticket), open_ticket(browse("carol"), ticket)
    expect(alice.locator("#presence")).to_have_text("Carol: here too")
    carol.locator("#reply-body").press_sequentially("I am on it")
    expect(alice.locator("#presence")).to_have_text("Carol: writing a reply")
    expect(carol.locator("#composer-kept")).to_have_text("Kept")
    alice.locator("#reply-body").fill("So am I")
    alice.keyboard.press("Control+Enter")
    expect(alice.locator("#composer-warning")).to_contain_text("Carol is writing a reply just now.")
    expect(alice.locator("#composer-kept")).to_have_text("Kept")
    carol.keyboard.press("Control+Enter")
    expect(carol.locator("#composer-warning")).to_contain_text("Alice is writing a reply just now.")
    carol.keyboard.press("Control+Enter")
    expect(alice.locator("#thread .message-reply")).to_contain_text("I am on it")
    expect(alice.locator("#reply-body")).to_have_value("So am I")
    alice.get_by_role("button", name="Send", exact=True).click()
    expect(alice.locator("#composer-warning")).to_contain_text("Carol has replied since")
    alice.get_by_role("button", name="Send", exact=True).click()
    expect(alice.locator("#thread .message-reply")).to_have_count(2)
    expect(carol.locator("#thread .message-reply")).to_have_count(2)

    alice.locator("#property-priority").focus()  # somebody works here, so nothing is put in under their hands
    carol.locator("#property-priority").select_option("high")
    expect(carol.locator("#ticket-head")).to_contain_text("High")
    expect(alice.locator("#thread")).to_contain_text("High")
    alice.locator("#property-priority").select_option("low")
    clash = alice.locator(".clash")
    expect(clash).to_contain_text("Carol has set High since you opened this, and you chose Low.")
    clash.get_by_role("button", name="Set Low").click()
    expect(clash).to_have_count(0)
    expect(carol.locator("#property-priority")).to_have_value("low")
    assert field(stack, ticket, "priority") == "low"


def test_a_saved_reply_is_made_once_and_inserted_by_a_slash(browse, ticket):
    alice = browse("alice")
    alice.goto("/saved-replies/new/")
    alice.get_by_label("Name").fill("Empty export")
    alice.get_by_label("Text").fill("Hello {{customer.first_name}}, we look into #{{ticket.id}}.")
    alice.get_by_role("button", name="Save").click()
    open_ticket(alice, ticket)
    alice.locator("#reply-body").press("/")
    alice.keyboard.press("Escape")
    expect(alice.locator("#reply-body")).to_have_value("/")
    alice.locator("#reply-body").fill("")
    alice.keyboard.press("/")
    alice.keyboard.type("export")
    expect(alice.locator("#picker-list [aria-selected=true]")).to_contain_text("Empty export")
    alice.keyboard.press("Enter")
    expect(alice.locator("#reply-body")).to_have_value(re.compile(rf"Hello (Jane|Ken|Lea), we look into #{ticket}\."))


def test_the_longest_tag_moves_nothing_out_of_sight(browse, ticket):
    alice = open_ticket(browse("alice"), ticket)
    alice.get_by_label("Add a tag").fill("y" * 100)
    alice.keyboard.press("Enter")
    expect(alice.locator(".tag")).to_have_count(1)
    column = alice.locator("#property-status").bounding_box()
    assert column["x"] + column["width"] <= alice.viewport_size["width"]
    remove = alice.get_by_role("button", name="Remove the tag").bounding_box()
    assert remove["x"] + remove["width"] <= alice.viewport_size["width"]
