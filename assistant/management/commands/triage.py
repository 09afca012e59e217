"""Classify tickets in the foreground, with a progress bar."""

from __future__ import annotations

import json
import signal
import sys
import threading
from argparse import ArgumentTypeError
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from types import FrameType
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import connections
from django.db.models import QuerySet
from django.utils import timezone
from rich.console import Console

from assistant import ledger
from assistant.models import TriageRun
from assistant.triage import runs, terminal
from assistant.triage.engine import Engine
from assistant.triage.estimate import estimate, estimates_by_model
from tickets.management.tables import NeedsTables
from tickets.models import Ticket
from tickets.models.choices import Status

OK, FAILED, MISUSED, OVER_BUDGET = 0, 1, 2, 3


def whole(minimum: int, maximum: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            raise ArgumentTypeError(f"{text!r} is not a whole number") from None
        if not minimum <= number <= maximum:
            raise ArgumentTypeError(f"must be from {minimum} to {maximum}, not {number}")
        return number

    return parse


def ticket_ids(text: str) -> list[int]:
    try:
        return sorted({int(part) for part in text.split(",") if part.strip()})
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is not a list of ticket ids such as 1,2,3") from None


def amount(text: str) -> Decimal:
    try:
        usd = Decimal(text)
    except InvalidOperation:
        raise ArgumentTypeError(f"{text!r} is not an amount in USD such as 2.50") from None
    if not usd.is_finite() or not 0 < usd < 10**9:
        raise ArgumentTypeError("must be an amount in USD above 0")
    return usd


class Command(NeedsTables):
    help = "Classify tickets with the AI, in the foreground. Without a selection: open tickets without a category."

    def add_arguments(self, parser: CommandParser) -> None:
        chosen = parser.add_mutually_exclusive_group()
        chosen.add_argument("--all", action="store_true", help="every ticket; labels that people set stay")
        chosen.add_argument("--status", choices=Status.values, help="every ticket of this status")
        chosen.add_argument("--ids", type=ticket_ids, metavar="1,2,…", help="these tickets")
        chosen.add_argument("--resume", type=int, metavar="RUN", help="go on with this run")
        parser.add_argument("--model", default="", help="the relay's name of a model, or an alias")
        parser.add_argument("--batch-size", type=whole(1, 100), metavar="N", help="tickets in one request")
        parser.add_argument("--concurrency", type=whole(1, 64), metavar="N", help="requests at once")
        parser.add_argument("--rpm", type=whole(1, 1_000_000), metavar="N", help="requests a minute for this run")
        parser.add_argument("--max-cost", type=amount, metavar="USD", help="pause before the run can cost more")
        parser.add_argument("--dry-run", action="store_true", help="show the estimate only")
        parser.add_argument("--yes", action="store_true", help="do not ask")
        parser.add_argument("--json", action="store_true", help="print one JSON object on standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        self.json: bool = options["json"]
        self.out = Console(file=sys.stderr if self.json else self.stdout)  # type: ignore[arg-type]
        if not options["dry_run"]:
            self._check_ready(options)
        try:
            run = self._resumed(options) if options["resume"] is not None else self._created(options)
        except runs.RunError as error:
            raise CommandError(error.message, returncode=MISUSED) from error
        if run is None:
            return
        self._work(run)
        run.refresh_from_db()
        self._report(run)

    def _check_ready(self, options: dict[str, Any]) -> None:
        try:
            ledger.check_available()
        except ledger.AIUnavailable as error:
            raise CommandError(error.message, returncode=MISUSED) from error
        if not options["yes"] and options["resume"] is None and not sys.stdin.isatty():
            text = "Nobody can be asked here whether to go on: say --yes, or --dry-run to see the estimate."
            raise CommandError(text, returncode=MISUSED)

    def _resumed(self, options: dict[str, Any]) -> TriageRun | None:
        for name in ("model", "batch_size", "concurrency", "rpm", "dry_run"):
            if options[name]:
                flag = name.replace("_", "-")
                raise CommandError(f"--{flag} does not go with --resume: a run keeps its own.", returncode=MISUSED)
        run = TriageRun.objects.filter(pk=options["resume"]).first()
        if run is None:
            raise CommandError(f"There is no triage run {options['resume']}.", returncode=MISUSED)
        self._go_on(run, options["max_cost"])
        return run

    def _go_on(self, run: TriageRun, max_cost: Decimal | None) -> None:
        """Let it run under the new limit, whatever state a person or a crash has left it in."""
        now, retried = timezone.now(), run.state == TriageRun.State.DONE and run.failed
        if not retried and run.state not in (TriageRun.State.DRAFT, TriageRun.State.PAUSED, TriageRun.State.RUNNING):
            state = run.get_state_display().lower()
            raise CommandError(f"Triage run {run.pk} is {state}: nothing is left to do.", returncode=MISUSED)
        if max_cost is not None:
            runs.limit_cost(run, max_cost)
        if run.state == TriageRun.State.DRAFT:
            runs.start(run, now=now)
        elif run.state == TriageRun.State.PAUSED:
            runs.resume(run, now=now)
        elif retried:
            runs.retry_failed(run, now=now)

    def _created(self, options: dict[str, Any]) -> TriageRun | None:
        """A started run; None after a dry run, a no, or when nothing was chosen."""
        tickets, chosen = self._chosen(options)
        if not tickets.exists():
            self._nothing(chosen)
            return None
        names = ("model", "batch_size", "concurrency", "rpm", "max_cost")
        run = runs.create_run(tickets, user=None, chosen=chosen, **{name: options[name] for name in names})
        try:
            if not self._agreed(run, options):
                run.delete()
                return None
            runs.start(run, now=timezone.now())
        except (KeyboardInterrupt, runs.RunError):
            run.delete()
            raise
        return run

    def _chosen(self, options: dict[str, Any]) -> tuple[QuerySet[Ticket], str]:
        every = Ticket.objects.all()
        if options["all"]:
            return every, "all tickets"
        if options["status"]:
            return every.filter(status=options["status"]), f"{options['status']} tickets"
        if options["ids"] is not None:
            ids = options["ids"]
            known = set(every.filter(pk__in=ids).values_list("pk", flat=True))
            if unknown := [str(pk) for pk in ids if pk not in known]:
                raise CommandError(f"There is no ticket {', '.join(unknown)}.", returncode=MISUSED)
            return every.filter(pk__in=ids), f"tickets {', '.join(map(str, ids))}"
        return every.filter(status=Status.OPEN, category=None), "open tickets without a category"

    def _nothing(self, chosen: str) -> None:
        self.out.print(f"There is nothing to classify: no {chosen}.")
        if self.json:
            self.stdout.write(json.dumps({"run": None} | terminal.summary(TriageRun())))

    def _agreed(self, run: TriageRun, options: dict[str, Any]) -> bool:
        own = estimate(run)
        if options["dry_run"] and self.json:
            self.stdout.write(json.dumps(terminal.estimate_summary(run, own)))
            return False
        run.estimated_cost = own.cost
        run.save(update_fields=["estimated_cost"])
        terminal.show_estimate(self.out, run, own, estimates_by_model(run))
        if options["dry_run"] or options["yes"]:
            return not options["dry_run"]
        self.out.print(f"Classify {run.total:,} tickets now? [y/N] ", end="")
        if _answer() in {"y", "yes"}:
            return True
        self.out.print("Not started: nothing was sent and no ticket was changed.")
        return False

    def _work(self, run: TriageRun) -> None:
        """The engine in a thread, the progress bar in this one, which hears Ctrl-C."""
        stop, ended = threading.Event(), threading.Event()
        engine = Engine(run.concurrency, run_id=run.pk, stop=stop)

        def work() -> None:
            try:
                engine.run()
            finally:
                connections.close_all()
                ended.set()

        def interrupt(number: int, frame: FrameType | None) -> None:
            stop.set()

        previous = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            threading.Thread(target=work, name="triage-engine").start()
            terminal.ProgressBar(Console(file=sys.stderr), run).follow(ended.is_set, ended)
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)
        run.refresh_from_db()
        if stop.is_set() and run.state == TriageRun.State.RUNNING:
            runs.pause(run, reason="Stopped in the terminal.")

    def _report(self, run: TriageRun) -> None:
        terminal.show_result(self.out, run)
        if run.state == TriageRun.State.PAUSED:
            self.out.print(f"The run is paused. {run.pause_reason}")
            self.out.print(f"Go on with: python manage.py triage --resume {run.pk}")
        if self.json:
            self.stdout.write(json.dumps(terminal.summary(run)))
        if code := _exit_code(run):
            sys.exit(code)


def _answer() -> str:
    """What the person types; nothing where they end the input or interrupt instead, which is no yes."""
    try:
        return input().strip().lower()
    except (EOFError, KeyboardInterrupt):
        return ""


def _exit_code(run: TriageRun) -> int:
    if run.state == TriageRun.State.PAUSED and run.paused_by == TriageRun.PausedBy.BUDGET:
        return OVER_BUDGET
    return FAILED if run.failed or run.state != TriageRun.State.DONE else OK
