"""What becomes of drafts when a person sends a reply."""

import time
import uuid

import pytest

from assistant.drafts.comparison import share_changed
from assistant.models import Draft
from tickets import signals

pytestmark = pytest.mark.django_db(transaction=True)


def send(ticket, alice, body, draft_id):
    message = ticket.reply(alice, body)
    signals.tell_reply_sent(ticket, message, str(draft_id))
    return message


def test_the_used_draft_is_sent_with_its_changes_and_the_others_are_discarded(ticket, alice, carol):
    used = Draft.objects.create(ticket=ticket, author=alice, model="m", state="done", text="We are sorry for that.")
    unused = Draft.objects.create(ticket=ticket, author=alice, model="m", state="stopped", text="Hi")
    colleague = Draft.objects.create(ticket=ticket, author=carol, model="m", state="done", text="Hello")
    message = send(ticket, alice, "We are very sorry for that.", used.pk)
    for draft in (used, unused, colleague):
        draft.refresh_from_db()
    assert (used.state, used.sent_message, unused.state, colleague.state) == ("sent", message, "discarded", "done")
    assert 0 < used.edited < 0.2


@pytest.mark.parametrize("draft_id", ["", "not-an-id", uuid.uuid4()])
def test_a_reply_without_a_draft_is_just_sent(ticket, alice, draft_id):
    other = Draft.objects.create(ticket=ticket, author=alice, model="m", state="done", text="Hi")
    send(ticket, alice, "Hello", draft_id)
    other.refresh_from_db()
    assert other.state == "discarded" and other.edited is None


def test_the_changed_share_counts_words_and_takes_bounded_time():
    assert share_changed("We are sorry.", "We  are\nsorry.") == 0
    assert share_changed("a b c d", "") == 1
    assert share_changed("", "") == 0
    assert share_changed("a b c d", "a b x d") == pytest.approx(0.25)
    began = time.thread_time()
    assert share_changed("spam " * 20_000 + "end", "ham spam " * 20_000) > 0
    assert share_changed("spam " * 200, "ham spam " * 100) > 0
    assert time.thread_time() - began < 2
