"""A reply that has not arrived, sent once more; and a mail as it came."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from tickets.access import ticket_or_404
from tickets.desk.http import AgentRequest, agent_required
from tickets.mail.incoming.formatted import formatted, plain
from tickets.mail.outgoing.resend import resend
from tickets.models import ReceivedMail


@require_POST
@agent_required
def resend_reply(request: AgentRequest, ticket_id: int, message_id: int) -> HttpResponse:
    ticket = ticket_or_404(request.user, ticket_id)
    message = ticket.messages.filter(pk=message_id).first()
    if message is None:
        raise Http404(_("No such message."))
    message.ticket = ticket
    if not resend(message, timezone.now()):
        messages.warning(request, _("There is nothing to send again: the reply has left, or mail is not set up."))
    query = f"?{request.GET.urlencode()}" if request.GET else ""
    return redirect(f"{ticket.get_absolute_url()}{query}#message-{message.pk}")


@require_GET
@agent_required
def as_sent(request: AgentRequest, ticket_id: int, message_id: int) -> HttpResponse:
    """The mail with its own layout: sanitised, and without pictures, which would tell its sender that it was read."""
    ticket = ticket_or_404(request.user, ticket_id)
    row = ReceivedMail.objects.filter(ticket=ticket, message=message_id).first()
    if row is None:
        raise Http404(_("No such mail."))
    original = row.original or b""
    html = mark_safe(formatted(original))  # noqa: S308  sanitised there
    context = {"ticket": ticket, "subject": row.subject, "html": html, "text": "" if html else plain(original)}
    return render(request, "tickets/mail_as_sent.html", context)
