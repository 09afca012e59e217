"""A customer's data to take along: a ZIP of one JSON file a table, the attachments, and the mails as they came."""

from __future__ import annotations

import json
import shutil
import tempfile
import zipfile
from datetime import datetime
from typing import IO, Any

from django.contrib.auth.models import User
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import BinaryField, Field, FileField, Model, QuerySet

from tickets.models import Attachment, Customer, ReceivedMail
from tickets.people import display_name
from tickets.privacy.kept import rows_of

ROWS = 500  # in memory at once
IN_MEMORY = 5 * 1024 * 1024  # bytes of the ZIP; more of it is a file without a name

README = """All that is kept of this customer, written on {day}.

One file a table, as JSON lists; colleagues are named, other keys are the ids of rows in the other files.
attachments/ holds the files by the id in attachment.json, originals/ the mails as they came in, by the id in
receivedmail.json. Files that are missing here are no longer on the disk.
"""


def export(customer: Customer, now: datetime) -> IO[bytes]:
    """The ZIP, at its beginning. It is put together table by table, so its size is no matter of memory."""
    written: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115  (closed by whoever sends it)
    names = {
        pk: display_name(first, last, name)
        for pk, first, last, name in User.objects.values_list("pk", "first_name", "last_name", "username")
    }
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("README.txt", README.format(day=now.date().isoformat()))
        for model, rows in rows_of(customer).items():
            _write(archive, model, rows, names)
        for attachment in rows_of(customer)[Attachment].iterator(ROWS):
            _copy(archive, attachment)
        for mail in rows_of(customer)[ReceivedMail].exclude(packed=None).iterator(20):
            archive.writestr(f"originals/{mail.pk}.eml", mail.original)
    written.seek(0)
    return written


def _write(archive: zipfile.ZipFile, model: type[Model], rows: QuerySet[Any], names: dict[int, str]) -> None:
    fields = [field for field in model._meta.concrete_fields if not isinstance(field, BinaryField)]
    with archive.open(f"{model._meta.model_name}.json", "w", force_zip64=True) as file:
        file.write(b"[")
        for number, values in enumerate(rows.values(*(field.attname for field in fields)).iterator(ROWS)):
            shown = {field.name: _value(field, values[field.attname], names) for field in fields}
            text = json.dumps(shown, cls=DjangoJSONEncoder, ensure_ascii=False)
            file.write(f"{',' if number else ''}\n{text}".encode("utf-8", "replace"))
        file.write(b"\n]\n")


def _value(field: Field[Any, Any], value: Any, names: dict[int, str]) -> Any:
    if field.related_model is User:
        return names.get(value)
    return None if isinstance(field, FileField) else value  # where it lies on our disk is nobody's business


def _copy(archive: zipfile.ZipFile, attachment: Attachment) -> None:
    try:
        with attachment.file.open("rb") as source, archive.open(f"attachments/{attachment.pk}", "w") as target:
            shutil.copyfileobj(source, target)
    except FileNotFoundError:
        return
