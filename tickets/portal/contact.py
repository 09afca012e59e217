"""The form by which anybody writes to the team."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from tickets.attachments import AttachmentRefused
from tickets.letters import ask_for_confirmation
from tickets.links import site_url
from tickets.models import Attempt, Customer, Ticket
from tickets.models.choices import Channel
from tickets.portal.files import add_files
from tickets.portal.forms import ContactForm
from tickets.portal.http import language_of, limit, portal_page, public, visitor_address

logger = logging.getLogger(__name__)

PER_VISITOR, PER_ADDRESS = 20, 6  # an hour
TWICE = timedelta(minutes=10)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@public
def contact(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        form = ContactForm(initial={"subject": request.GET.get("subject", "")[:200]})
        return portal_page(request, "portal/contact.html", section="contact", form=form)
    now = timezone.now()
    form = ContactForm(request.POST, request.FILES)
    if not form.is_valid():
        return _refused(request, form)
    limit("contact-visitor", visitor_address(request), PER_VISITOR, now)
    if form.cleaned_data["reference"]:
        logger.info("a program filled in the contact form: nothing was kept")
        return redirect("contact-sent")
    limit("contact-address", form.cleaned_data["email"], PER_ADDRESS, now)
    try:
        _open(request, form.cleaned_data, now)
    except AttachmentRefused as error:
        form.add_error("attachments", str(error))
        return _refused(request, form)
    return redirect("contact-sent")


def _refused(request: HttpRequest, form: ContactForm) -> HttpResponse:
    return portal_page(request, "portal/contact.html", section="contact", form=form, status=422)


@require_safe
@public
def sent(request: HttpRequest) -> HttpResponse:
    """The same for a known and an unknown address, and without a link: that goes to the address alone."""
    return portal_page(request, "portal/sent.html", section="contact")


@transaction.atomic
def _open(request: HttpRequest, given: dict[str, Any], now: datetime) -> None:
    written = "\n".join((given["email"], given["subject"], given["body"]))
    if not Attempt.allow("contact-text", written, limit=1, window=TWICE, now=now):
        return  # sent twice by a second click
    language = language_of(request)
    customer = _customer(given["email"], given["name"], language)
    ticket = Ticket.objects.open(customer, given["body"], subject=given["subject"], channel=Channel.WEB, now=now)
    add_files(ticket.messages.get(), given["attachments"])
    ask_for_confirmation(ticket, language=language, site=site_url(request), now=now)


def _customer(email: str, name: str, language: str) -> Customer:
    """The same statements for a known and a new address. What a stranger types changes nothing that is known."""
    newcomer = Customer(email=email, name=name, language=language)
    Customer.objects.bulk_create([newcomer], ignore_conflicts=True)
    Customer.objects.filter(email=email, language="").update(language=language)
    return Customer.objects.get(email=email)
