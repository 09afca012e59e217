"""A customer's own request, read and answered through a link, without an account."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect
from django.utils import timezone, translation
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tickets.attachments import AttachmentRefused
from tickets.letters import ask_for_links
from tickets.links import site_url, ticket_by_link
from tickets.models import Attempt, Message, Ticket
from tickets.models.choices import Status
from tickets.portal.files import add_files, files_of, visible_file
from tickets.portal.forms import AddressForm, WordsForm
from tickets.portal.http import View, language_for, language_of, limit, portal_page, private, public, visitor_address
from tickets.text import markdown_to_html, safe_html

SHOWN = 200
REPLIES, ASKED_BY_VISITOR, ASKED_BY_ADDRESS = 30, 20, 3  # an hour
TWICE = timedelta(minutes=2)


@dataclass(frozen=True)
class Entry:
    """A message as the customer sees it. `html` is None for plain text."""

    pk: int
    mine: bool
    author: str
    body: str
    html: SafeString | None
    created: Any
    files: Sequence[Any]


def with_ticket(view: View) -> View:
    """Hand over the ticket that the link opens. A forged, changed, expired or foreign link all get one answer."""

    @wraps(view)
    def opened(request: HttpRequest, token: str, **kwargs: object) -> HttpResponseBase:
        ticket = ticket_by_link(token)
        if ticket is None:
            return portal_page(request, "portal/link_lost.html", form=AddressForm(), status=404)
        with translation.override(language_for(ticket.customer, request)):
            return view(request, ticket, token, **kwargs)

    return private(public(opened))


@require_safe
@with_ticket
def follow(request: HttpRequest, ticket: Ticket, token: str) -> HttpResponse:
    return _page(request, ticket, token, WordsForm())


@require_POST
@with_ticket
def reply(request: HttpRequest, ticket: Ticket, token: str) -> HttpResponse:
    now = timezone.now()
    form = WordsForm(request.POST, request.FILES)
    if not form.is_valid() or ticket.status == Status.CLOSED:
        return _page(request, ticket, token, form, status=422)
    limit("reply", str(ticket.pk), REPLIES, now)
    try:
        _receive(ticket, form.cleaned_data, now)
    except AttachmentRefused as error:
        form.add_error("attachments", str(error))
        return _page(request, ticket, token, form, status=422)
    messages.success(request, _("Thank you. Your message has reached us."))
    return redirect("follow", token)


@transaction.atomic
def _receive(ticket: Ticket, given: dict[str, Any], now: datetime) -> None:
    """Once, however often Send was clicked."""
    if Attempt.allow("reply-text", f"{ticket.pk} {given['body']}", limit=1, window=TWICE, now=now):
        add_files(ticket.receive(given["body"], now=now), given["attachments"])


@require_POST
@with_ticket
def reopen(request: HttpRequest, ticket: Ticket, token: str) -> HttpResponse:
    """It is not solved after all. What was closed for good needs a new request."""
    limit("reopen", str(ticket.pk), REPLIES, timezone.now())
    if ticket.status == Status.RESOLVED:
        ticket.set_status(None, Status.OPEN, cause=_("the customer opened it again"))
        messages.success(request, _("Your request is open again."))
    return redirect("follow", token)


@require_safe
@with_ticket
def download(request: HttpRequest, ticket: Ticket, token: str, file_id: int) -> StreamingHttpResponse:
    return visible_file(request, ticket, file_id)


@require_http_methods(["GET", "HEAD", "POST"])
@private
@public
def ask(request: HttpRequest) -> HttpResponse:
    """Have new links sent. The answer is one and the same whatever the address is."""
    form = AddressForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        status = 422 if form.is_bound else 200
        return portal_page(request, "portal/ask.html", section="ask", form=form, status=status)
    now, email = timezone.now(), form.cleaned_data["email"].lower()
    limit("links-visitor", visitor_address(request), ASKED_BY_VISITOR, now)
    if Attempt.allow("links-address", email, limit=ASKED_BY_ADDRESS, window=timedelta(hours=1), now=now):
        ask_for_links(email, language=language_of(request), site=site_url(request), now=now)
    return redirect("ask-sent")


@require_safe
@public
def asked(request: HttpRequest) -> HttpResponse:
    return portal_page(request, "portal/asked.html", section="ask", days=settings.CUSTOMER_LINK_DAYS)


def _page(request: HttpRequest, ticket: Ticket, token: str, form: WordsForm, *, status: int = 200) -> HttpResponse:
    seen = ticket.messages.exclude(kind=Message.Kind.NOTE).select_related("author").order_by("-created", "-id")
    newest = list(seen[: SHOWN + 1])
    files = files_of([message.pk for message in newest])
    entries = [_entry(message, ticket, files.get(message.pk, [])) for message in reversed(newest[:SHOWN])]
    return portal_page(
        request, "portal/follow.html", ticket=ticket, token=token, form=form, entries=entries, status=status,
        more=len(newest) > SHOWN, closed=ticket.status == Status.CLOSED, solved=ticket.status == Status.RESOLVED,
    )  # fmt: skip


def _entry(message: Message, ticket: Ticket, files: Sequence[Any]) -> Entry:
    mine = message.kind == Message.Kind.CUSTOMER
    author = message.author
    name = author.get_full_name() if author else ""
    shown = name or settings.SUPPORT_NAME
    return Entry(message.pk, mine, shown, message.body, _html(message), message.created, files)


def _html(message: Message) -> SafeString | None:
    if message.format == Message.Format.TEXT:
        return None
    as_html = message.format == Message.Format.HTML
    return mark_safe(safe_html(message.body) if as_html else markdown_to_html(message.body))  # noqa: S308  sanitised
