"""Files of messages: what is let in, and how each comes to its message.

`attach` is for whoever already has the message (mail, the API); `hold` and `hand_over` are the composer's way: a file
is uploaded while its message is still being written, and waits for it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import PurePosixPath
from typing import IO, TYPE_CHECKING

from django.conf import settings
from django.core.files.base import ContentFile, File
from django.db.models import QuerySet
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.translation import gettext as _

from tickets.file_types import HEAD, PROGRAM, detect
from tickets.models import Attachment, Message, Ticket

if TYPE_CHECKING:
    from django.contrib.auth.models import User

MOST = 20  # files of one message
KEPT = timedelta(days=30)  # a file nobody has sent
_UNSHOWN = {"Cc", "Cf", "Co", "Cs", "Zl", "Zp"}  # also what turns the direction of "gpj.exe" round


class AttachmentRefused(ValueError):
    """The file cannot be taken; the message is a sentence that says why."""


def attach(
    message: Message,
    name: str,
    data: bytes | IO[bytes],
    content_type: str = "",
    *,
    uploaded_by: User | None = None,
    content_id: str = "",
) -> Attachment:
    """Store `data`, bytes or a file open for reading, as an attachment of `message`.

    Raises:
        AttachmentRefused: too large, empty, of a kind that is not taken, or one too many.
    """
    if message.attachments.count() >= MOST:
        raise AttachmentRefused(_("A message can have at most %(most)d attachments.") % {"most": MOST})
    attachment = Attachment(
        ticket_id=message.ticket_id, message=message, uploaded_by=uploaded_by, content_id=content_id[:255]
    )
    return _store(attachment, name, data, content_type)


def hold(
    ticket: Ticket, user: User, waits_for: str, name: str, data: bytes | IO[bytes], content_type: str = ""
) -> Attachment:
    """Store a file that `user` wants to send with a reply or note still to be written. Raises AttachmentRefused."""
    if held(ticket, user, waits_for).count() >= MOST:
        raise AttachmentRefused(_("A message can have at most %(most)d attachments.") % {"most": MOST})
    return _store(Attachment(ticket=ticket, waits_for=waits_for, uploaded_by=user), name, data, content_type)


def held(ticket: Ticket, user: User, waits_for: str) -> QuerySet[Attachment]:
    """The files that wait in this person's composer."""
    return Attachment.objects.filter(ticket=ticket, uploaded_by=user, waits_for=waits_for, message__isnull=True)


def hand_over(message: Message, user: User, ids: Iterable[int]) -> None:
    """Give `message` those of the files that `user` holds for it."""
    held(message.ticket, user, message.kind).filter(pk__in=list(ids)).update(message=message, waits_for="")


def forget_unsent(now: datetime) -> None:
    """Periodic job: files that waited too long for a message are deleted."""
    for attachment in Attachment.objects.filter(message__isnull=True, created__lt=now - KEPT)[:500]:
        attachment.delete()


def safe_name(name: str) -> str:
    """The last part of a path that anybody's system may have written, without what cannot be seen or stored."""
    last = PurePosixPath(name.replace("\\", "/")).name
    shown = "".join(letter for letter in last if unicodedata.category(letter) not in _UNSHOWN)
    stem, dot, ending = re.sub(r"\s+", " ", shown).strip(" .").rpartition(".")
    whole = f"{stem[: 200 - len(ending)]}{dot}{ending[:50]}"
    return whole or _("unnamed")


def _store(attachment: Attachment, name: str, data: bytes | IO[bytes], content_type: str) -> Attachment:
    content: File = ContentFile(data) if isinstance(data, bytes) else File(data)
    attachment.name = safe_name(name)
    attachment.size = content.size or 0
    attachment.content_type = content_type[:255]
    attachment.detected = _checked(attachment, content)
    attachment.created = timezone.now()
    attachment.file.save(attachment.name, content, save=False)
    try:
        attachment.save()
    except BaseException:
        attachment.file.delete(save=False)
        raise
    return attachment


def _checked(attachment: Attachment, content: File) -> str:
    """The detected type of a file that is let in. Raises AttachmentRefused."""
    name, limit = attachment.name, settings.ATTACHMENT_MAX_BYTES
    if attachment.size > limit:
        sizes = {"name": name, "size": filesizeformat(attachment.size), "limit": filesizeformat(limit)}
        raise AttachmentRefused(_("%(name)s has %(size)s; at most %(limit)s can be attached.") % sizes)
    if not attachment.size:
        raise AttachmentRefused(_("%(name)s is empty: there is nothing to attach.") % {"name": name})
    content.seek(0)
    detected = detect(content.read(HEAD))
    content.seek(0)
    ending = name.rpartition(".")[2].lower()
    if detected == PROGRAM or ending in settings.ATTACHMENT_REFUSED_ENDINGS:
        raise AttachmentRefused(
            _("%(name)s is a program or a script, which cannot be attached. Put it into an archive, or send a link.")
            % {"name": name}
        )
    return detected
