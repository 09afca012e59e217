"""One of everything there is a page for, made inside the product: `manage.py shell -c` runs it, see everywhere.py."""

from __future__ import annotations

import json

from django.contrib.auth.models import User
from django.contrib.auth.tokens import default_token_generator
from django.utils import timezone
from django.utils.http import urlsafe_base64_encode

from assistant.triage import runs
from tickets import models
from tickets.desk.profile import Profile
from tickets.links import link_path


def make() -> None:
    """Print what stands for each part of an address: its name, with the model's label before it where it differs."""
    carol, alice = User.objects.get(username="carol"), User.objects.get(username="alice")
    ticket = models.Ticket.objects.filter(category__isnull=False, team__name="Support").first()
    ticket.note(alice, "Ask *Bob* about the invoice, see **the thread** below.")
    message = ticket.reply(alice, "Hello,\n\n- one\n- two\n\n> quoted\n\n`code`, and [a link](https://example.com/).")
    ticket.set_tags(alice, ["refund", "vip"])
    file = models.Attachment.objects.create(
        ticket=ticket, message=message, name="invoice.pdf", content_type="application/pdf",
        detected="application/pdf", size=48_213, file="attachments/none",
    )  # fmt: skip
    article = models.Article.objects.create(
        title="How refunds work", body="# Refunds\n\nWithin **14 days**.", published=timezone.now(), author=carol,
        audience=models.Article.Audience.PUBLIC,
    )  # fmt: skip
    view = models.SavedView.objects.create(owner=carol, name="High and mine", query="status=open&mine=1")
    Profile.objects.create(user=alice, signature="Kind regards\nAlice")
    draft_run = runs.create_run(models.Ticket.objects.filter(status="open"), user=carol)
    print(json.dumps({  # noqa: T201
        "ticket_id": ticket.pk,
        "attachment_id": file.pk, "file_id": file.pk,
        "reply_id": models.SavedReply.objects.create(name="Thanks", body="Thank you, {{customer.first_name}}.").pk,
        "article_id": article.pk, "slug": article.slug,
        "notification_id": models.Notification.objects.create(person=carol, kind="assigned", ticket=ticket).pk,
        "customer_id": ticket.customer_id, "team_id": ticket.team_id, "message_id": message.pk, "view_id": view.pk,
        "login_id": 1, "mail_id": 1,
        "token": link_path(ticket).split("/")[2],
        "password_reset_confirm": {
            "uidb64": urlsafe_base64_encode(str(alice.pk).encode()),
            "token": default_token_generator.make_token(alice),
        },
        "join": {"token": models.Invitation.objects.create(email="new@example.com").path.split("/")[2]},
        "assistant_triagerun_start": {"run_id": draft_run.pk},
    }))  # fmt: skip
