from __future__ import annotations

from typing import Any
from uuid import uuid4

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tickets.models.message import Message


def random_path(attachment: Attachment, filename: str) -> str:
    """Nothing of the sender's name reaches the disk, and a path cannot be guessed."""
    return f"attachments/{attachment.created:%Y/%m}/{uuid4().hex}"


class Attachment(models.Model):
    """A file of a message, or one that waits in somebody's composer for its message.

    Made by `tickets.attachments.attach` and `hold`, which check name, size and type. `content_type` is what the
    sender said; `detected` is what the bytes say, and all that decides how the file is served.
    """

    ticket = models.ForeignKey("tickets.Ticket", models.CASCADE, related_name="attachments", verbose_name=_("ticket"))
    message = models.ForeignKey(
        Message, models.CASCADE, null=True, blank=True, related_name="attachments", verbose_name=_("message")
    )
    waits_for = models.CharField(_("waits for"), max_length=10, choices=Message.Kind, blank=True)
    name = models.CharField(_("name"), max_length=255)
    content_type = models.CharField(_("content type as claimed"), max_length=255, blank=True)
    detected = models.CharField(_("content type as detected"), max_length=100)
    content_id = models.CharField(_("content id"), max_length=255, blank=True)
    size = models.PositiveBigIntegerField(_("size in bytes"))
    file = models.FileField(_("file"), upload_to=random_path, max_length=200)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+",
        verbose_name=_("uploaded by"),
    )  # fmt: skip
    created = models.DateTimeField(_("created"), default=timezone.now)

    class Meta:
        verbose_name = _("attachment")
        verbose_name_plural = _("attachments")
        ordering = ["id"]
        indexes = [
            models.Index(fields=["created"], name="attachment_waiting", condition=models.Q(message__isnull=True))
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return f"/tickets/{self.ticket_id}/attachments/{self.pk}/"

    @property
    def is_picture(self) -> bool:
        """Whether a page may show it: raster images alone, which hold nothing that runs."""
        return self.detected in PICTURES


PICTURES = {"image/png", "image/jpeg", "image/gif", "image/webp"}


def forget_file(sender: object, instance: Attachment, **_: Any) -> None:
    """Receiver of `post_delete`: once the row is gone for good, so is its file."""
    transaction.on_commit(lambda: instance.file.delete(save=False))
