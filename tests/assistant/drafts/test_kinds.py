"""Replies with presets and sources, translations and summaries."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest

from assistant.drafts import asking, lifecycle
from assistant.drafts.asking import DraftRefused, Wish
from assistant.drafts.language import language_of
from assistant.models import Draft, DraftPreset, RelayCall
from tickets.models import Customer, Ticket
from tickets.models.choices import Status


def data_of(plan) -> dict:
    return json.loads(re.search(r"<<<DATA-(\w+)\n(.*)\nDATA-\1>>>", plan.route.messages[1]["content"], re.DOTALL)[2])


@pytest.fixture
def solved(erin, support, alice):
    """Solved tickets of Support about cracked teapots, one of them never answered."""
    found = []
    for n in range(3):
        ticket = Ticket.objects.open(erin, f"The teapot has a cracked spout, number {n}.", subject="Cracked teapot")
        ticket.move(None, support)
        if n:
            ticket.reply(alice, f"A new teapot is on its way ({n}).")
        ticket.set_status(alice, Status.RESOLVED)
        found.append(ticket)
    return found


@pytest.fixture
def cracked(erin, support):
    ticket = Ticket.objects.open(erin, "My teapot came with a cracked spout!", subject="Teapot cracked")
    ticket.move(None, support)
    return ticket


@pytest.mark.django_db
def test_a_reply_leans_on_answers_to_similar_solved_tickets_and_says_which(cracked, solved, alice, now):
    plan = asking.start(alice, cracked.pk, Wish(), now)
    answers = [source["answer"] for source in data_of(plan)["sources"]]
    assert sorted(answers) == ["A new teapot is on its way (1).", "A new teapot is on its way (2)."]
    assert {(source["id"], source["url"]) for source in plan.draft.sources} == {
        (ticket.pk, ticket.get_absolute_url()) for ticket in solved[1:]
    }


@pytest.mark.django_db
def test_what_another_team_solved_is_no_source(erin, solved, bob, now):
    own = Ticket.objects.open(erin, "My teapot came with a cracked spout!", subject="Teapot cracked")
    assert asking.start(bob, own.pk, Wish(), now).draft.sources == []


@pytest.mark.django_db
def test_a_preset_says_what_the_reply_should_say_beside_the_agent_s_own_words(ticket, alice, now):
    preset = DraftPreset.objects.get(name="Decline politely")
    plan = asking.start(alice, ticket.pk, Wish(preset=preset.pk, instruction="it is out of stock"), now)
    assert data_of(plan)["instruction"] == f"{preset.instruction}\nit is out of stock"
    assert plan.draft.preset == preset
    DraftPreset.objects.update(active=False)
    with pytest.raises(DraftRefused):
        asking.start(alice, ticket.pk, Wish(preset=preset.pk), now)


@pytest.mark.parametrize(
    ("text", "code"),
    [("Ich habe meine Rechnung nicht erhalten, bitte", "de"), ("Where is my parcel? I have not got it", "en"),
     ("Je n'ai pas reçu ma commande, merci de vérifier", "fr"), ("Gdzie jest moja paczka? Nie mam jej", "pl"),
     ("Где мой заказ?", "ru"), ("注文はどこですか", "ja"), ("我的订单在哪里", "zh-hans"), ("OK", ""), ("12 34", "")],
)  # fmt: skip
def test_the_language_is_told_by_small_words_and_letters(text, code):
    assert language_of(text) == code


@pytest.mark.django_db
def test_the_prompt_names_the_customer_s_language(erin, alice, now):
    german = Ticket.objects.open(erin, "Ich habe die Rechnung nicht erhalten und bitte um eine Kopie.")
    assert "Write in German." in asking.start(alice, german.pk, Wish(), now).route.messages[0]["content"]
    Customer.objects.filter(pk=erin.pk).update(language="it")
    silent = Ticket.objects.open(erin, "?")
    assert "Write in Italian." in asking.start(alice, silent.pk, Wish(), now).route.messages[0]["content"]


@pytest.mark.django_db(transaction=True)
def test_a_translation_streams_into_the_customer_s_language_under_its_own_kind(page, erin, alice):
    ticket = Ticket.objects.open(erin, "Ich kann mich nicht anmelden, bitte helfen Sie mir mit der Seite.")
    words = "Please sign out, update to the latest version and sign in again."
    with page(of=ticket) as client:
        client.send("draft.start", kind="translation", text=words)
        started = client.until("draft.started")
        text, done = client.follow()
        assert started["kind"] == "translation" and "melden Sie sich" in text and done["text"] == text
        client.send("draft.start", kind="translation", text="  ")
        assert client.until("error")["error"]["code"] == "bad_request"
    draft = Draft.objects.select_related("call").get()
    assert (draft.kind, draft.original, draft.call.kind) == ("translation", words, RelayCall.Kind.TRANSLATION)
    message = ticket.reply(alice, text)
    lifecycle.mark_sent(None, ticket=ticket, message=message, draft_id=str(draft.pk))
    draft.refresh_from_db()
    assert (draft.state, draft.edited) == (Draft.State.SENT, 0.0)


@pytest.mark.django_db
def test_a_reply_that_went_out_translated_was_not_thrown_away(ticket, alice, now):
    reply = Draft.objects.create(ticket=ticket, author=alice, model="m", state="done", text="Hello.")
    other = Draft.objects.create(ticket=ticket, author=alice, model="m", state="done", text="Another.")
    into = Draft.objects.create(
        ticket=ticket, author=alice, model="m", state="done", kind="translation", original="Hello.", text="Hallo."
    )
    message = ticket.reply(alice, "Hallo.")
    lifecycle.mark_sent(None, ticket=ticket, message=message, draft_id=str(into.pk))
    states = [Draft.objects.get(pk=draft.pk).state for draft in (reply, other, into)]
    assert states == ["sent", "discarded", "sent"]


@pytest.mark.django_db(transaction=True)
def test_a_summary_streams_beside_a_draft_and_holds_until_a_message_comes(page, relay, ticket, alice):
    ticket.note(alice, "She called twice.")
    relay.hold(after_tokens=2)
    with page() as client:
        client.draft()
        client.until("draft.delta")
        client.send("draft.start", kind="summary")
        started = client.until("draft.started")
        assert started["kind"] == "summary"
        relay.release()
        ended = [client.until("draft.done", "draft.failed") for _ in range(2)]
    assert {frame["type"] for frame in ended} == {"draft.done"}
    summary = lifecycle.current_summary(ticket)
    assert str(summary.pk) == started["draft"] and "called twice" in summary.text
    assert summary.call.kind == RelayCall.Kind.SUMMARY
    latest = lifecycle.latest_unsent(alice, ticket.pk, summary.saved)
    assert latest.kind == "reply"  # a summary is nothing for the composer
    ticket.receive("And now?")
    assert lifecycle.current_summary(ticket) is None


@pytest.mark.django_db
def test_a_summary_that_did_not_end_well_is_not_kept(ticket, alice, now):
    newest = ticket.messages.last()
    for state in ("stopped", "failed", "interrupted", "streaming"):
        Draft.objects.create(ticket=ticket, author=alice, model="m", kind="summary", state=state, up_to=newest)
    assert lifecycle.current_summary(ticket) is None
    for n in range(2):
        Draft.objects.create(
            ticket=ticket, author=alice, model="m", kind="summary", state="done", up_to=newest, text=f"{n}",
            created=now + timedelta(seconds=n),
        )  # fmt: skip
    assert lifecycle.current_summary(ticket).text == "1"


@pytest.mark.django_db
def test_the_options_name_models_with_their_use_and_price_and_nobody_else_s_ticket(
    client, ticket, alice, bob, support
):
    client.force_login(alice)
    answer = client.get(f"/tickets/{ticket.pk}/drafts/options/")
    assert "gpt-4.1" in answer.text and "2.00 · 8.00" in answer.text and "Formal" in answer.text
    ticket.move(None, support)
    client.force_login(bob)
    assert client.get(f"/tickets/{ticket.pk}/drafts/options/").status_code == 404
    assert client.get(f"/tickets/{ticket.pk}/summary/").status_code == 404
