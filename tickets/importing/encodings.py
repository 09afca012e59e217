"""Which encoding a file is in, and whether all of it is."""

from __future__ import annotations

import codecs
import io
from pathlib import Path

from django.utils.translation import gettext as _

from tickets.importing.errors import ImportRefused

# UTF-32 before UTF-16: the one's mark begins with the other's.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def encoding_of(path: Path, wanted: str = "") -> str:
    """The codec for `path`: `wanted`, else what its byte order mark says, else UTF-8.

    Raises:
        ImportRefused: no such encoding, or some bytes of the file are not in it. The whole file is read (in pieces)
            to know, so that a file is not half imported before it turns out to be in another encoding.
    """
    encoding = _known(wanted) if wanted else _marked(path)
    _check(path, encoding)
    return encoding


def _known(wanted: str) -> str:
    try:
        io.TextIOWrapper(io.BytesIO(), encoding=wanted)
    except (LookupError, ValueError) as error:
        raise ImportRefused(
            _("There is no encoding “%(name)s”; try utf-8, utf-16, latin-1 or cp1252.") % {"name": wanted}
        ) from error
    name = codecs.lookup(wanted).name
    return "utf-8-sig" if name == "utf-8" else name


def _marked(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(4)
    return next((encoding for mark, encoding in _MARKS if head.startswith(mark)), "utf-8")


def _check(path: Path, encoding: str) -> None:
    decoder = codecs.getincrementaldecoder(encoding)()
    line = 1
    with path.open("rb") as file:
        while True:
            chunk = file.read(1 << 16)
            try:
                line += decoder.decode(chunk, final=not chunk).count("\n")
            except UnicodeError as error:
                raise ImportRefused(_sentence(path, encoding, line + _lines_before(error))) from error
            if not chunk:
                return


def _lines_before(error: UnicodeError) -> int:
    return error.object[: error.start].count(b"\n") if isinstance(error, UnicodeDecodeError) else 0


def _sentence(path: Path, encoding: str, line: int) -> str:
    return _(
        "Line %(line)d of %(path)s is not %(encoding)s; say which encoding the file is in, for example "
        "--encoding latin-1."
    ) % {"line": line, "path": path, "encoding": encoding.removesuffix("-sig").upper()}
