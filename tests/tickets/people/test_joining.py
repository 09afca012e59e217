"""How people come in: an invitation that works once, and a password set anew."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core import signing
from django.test import Client
from django.utils import timezone

from tickets.access import is_admin
from tickets.letters import write_letters
from tickets.models import Invitation, LetterRequest, OutgoingMail

GOOD = {
    "first_name": "Frank", "last_name": "Moss", "username": "frank",
    "password1": "a-long-walk-7", "password2": "a-long-walk-7",
}  # fmt: skip


@pytest.fixture(autouse=True)
def mail_is_on(settings):
    settings.MAIL_ON = True
    settings.ALLOWED_HOSTS = ["testserver"]


@pytest.fixture
def invite(carol, support):
    def invite(**fields) -> Invitation:
        invitation = Invitation.objects.create(email="frank@example.com", invited_by=carol, **fields)
        invitation.teams.add(support)
        return invitation

    return invite


def test_an_admin_invites_by_mail(make_client, carol, support):
    make_client(carol).post("/admin/tickets/invitation/add/", {"email": "Frank@example.com", "teams": [support.pk]})
    invitation, mail = Invitation.objects.get(), OutgoingMail.objects.get()
    assert (mail.recipient, mail.kind) == ("frank@example.com", "account")
    assert f"<http://testserver{invitation.path}>" in mail.body and "Carol invites you" in mail.body
    assert (invitation.invited_by, list(invitation.teams.all())) == (carol, [support])


def test_without_mail_the_link_is_shown_to_copy(make_client, carol, settings):
    settings.MAIL_ON = False
    client = make_client(carol)
    page = client.post("/admin/tickets/invitation/add/", {"email": "frank@example.com"}, follow=True).content.decode()
    path = Invitation.objects.get().path
    assert f"http://testserver{path}" in page and not OutgoingMail.objects.exists()
    assert path in client.get(f"/admin/tickets/invitation/{Invitation.objects.get().pk}/change/").content.decode()


def test_agents_invite_nobody_and_nobody_is_invited_twice(make_client, alice, carol):
    assert make_client(alice).get("/admin/tickets/invitation/add/").status_code == 302
    page = make_client(carol).post("/admin/tickets/invitation/add/", {"email": "ALICE@example.com"}).content.decode()
    assert "has an account already" in page and not Invitation.objects.exists()


def test_who_is_invited_chooses_a_name_and_a_password_and_is_in(invite, support):
    client = Client()
    invitation = invite()
    assert "frank@example.com" in client.get(invitation.path).content.decode()
    assert client.post(invitation.path, GOOD)["Location"] == "/"
    frank = User.objects.get(username="frank")
    assert (frank.email, list(frank.teams.all()), is_admin(frank)) == ("frank@example.com", [support], False)
    assert client.get("/").status_code == 200 and frank.check_password(GOOD["password1"])


def test_an_admin_can_be_invited(invite):
    Client().post(invite(as_admin=True).path, GOOD)
    assert is_admin(User.objects.get(username="frank"))


@pytest.mark.parametrize(
    "change", [{"username": "ALICE"}, {"password2": "other"}, {"password1": "1234", "password2": "1234"}]
)
def test_a_bad_name_or_password_uses_nothing_up(invite, alice, change):
    invitation = invite()
    answer = Client().post(invitation.path, GOOD | change)
    assert answer.status_code == 422 and not User.objects.filter(email="frank@example.com").exists()
    assert Client().post(invitation.path, GOOD).status_code == 302


def test_an_invitation_opens_once_for_a_week_until_it_is_withdrawn(invite):
    used, old, withdrawn = invite(), invite(created=timezone.now() - timedelta(days=8)), invite()
    Client().post(used.path, GOOD)
    gone = withdrawn.path
    withdrawn.delete()
    forged = used.path[:-2] + ("A/" if used.path[-2] != "A" else "B/")
    other = f"/invitation/{signing.Signer(salt='tickets.customer-link', sep='.').sign(str(old.pk))}/"
    answers = [Client().post(path, GOOD | {"username": "x"}) for path in (used.path, old.path, gone, forged, other)]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1 and not User.objects.filter(username="x").exists()


def test_two_who_send_the_same_invitation_at_once_make_one_account(invite):
    invitation = invite()
    assert invitation.use(timezone.now()) and not invitation.use(timezone.now())


def test_a_forgotten_password_is_set_anew_through_the_mail(alice):
    client = Client()
    assert (
        client.post("/accounts/password/", {"email": "ALICE@example.com"})["Location"] == "/accounts/password/sent/"
    )
    write_letters(timezone.now())
    path = re.search(r"<http://testserver(/accounts/password/[^>]+)>", OutgoingMail.objects.get().body)[1]
    form = client.get(path, follow=True)
    client.post(form.redirect_chain[-1][0], {"new_password1": "a-long-walk-7", "new_password2": "a-long-walk-7"})
    alice.refresh_from_db()
    assert alice.check_password("a-long-walk-7")
    assert "does not work" in Client().get(path, follow=True).content.decode()


def test_a_guessed_address_gets_the_same_answer_and_no_mail(alice):
    guesses = ["alice@example.com", "nobody@example.com", "alice"]
    answers = [Client().post("/accounts/password/", {"email": guess}, follow=True) for guess in guesses[:2]]
    assert answers[0].content == answers[1].content
    assert LetterRequest.objects.count() == 2
    write_letters(timezone.now())
    assert [mail.recipient for mail in OutgoingMail.objects.all()] == ["alice@example.com"]


def test_one_address_is_mailed_only_so_often(alice):
    for _ in range(5):
        assert Client().post("/accounts/password/", {"email": "alice@example.com"}).status_code == 302
    assert LetterRequest.objects.count() == 3
