from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from tickets.importer import ImportRefused, Progress, Summary, import_file
from tickets.management.tables import NeedsTables


class Command(NeedsTables):
    help = "Import tickets from a CSV or JSONL file; running it again imports nothing twice."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path)
        parser.add_argument(
            "--map", metavar="field=column", action="append", default=[],
            help=_("which column feeds a field, once for each field; nothing after the = leaves the field out"),
        )  # fmt: skip
        parser.add_argument("--source", default="", help=_("what the tickets come from; the file's name unless said"))
        parser.add_argument("--encoding", default="", help=_("when the file is neither UTF-8 nor marked as UTF-16"))
        parser.add_argument("--dry-run", action="store_true", help=_("read and check everything, write nothing"))

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with self._progress() as on_progress:
                summary = import_file(
                    options["file"],
                    columns=_columns(options["map"]),
                    source=options["source"],
                    encoding=options["encoding"],
                    dry_run=options["dry_run"],
                    on_progress=on_progress,
                )
        except ImportRefused as error:
            raise CommandError(str(error), returncode=2) from error
        except KeyboardInterrupt:
            raise CommandError(
                _("Stopped. What was imported is kept; the same command goes on from there."), returncode=130
            ) from None
        self._tell_rejects(summary)
        if options["dry_run"]:
            self.stderr.write(_("Dry run: nothing was written."))
        self.stdout.write(f"imported={summary.imported} skipped={summary.skipped} rejected={summary.rejected}")

    @contextmanager
    def _progress(self) -> Iterator[Progress]:
        if not self.stderr.isatty():
            yield lambda _read, _size: None
            return
        shown = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
        with Bar(*shown, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task(_("Importing"), total=None)
            yield lambda read, size: bar.update(task, completed=read, total=size)

    def _tell_rejects(self, summary: Summary) -> None:
        for line, reason in summary.reasons:
            self.stderr.write(_("line %(line)d: %(reason)s") % {"line": line, "reason": reason})
        more = summary.rejected - len(summary.reasons)
        if more:
            self.stderr.write(ngettext("… and %d more", "… and %d more", more) % more)
        if summary.rejects_moved:
            self.stderr.write(_("The folder of the file cannot be written to."))
        if summary.rejects:
            self.stderr.write(_("Rejected rows, with reasons: %(path)s") % {"path": summary.rejects})


def _columns(pairs: list[str]) -> dict[str, str]:
    """`field=column` arguments as a dictionary."""
    columns: dict[str, str] = {}
    for pair in pairs:
        field, sign, column = pair.partition("=")
        if not sign:
            raise ImportRefused(
                _("--map takes field=column, for example body=text, not “%(pair)s”.") % {"pair": pair}
            )
        if field.strip() in columns:
            raise ImportRefused(_("--map names the field “%(field)s” twice.") % {"field": field.strip()})
        columns[field.strip()] = column
    return columns
