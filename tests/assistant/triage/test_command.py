"""`manage.py triage` as people and scripts use it."""

from __future__ import annotations

import io
import json
import re
from decimal import Decimal

import pytest
from django.core.management import ManagementUtility, call_command
from django.utils import timezone

from assistant.models import RelayCall, TriageRun
from assistant.triage import runs
from tickets.models import Category, Ticket

pytestmark = pytest.mark.django_db(transaction=True)

KEYS = {
    "run", "tickets", "classified", "needs_human", "failed", "requests", "retries", "prompt_tokens",
    "completion_tokens", "cost_usd", "seconds",
}  # fmt: skip


def triage(*arguments: str) -> tuple[int, str]:
    """Exit code and what went to standard output."""
    out = io.StringIO()
    try:
        call_command("triage", *arguments, stdout=out)
    except SystemExit as ended:
        return int(ended.code or 0), out.getvalue()
    return 0, out.getvalue()


def misused(capsys, *arguments: str) -> str:
    """The sentence on standard error of a call that ends with 2."""
    with pytest.raises(SystemExit) as ended:
        ManagementUtility(["manage.py", "triage", *arguments]).execute()
    shown = capsys.readouterr()
    assert (ended.value.code, shown.out) == (2, "")
    assert "Traceback" not in shown.err
    return shown.err


def test_json_is_the_only_thing_on_standard_output(make_tickets, relay):
    make_tickets(25)
    code, out = triage("--all", "--yes", "--json")
    report = json.loads(out)
    assert code == 0
    assert report.keys() == KEYS
    assert (report["tickets"], report["classified"], report["failed"], report["requests"]) == (25, 25, 0, 2)
    assert report["prompt_tokens"] == sum(call.prompt_tokens for call in relay.books)
    assert report["completion_tokens"] == sum(call.completion_tokens for call in relay.books)
    assert Decimal(report["cost_usd"]) == sum(call.cost for call in RelayCall.objects.all())
    assert report["seconds"] > 0


def test_without_a_selection_open_tickets_without_a_category_are_taken_and_it_says_so(make_tickets, relay):
    labelled, closed, *_ = make_tickets(5)
    Ticket.objects.filter(pk=labelled.pk).update(category=Category.objects.first())
    Ticket.objects.filter(pk=closed.pk).update(status="closed")
    code, out = triage("--yes")
    assert code == 0
    assert "open tickets without a category" in out
    assert TriageRun.objects.get().total == 3


def test_the_closing_table_says_what_it_cost_and_would_cost_elsewhere(make_tickets, relay):
    make_tickets(4)
    _, out = triage("--all", "--yes")
    for part in ("Billing", "priority", "prompt tokens", "cost on deepseek-v3.2", "the same on gpt-4.1", "USD"):
        assert part in out


def test_the_closing_table_says_how_many_tickets_wait_for_review(make_tickets, relay):
    make_tickets(4)
    _, out = triage("--all", "--yes")
    waiting = Ticket.objects.filter(needs_review=True).count()
    assert re.search(rf"waiting for review │\s+{waiting}\n", out)


def test_selection_by_status_and_by_ids(make_tickets, relay):
    first, second, third = make_tickets(3)
    Ticket.objects.filter(pk=first.pk).update(status="pending")
    assert json.loads(triage("--status", "pending", "--yes", "--json")[1])["tickets"] == 1
    assert json.loads(triage("--ids", f"{second.pk}, {third.pk},", "--yes", "--json")[1])["tickets"] == 2


def test_nothing_to_classify_is_no_failure(relay):
    code, out = triage("--all", "--yes", "--json")
    assert code == 0
    assert json.loads(out) == dict.fromkeys(KEYS, 0) | {"run": None, "cost_usd": "0", "seconds": 0.0}


def test_a_dry_run_estimates_and_leaves_nothing(make_tickets, relay, settings):
    settings.RELAY_API_KEY = ""
    make_tickets(45)
    _, out = triage("--all", "--dry-run", "--json")
    assert json.loads(out)["requests"] == 3
    assert "gpt-4.1" in triage("--all", "--dry-run")[1]
    assert relay.requests == TriageRun.objects.count() == 0


def test_the_estimate_doubts_a_model_that_is_in_no_list(make_tickets):
    make_tickets(1)
    assert "called nope" in triage("--all", "--dry-run", "--model", "nope")[1]
    assert "called" not in triage("--all", "--dry-run", "--model", "gpt-4")[1]


def test_failed_tickets_end_it_with_1_and_resume_retries_them(make_tickets, relay):
    make_tickets(5)
    relay.script("unauthorized")
    code, out = triage("--all", "--yes", "--json")
    report = json.loads(out)
    assert (code, report["failed"]) == (1, 5)
    code, out = triage("--resume", str(report["run"]), "--json")
    assert (code, json.loads(out)["classified"]) == (0, 5)


def test_a_cost_limit_ends_it_with_3_and_a_higher_one_lets_it_go_on(make_tickets, relay):
    make_tickets(60)
    code, out = triage("--all", "--yes", "--json", "--max-cost", "0.004", "--batch-size", "5")
    report = json.loads(out)
    assert code == 3
    assert Decimal(report["cost_usd"]) <= Decimal("0.004")
    assert report["failed"] == 0
    code, out = triage("--resume", str(report["run"]), "--max-cost", "1", "--json")
    assert (code, json.loads(out)["classified"]) == (0, 60)


