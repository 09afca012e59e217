from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from assistant.models.draft_preset import DraftPreset
from assistant.models.relay_call import RelayCall
from tickets.models import Message, Ticket


class Draft(models.Model):
    """What the AI writes for a ticket: a reply, a translation of what the agent wrote (`original`), or a summary of
    the thread up to a message. It belongs to the ticket, not to the socket that asked for it.

    `sources` are what a reply leans on, as sources.Source spells them out for the page.
    While `streaming`, the web process that drives it saves `text` and `seq` every second and so moves `saved`; a
    streaming draft that has not been saved for a while has lost its process and is marked interrupted.
    """

    class State(models.TextChoices):
        STREAMING = "streaming", _("Streaming")
        DONE = "done", _("Done")
        STOPPED = "stopped", _("Stopped")
        INTERRUPTED = "interrupted", _("Interrupted")
        FAILED = "failed", _("Failed")
        SENT = "sent", _("Sent")
        DISCARDED = "discarded", _("Discarded")

    class Kind(models.TextChoices):
        REPLY = "reply", _("Reply")
        TRANSLATION = "translation", _("Translation")
        SUMMARY = "summary", _("Summary")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="drafts", verbose_name=_("ticket"))
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("asked for by")
    )
    kind = models.CharField(_("kind"), max_length=12, choices=Kind, default=Kind.REPLY, db_default=Kind.REPLY)
    state = models.CharField(_("state"), max_length=12, choices=State, default=State.STREAMING)
    stop_requested = models.BooleanField(default=False)
    model = models.CharField(_("model"), max_length=100)
    instruction = models.TextField(_("instruction"), blank=True)
    tone = models.CharField(_("tone"), max_length=20, blank=True)
    preset = models.ForeignKey(DraftPreset, models.SET_NULL, null=True, related_name="+", verbose_name=_("preset"))
    original = models.TextField(_("text to translate"), blank=True, default="", db_default="")
    up_to = models.ForeignKey(
        Message, models.SET_NULL, null=True, related_name="+", verbose_name=_("summary up to message")
    )
    sources = models.JSONField(_("sources"), null=True)
    text = models.TextField(_("text"), blank=True)
    seq = models.PositiveIntegerField(_("last delta"), default=0)
    finish_reason = models.CharField(_("finish reason"), max_length=30, blank=True)
    unreadable_events = models.PositiveIntegerField(default=0)
    error_code = models.CharField(_("error code"), max_length=30, blank=True)
    error = models.TextField(_("error"), blank=True)
    call = models.OneToOneField(RelayCall, models.SET_NULL, null=True, related_name="draft")
    sent_message = models.OneToOneField(Message, models.SET_NULL, null=True, related_name="draft")
    edited = models.FloatField(
        _("edited"), null=True, help_text=_("Share of the draft that was changed before sending, 0 to 1.")
    )
    created = models.DateTimeField(_("created"), default=timezone.now)
    saved = models.DateTimeField(_("saved"), default=timezone.now)

    class Meta:
        verbose_name = _("draft")
        verbose_name_plural = _("drafts")
        ordering = ["-created"]
        indexes = [models.Index(fields=["ticket", "-created"]), models.Index(fields=["state", "saved"])]

    def __str__(self) -> str:
        return f"draft for ticket {self.ticket_id} ({self.state})"
