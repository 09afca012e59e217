"""The files of a mail, as attachments of its message as far as they are let in. What is not, is named."""

from __future__ import annotations

from django.conf import settings
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _

from tickets.attachments import AttachmentRefused, attach
from tickets.mail.incoming.parse import ParsedMail
from tickets.models import Message

NAMED = 50  # files that are listed


def keep_files(message: Message, mail: ParsedMail) -> None:
    """Attach what may be attached; for each other file a remark says why it is only in the original."""
    refused, stored, total = [], [], 0
    try:
        for file in mail.files:
            total += len(file.data)
            if total > settings.MAIL_PARTS_MAX_BYTES:
                sizes = {"name": file.name[:100], "size": filesizeformat(len(file.data))}
                refused.append(_("%(name)s (%(size)s): the mail holds too much.") % sizes)
                continue
            try:
                stored.append(attach(message, file.name, file.data, file.content_type, content_id=file.content_id))
            except AttachmentRefused as error:
                refused.append(str(error) if file.name in str(error) else f"{file.name[:100]}: {error}")
    except BaseException:
        for attachment in stored:  # their rows go with the transaction, the files do not
            attachment.file.delete(save=False)
        raise
    if refused:
        lines = [_("Not kept: %(what)s") % {"what": line} for line in refused[:NAMED]]
        message.remarks = "\n".join(filter(None, [message.remarks, *lines]))
        message.save(update_fields=["remarks"])
