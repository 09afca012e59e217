"""What is meant for colleagues is noticed before it goes out."""

from __future__ import annotations

import pytest

from tickets.leaks import internal_text_in

INTERNAL = "Our margin on this plan is forty percent, so we may give two months away without asking. Be kind."


@pytest.fixture
def article(make_article):
    return make_article("Margins", f"# Plans\n\n{INTERNAL}", public=False)


@pytest.mark.parametrize(
    "body",
    [
        f"Hello,\n\n{INTERNAL}\n\nAlice",
        "hello our MARGIN on this plan\nis forty percent — so we may",
        "Our margin, on this plán, is *forty* percent, so",
    ],
)
def test_a_copied_sentence_is_found_however_it_is_written(ticket, article, body):
    (leak,) = internal_text_in(ticket, body)
    assert "Margins" in leak.source and leak.url == article.get_absolute_url() and "margin" in leak.quote


@pytest.mark.parametrize(
    "body", ["", "Be kind.", "Our margin on your patience is thin.", "We may give two months away."]
)
def test_a_few_words_in_common_are_no_leak(ticket, article, body):
    assert internal_text_in(ticket, body) == []


def test_a_note_of_the_ticket_is_found_and_those_of_others_are_not_looked_at(ticket, alice, make_article):
    ticket.note(alice, "He has cried wolf before.\nGive him nothing this time.")
    (leak,) = internal_text_in(ticket, "Dear Erin, give him nothing this time!")
    assert "Alice" in leak.source and leak.quote == "Give him nothing this time."


def test_what_the_customer_has_read_already_is_no_leak(ticket, alice, article, make_article):
    ticket.note(alice, "She says: My invoice is wrong, I was charged twice.")
    assert internal_text_in(ticket, "You wrote: my invoice is wrong, I was charged twice.") == []
    make_article("Plans", INTERNAL)
    assert internal_text_in(ticket, INTERNAL) == []


def test_an_article_that_has_changed_is_compared_as_it_is_now(ticket, article):
    assert internal_text_in(ticket, INTERNAL)
    article.body = "Something else that nobody outside should ever read here."
    article.save()
    assert internal_text_in(ticket, INTERNAL) == []
    assert internal_text_in(ticket, article.body)


def test_send_asks_once_and_sends_when_the_agent_says_so(ticket, article, alice, client):
    client.force_login(alice)
    address = f"/tickets/{ticket.pk}/reply/"
    asked = client.post(address, {"body": INTERNAL})
    page = asked.content.decode()
    assert asked.status_code == 409 and "for colleagues alone" in page and "forty percent" in page
    assert not ticket.messages.filter(kind="reply").exists()
    despite = asked.context["composer"].despite
    other = "Something else that nobody outside should ever read."
    article.body += f"\n\n{other}"
    article.save()
    assert client.post(address, {"body": f"{other} {INTERNAL}", "despite": despite}).status_code == 302
    ticket.note(alice, "Give him nothing this time.")
    more = {"body": f"{INTERNAL} Give him nothing this time.", "despite": despite}
    assert client.post(address, more).status_code == 409
    assert ticket.messages.filter(kind="reply").count() == 1
