"""Files that customers send and fetch."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, StreamingHttpResponse
from django.utils.translation import gettext as _

from tickets.attachments import AttachmentRefused, attach
from tickets.desk.files import file_answer
from tickets.models import Attachment, Message, Ticket


def add_files(message: Message, files: Iterable[UploadedFile]) -> None:
    """All of `files` or none. Raises AttachmentRefused."""
    stored: list[Attachment] = []
    try:
        for file in files:
            stored.append(attach(message, file.name or "", file, file.content_type or ""))
    except AttachmentRefused:
        for attachment in stored:  # the rows go with the transaction, the files would stay
            attachment.file.delete(save=False)
        raise


def files_of(message_ids: Sequence[int]) -> dict[int, list[Attachment]]:
    """The files of each message, in one query."""
    found: defaultdict[int, list[Attachment]] = defaultdict(list)
    for attachment in Attachment.objects.filter(message__in=message_ids):
        found[attachment.message_id or 0].append(attachment)
    return found


def visible_file(request: HttpRequest, ticket: Ticket, file_id: int) -> StreamingHttpResponse:
    """A file of what the customer wrote or was sent; those of notes and of unsent replies are not theirs."""
    sent = Attachment.objects.filter(ticket=ticket, message__isnull=False).exclude(message__kind=Message.Kind.NOTE)
    attachment = sent.filter(pk=file_id).first()
    if attachment is None:
        raise Http404(_("No such file."))
    return file_answer(request, attachment)
