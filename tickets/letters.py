"""Letters to people who are not logged in: asked for on a page, written by the worker.

What is asked for is stored whatever the address is. Only the worker looks whether anybody is known by it, so that
neither the answer of a page nor the time it takes tells a stranger.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.auth.tokens import default_token_generator
from django.db import IntegrityError, transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from django.utils.translation import gettext as _

from tickets.links import link_path, site_url
from tickets.mail.queue import queue_mail
from tickets.models import Attempt, Customer, LetterRequest, OutgoingMail, Ticket
from tickets.models.choices import Status

AT_ONCE = 50
MOST_LINKS = 20
CONFIRMATIONS_A_DAY = 10  # for one address: a form must not become a way to fill somebody's mailbox
KEPT = timedelta(days=30)


def ask_for_confirmation(ticket: Ticket, *, language: str = "", site: str = "", now: datetime) -> None:
    """Owe the customer a letter that says "we have your request", once for each ticket, where CONFIRM_TICKETS is on.

    Never to be called for what a program wrote (Auto-Submitted, bounces, lists): two programs would write for ever.
    """
    if not settings.CONFIRM_TICKETS:
        return
    try:
        with transaction.atomic():
            LetterRequest.objects.create(
                kind=LetterRequest.Kind.CONFIRMATION, email=ticket.customer.email, ticket=ticket, language=language,
                site=site or site_url(), created=now,
            )  # fmt: skip
    except IntegrityError:
        return  # there is one already


def ask_for_links(email: str, *, language: str, site: str, now: datetime) -> None:
    kind = LetterRequest.Kind.LINKS
    LetterRequest.objects.create(kind=kind, email=email, language=language, site=site, created=now)


def ask_for_password(email: str, *, language: str, site: str, now: datetime) -> None:
    kind = LetterRequest.Kind.PASSWORD
    LetterRequest.objects.create(kind=kind, email=email, language=language, site=site, created=now)


def write_letters(now: datetime) -> int:
    """Periodic job: turn what was asked for into mail. Returns how many requests were taken."""
    waiting = LetterRequest.objects.filter(done__isnull=True).select_related("ticket__customer").order_by("pk")
    return sum(_take(request, now) for request in waiting[:AT_ONCE])


def forget(now: datetime) -> None:
    """Periodic job: old requests and counts are of no use."""
    LetterRequest.objects.filter(done__isnull=False, created__lt=now - KEPT).exclude(
        kind=LetterRequest.Kind.CONFIRMATION  # its row says that the ticket had its letter
    ).delete()
    Attempt.forget(now - timedelta(days=1))


@transaction.atomic
def _take(request: LetterRequest, now: datetime) -> bool:
    """Whether this worker was the one to take it: the row and the mail are written together or not at all."""
    if not LetterRequest.objects.filter(pk=request.pk, done__isnull=True).update(done=now):
        return False
    known = request.ticket.customer.language if request.ticket else ""
    with translation.override(request.language or known or settings.LANGUAGE_CODE):
        _WRITERS[request.kind](request, now)
    return True


def _confirm(request: LetterRequest, now: datetime) -> None:
    ticket = request.ticket
    if ticket is None:
        return
    limits = {"limit": CONFIRMATIONS_A_DAY, "window": timedelta(days=1)}
    if not Attempt.allow("confirmation", request.email, now=now, **limits):  # type: ignore[arg-type]
        return
    context = {"link": f"{request.site}{link_path(ticket)}", "days": settings.CUSTOMER_LINK_DAYS}
    subject = _("We have your request (%(number)s)") % {"number": ticket.pk}
    body = letter("confirmation", **context)
    queue_mail(request.email, subject, body, kind=OutgoingMail.Kind.CONFIRMATION, ticket=ticket, now=now)


def _send_links(request: LetterRequest, now: datetime) -> None:
    customer = Customer.objects.filter(email=request.email).first()
    if customer is None:
        return
    tickets = customer.tickets.exclude(status=Status.CLOSED).order_by("-last_message", "-pk")[:MOST_LINKS]
    links = [(ticket, f"{request.site}{link_path(ticket)}") for ticket in tickets]
    if links:
        body = letter("links", links=links, days=settings.CUSTOMER_LINK_DAYS)
        queue_mail(request.email, _("Your requests"), body, kind=OutgoingMail.Kind.ACCOUNT, now=now)


def _send_password(request: LetterRequest, now: datetime) -> None:
    """To every account of the address that has a password: Django's own link, good until it is used."""
    for user in User.objects.filter(email__iexact=request.email, is_active=True):
        if user.has_usable_password():
            uid = urlsafe_base64_encode(force_bytes(user.pk))
            path = reverse("password_reset_confirm", args=[uid, default_token_generator.make_token(user)])
            body = letter("password", user=user, link=f"{request.site}{path}")
            queue_mail(user.email, _("A new password for Collie"), body, kind=OutgoingMail.Kind.ACCOUNT, now=now)


def letter(template: str, **context: object) -> str:
    """The Markdown of a letter, in the language that is active. Nothing in it was written by a stranger: the form
    must not become a way to have us mail somebody a text of one's own."""
    known = {"support_name": settings.SUPPORT_NAME}
    return render_to_string(f"portal/letters/{template}.md", known | context).strip()


_WRITERS: dict[str, Callable[[LetterRequest, datetime], None]] = {
    LetterRequest.Kind.CONFIRMATION: _confirm,
    LetterRequest.Kind.LINKS: _send_links,
    LetterRequest.Kind.PASSWORD: _send_password,
}