def test_a_run_that_was_cut_off_is_taken_up_again(make_tickets, relay):
    make_tickets(5)
    run = runs.create_run(Ticket.objects.all(), user=None)
    runs.start(run, now=timezone.now())
    code, out = triage("--resume", str(run.pk), "--json")
    assert (code, json.loads(out)["classified"]) == (0, 5)


@pytest.mark.parametrize("state", ["draft", "running", "paused", "done with failures"])
def test_a_new_limit_holds_in_whatever_state_the_run_was_left(make_tickets, relay, state):
    make_tickets(5)
    run = runs.create_run(Ticket.objects.all(), user=None)
    if state != "draft":
        runs.start(run, now=timezone.now())
    if state == "paused":
        runs.pause(run)
    if state == "done with failures":
        run.items.update(state="failed", chunk=None)
        run.chunks.all().delete()
        TriageRun.objects.update(state="done", failed=5)
    code, out = triage("--resume", str(run.pk), "--max-cost", "0.0001", "--json")
    assert (code, json.loads(out)["requests"], relay.requests) == (3, 0, 0)
    run.refresh_from_db()
    assert (run.state, run.paused_by, run.max_cost) == ("paused", "budget", Decimal("0.0001"))


@pytest.mark.parametrize("state", ["draft", "running", "paused"])
def test_a_limit_without_a_known_price_is_refused_and_the_run_left_as_it_was(capsys, make_tickets, relay, state):
    make_tickets(1)
    run = runs.create_run(Ticket.objects.all(), user=None, model="gpt-3.5")
    TriageRun.objects.update(state=state)
    assert "gpt-3.5-turbo" in misused(capsys, "--resume", str(run.pk), "--max-cost", "1")
    run.refresh_from_db()
    assert (run.state, run.max_cost) == (state, None)


class Terminal(io.StringIO):
    """Where somebody types; `error` is raised in place of a line."""

    def __init__(self, typed: str = "", error: type[BaseException] | None = None):
        super().__init__(typed)
        self.error = error

    def isatty(self):
        return True

    def readline(self, *args):
        if self.error:
            raise self.error
        return super().readline(*args)


@pytest.mark.parametrize(
    "terminal",
    [Terminal("n\n"), Terminal("\n"), Terminal(), Terminal(error=KeyboardInterrupt)],
    ids=["n", "enter", "ctrl-d", "ctrl-c"],
)
def test_whatever_is_no_yes_starts_nothing_and_leaves_nothing(make_tickets, relay, monkeypatch, terminal):
    make_tickets(2)
    monkeypatch.setattr("sys.stdin", terminal)
    code, out = triage("--all")
    assert code == 0 and "Not started" in out
    assert relay.requests == TriageRun.objects.count() == 0


def test_a_yes_in_the_terminal_starts_it(make_tickets, relay, monkeypatch):
    make_tickets(2)
    monkeypatch.setattr("sys.stdin", Terminal("y\n"))
    assert triage("--all")[0] == 0
    assert TriageRun.objects.get().classified == 2


@pytest.mark.parametrize("seconds", ["-1", "0", "nan", "inf", "soon"])
def test_a_lease_of_no_length_is_refused_by_the_worker(capsys, seconds):
    with pytest.raises(SystemExit) as ended:
        ManagementUtility(["manage.py", "worker", "--lease-seconds", seconds]).execute()
    assert ended.value.code == 2
    assert "--lease-seconds" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--batch-size", "-5"], "from 1 to 100, not -5"),
        (["--batch-size", "many"], "'many' is not a whole number"),
        (["--concurrency", "0"], "from 1 to 64"),
        (["--rpm", "0"], "--rpm"),
        (["--max-cost", "cheap"], "'cheap' is not an amount"),
        (["--max-cost", "NaN"], "above 0"),
        (["--status", "new"], "choose from"),
        (["--ids", "1,x"], "not a list of ticket ids"),
        (["--ids", "999999991,999999992", "--yes"], "There is no ticket 999999991, 999999992."),
        (["--resume", "999999"], "There is no triage run 999999."),
        (["--resume", "1", "--model", "gpt-4.1"], "--model does not go with --resume"),
        (["--all", "--status", "open"], "not allowed with"),
        (["--model", "gpt-3.5", "--max-cost", "1", "--all", "--yes"], "gpt-3.5-turbo"),
    ],
)
def test_misuse_is_said_in_a_sentence_and_ends_with_2(capsys, make_tickets, relay, arguments, said):
    make_tickets(1)
    assert said in misused(capsys, *arguments)
    assert not TriageRun.objects.exists()


def test_without_a_terminal_it_does_not_go_on_unasked(capsys, make_tickets, relay):
    make_tickets(1)
    assert "--yes" in misused(capsys, "--all")


def test_without_a_key_it_says_which_variable_to_set(capsys, make_tickets, settings):
    settings.RELAY_API_KEY = ""
    make_tickets(1)
    assert "RELAY_API_KEY" in misused(capsys, "--all", "--yes")


def test_a_finished_run_is_not_resumed(capsys, make_tickets, relay):
    make_tickets(1)
    triage("--all", "--yes")
    assert "is done" in misused(capsys, "--resume", str(TriageRun.objects.get().pk))
