"""Telling the admins that a webhook was switched off."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import User
from django.db.models import Q
from django.utils.translation import gettext as _

from tickets.access import ADMINS
from tickets.links import site_url
from tickets.mail.queue import queue_mail
from tickets.models import Webhook


def tell_admins(webhook: Webhook, now: datetime) -> None:
    """By mail where it is set up; the reason stands on the webhook's page in any case. Within the transaction."""
    admins = User.objects.filter(Q(groups__name=ADMINS) | Q(is_superuser=True), is_active=True).exclude(email="")
    subject = _("The webhook “%(name)s” was switched off") % {"name": webhook.name}
    body = _("Collie no longer sends messages to this address:\n\n    %(url)s\n\n%(reason)s\n\n%(page)s") % {
        "url": webhook.url,
        "reason": webhook.off_reason,
        "page": f"{site_url()}/admin/tickets/webhook/{webhook.pk}/change/",
    }
    for email in admins.order_by("email").values_list("email", flat=True).distinct():
        queue_mail(email, subject, body, now=now)
