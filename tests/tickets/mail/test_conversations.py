"""Machines that write to each other: another help desk, and autoresponders of every kind."""

from __future__ import annotations

from datetime import timedelta
from email.message import EmailMessage
from itertools import count

import pytest
from django.utils import timezone

from tests.tickets.mail.talk import deliver, letter, message_of
from tickets.letters import write_letters
from tickets.mail.outgoing import sending
from tickets.models import Message, Ticket

pytestmark = pytest.mark.django_db


class OtherDesk:
    """A help desk at another firm: it threads by its own tagged address, else by references, else opens a ticket."""

    def __init__(self, *, confirms: bool = False, tags: bool = True) -> None:
        self.tickets: list[list[str]] = []
        self._ids: dict[str, int] = {}
        self._number = count(1)
        self._confirms, self._tags = confirms, tags

    def take(self, mail: EmailMessage) -> EmailMessage | None:
        """Store a mail; the confirmation it sends, if that is its way."""
        named = [*(mail["References"] or "").split(), mail["In-Reply-To"] or ""]
        tag = mail["To"].partition("+case")[2].partition("@")[0]
        known = [int(tag)] if tag else [self._ids[name] for name in named if name in self._ids]
        new = not known
        case = known[0] if known else len(self.tickets)
        if new:
            self.tickets.append([])
        self._keep(case, mail["Message-ID"], mail.get_content() if not mail.is_multipart() else "…")
        automatic = (mail["Auto-Submitted"] or "no") != "no"
        return (
            self._write(case, mail, "We have it.", "auto-replied")
            if new and self._confirms and not automatic
            else None
        )

    def answer(self, mail: EmailMessage, words: str) -> EmailMessage:
        return self._write(self._ids[mail["Message-ID"]], mail, words, "")

    def _write(self, case: int, mail: EmailMessage, words: str, automatic: str) -> EmailMessage:
        headers = {"Reply_To": f"help+case{case}@other.example"} if self._tags else {}
        if automatic:
            headers["Auto_Submitted"] = automatic
        made = letter(words, sender="Other Desk <help@other.example>", to=mail["Reply-To"] or mail["From"],
                      subject=mail["Subject"], In_Reply_To=mail["Message-ID"],
                      Message_ID=f"<other-{next(self._number)}@other.example>", **headers)  # fmt: skip
        self._keep(case, made["Message-ID"], words)
        return made

    def _keep(self, case: int, header_id: str, words: str) -> None:
        self._ids[header_id] = case
        self.tickets[case].append(words)


def leave(post, seconds: int = 5) -> list[EmailMessage]:
    """What leaves now."""
    before = len(post.mails)
    write_letters(timezone.now())
    sending.send_due(timezone.now() + timedelta(seconds=seconds))
    return post.mails[before:]


@pytest.mark.parametrize("confirms", [True, False], ids=["confirming", "silent"])
@pytest.mark.parametrize("tags", [True, False], ids=["tags", "references alone"])
def test_ten_mails_between_two_desks_are_one_ticket_on_each_side(confirms, tags, post, alice):
    other = OtherDesk(confirms=confirms, tags=tags)
    opening = letter("Your invoice 7 is wrong.", sender="help@other.example", Message_ID="<other-0@other.example>",
                     **({"Reply_To": "help+case0@other.example"} if tags else {}))  # fmt: skip
    other.tickets.append([])
    other._keep(0, "<other-0@other.example>", "Your invoice 7 is wrong.")
    ticket = message_of(deliver(opening)).ticket
    for turn in range(5):
        ticket.reply(alice, f"Our word {turn}")
        for mail in leave(post):
            if confirmation := other.take(mail):
                deliver(confirmation)
        deliver(other.answer(post.mails[-1], f"Their word {turn}"))
    assert Ticket.objects.count() == 1 and len(other.tickets) == 1
    assert ticket.messages.filter(kind="customer", automatic=False).count() == 6
    assert ticket.messages.filter(kind="reply").count() == 5
    assert leave(post) == []


@pytest.mark.parametrize("headers", [{"Auto_Submitted": "auto-replied"}, {"Precedence": "auto_reply"}, {}],
                         ids=["says so", "says so as it was done once", "does not say so"])  # fmt: skip
def test_an_autoresponder_and_ours_come_to_an_end(headers, post):
    """One that admits to be one gets no answer at all; one that does not gets our confirmation, answers that, and
    hears no more."""
    deliver(letter("I am on holiday.", sender="away@other.example", **headers))
    answers = 0
    for turn in range(20):
        for mail in leave(post, seconds=turn + 1):
            answers += 1
            deliver(letter(f"I am on holiday. {turn}", sender="away@other.example", to=mail["Reply-To"],
                           In_Reply_To=mail["Message-ID"], **headers))  # fmt: skip
    assert answers == (0 if headers else 1)
    assert Message.objects.filter(kind="customer").count() == 1 + answers


def test_our_own_mail_that_comes_round_is_no_ticket(post, alice, ticket):
    ticket.reply(alice, "Hello")
    leave(post)
    assert deliver(post.taken[0][2]).outcome == "own"
    assert Ticket.objects.count() == 1 and ticket.messages.count() == 2
