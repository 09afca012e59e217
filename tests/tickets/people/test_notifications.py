"""Who hears of what: on the desk, and by mail when it stays unseen."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from tickets.models import Notification, OutgoingMail
from tickets.notifications import mail_unseen


@pytest.fixture(autouse=True)
def mail_is_on(settings):
    settings.MAIL_ON = True


def told(person) -> list[tuple[str, int]]:
    return list(Notification.objects.filter(person=person).order_by("pk").values_list("kind", "ticket_id"))


def news(person, **data) -> dict:
    client = Client()
    client.force_login(person)
    return client.post("/notifications/news/", data).json()


def soon(minutes: float = 6):
    return timezone.now() + timedelta(minutes=minutes)


def test_assignment_a_customers_words_and_a_mention_are_told(ticket, alice, carol, bob):
    ticket.assign(carol, alice)
    ticket.receive("Any news?")
    ticket.note(carol, "Look at this, @alice. And @nobody, mail x@bob.example")
    assert told(alice) == [(kind, ticket.pk) for kind in ("assigned", "replied", "mentioned")]
    assert told(carol) == told(bob) == []


def test_nobody_is_told_of_their_own_acts_or_of_what_they_may_not_see(ticket, alice, bob, support, carol):
    ticket.move(carol, support)
    ticket.assign(alice, alice)
    ticket.note(alice, "@alice and @bob, have a look")
    ticket.assign(alice, None)
    assert told(alice) == told(bob) == []


def test_a_choice_decides_what_is_told_and_where(ticket, alice, carol):
    client = Client()
    client.force_login(alice)
    client.post("/settings/notifications/", {"assigned_desk": "on", "mentioned_mail": "on"})
    ticket.assign(carol, alice)
    ticket.receive("Any news?")
    ticket.note(carol, "@alice")
    assert told(alice) == [("assigned", ticket.pk), ("mentioned", ticket.pk)]
    assert news(alice)["unread"] == 1
    mail_unseen(soon())
    (mail,) = OutgoingMail.objects.all()
    assert "mentioned" in mail.body and "assigned" not in mail.body


def test_the_bell_counts_and_the_ticket_before_ones_eyes_is_seen(ticket, alice, carol):
    ticket.assign(carol, alice)
    first = news(alice)
    assert (first["unread"], first["new"][0]["text"]) == (1, "Carol assigned it to you")
    assert news(alice, after=first["new"][0]["id"])["new"] == []
    assert news(alice, ticket=ticket.pk)["unread"] == 0
    assert Client().post("/notifications/news/").status_code == 204


def test_the_list_opens_what_it_speaks_of_and_marks_as_read(ticket, alice, carol, make_client):
    ticket.assign(carol, alice)
    ticket.note(carol, "@alice look")
    client = make_client(alice)
    assert "mentioned you" in client.get("/notifications/").content.decode()
    mention = Notification.objects.get(kind="mentioned")
    answer = client.get(f"/notifications/{mention.pk}/")
    assert answer["Location"] == f"/tickets/{ticket.pk}/#message-{mention.message_id}"
    assert news(alice)["unread"] == 0
    ticket.note(carol, "@alice again")
    client.post("/notifications/seen/")
    assert news(alice)["unread"] == 0
    assert make_client(carol).get(f"/notifications/{mention.pk}/").status_code == 404


def test_what_left_ones_sight_leaves_the_list_and_is_not_mailed(ticket, alice, carol, accounts, make_client):
    ticket.note(carol, "@alice look")
    ticket.move(carol, accounts)
    assert news(alice)["unread"] == 0
    assert ticket.subject not in make_client(alice).get("/notifications/").content.decode()
    assert mail_unseen(soon()) == 0


def test_mail_comes_once_for_all_that_stayed_unseen_and_not_for_what_was_seen(ticket, alice, carol, settings):
    settings.NOTIFY_MAIL_MINUTES = 5
    ticket.assign(carol, alice)
    ticket.receive("Any news?")
    assert mail_unseen(soon(4)) == 0
    assert (mail_unseen(soon()), mail_unseen(soon())) == (1, 0)
    (mail,) = OutgoingMail.objects.all()
    assert (mail.recipient, mail.kind, mail.ticket_id) == ("alice@example.com", "notification", None)
    assert f"/tickets/{ticket.pk}/" in mail.body
    ticket.receive("Hello?")
    news(alice, ticket=ticket.pk)
    assert mail_unseen(soon()) == 0


def test_a_subject_puts_no_link_into_a_mail(ticket, alice, carol):
    type(ticket).objects.filter(pk=ticket.pk).update(subject="[Log in](https://evil.example) <https://evil.example>")
    ticket.assign(carol, alice)
    mail_unseen(soon())
    body = OutgoingMail.objects.get().body
    assert "](https" not in body and "<https://evil" not in body


def test_pages_take_few_queries(ticket, alice, carol, make_client, django_assert_max_num_queries):
    for n in range(30):
        ticket.note(carol, f"@alice {n}")
    client = make_client(alice)
    with django_assert_max_num_queries(10):
        client.get("/notifications/")
    with django_assert_max_num_queries(10):
        client.post("/notifications/news/")


def test_many_tickets_given_at_once_are_told_and_only_the_newest(ticket, alice, carol):
    from tickets import notifications

    notifications.assigned(range(ticket.pk, ticket.pk + 1), alice, carol, timezone.now())
    assert told(alice) == [("assigned", ticket.pk)]
    notifications.assigned([ticket.pk] * 50, alice, carol, timezone.now())
    assert len(told(alice)) == 1 + notifications.MOST_AT_ONCE


def test_only_colleagues_who_see_the_ticket_are_offered(ticket, alice, bob, carol, support, make_client):
    ticket.move(carol, support)
    offered = make_client(alice).get(f"/tickets/{ticket.pk}/people/").json()["items"]
    assert [item["value"] for item in offered] == ["carol"]
    assert make_client(carol).get(f"/tickets/{ticket.pk}/people/?q=@al").json()["items"][0]["label"] == "Alice"
    assert make_client(bob).get(f"/tickets/{ticket.pk}/people/").status_code == 404
