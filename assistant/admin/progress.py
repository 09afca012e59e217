"""The page of a run: how far it is, what it cost, what may be done now, and a row for each ticket."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from assistant.admin.shown import duration
from assistant.admin.start import UNSTARTED
from assistant.admin.undo_page import confirm_undo, may_undo, undo_run
from assistant.costs.money import exact_usd, usd
from assistant.models import PeriodicJob, TriageChunk, TriageItem, TriageRun
from assistant.triage import chunks, runs
from assistant.triage.progress import category_counts_of
from tickets.audit import record
from tickets.desk.counts import CAP
from tickets.people import display_name

ROWS = 50
UNCLAIMED = timedelta(seconds=15)
_State = TriageRun.State


@dataclass(frozen=True)
class Verb:
    """What a person may do to a run, as a button. `act` raises RunError when it came too late."""

    name: str
    label: Any
    allowed: Callable[[TriageRun], bool]
    act: Callable[[TriageRun, HttpRequest], object]
    asks: bool = False  # its page asks first

    @property
    def url_name(self) -> str:
        return f"admin:assistant_triagerun_{self.name}"


def _pause(run: TriageRun, request: HttpRequest) -> None:
    user: Any = request.user
    name = display_name(user.first_name, user.last_name, user.username)
    runs.pause(run, reason=_("Paused by %(person)s.") % {"person": name})


VERBS = (
    Verb("pause", gettext_lazy("Pause"), lambda run: run.state == _State.RUNNING, _pause),
    Verb(
        "resume",
        gettext_lazy("Resume"),
        lambda run: run.state == _State.PAUSED and run.done < run.total,
        lambda run, request: runs.resume(run),
    ),
    Verb(
        "retry",
        gettext_lazy("Retry failed"),
        lambda run: run.state in {_State.PAUSED, _State.DONE} and run.failed > 0,
        lambda run, request: runs.retry_failed(run),
    ),
    Verb(
        "cancel",
        gettext_lazy("Cancel the run"),
        lambda run: run.state in {_State.RUNNING, _State.PAUSED},
        lambda run, request: runs.cancel(run),
    ),
    Verb("undo", gettext_lazy("Undo all…"), may_undo, undo_run, asks=True),
)


def progress_json(progress: runs.Progress, categories: Sequence[tuple[str, str, int]]) -> dict[str, Any]:
    """What the page's script is told, over the websocket and over HTTP alike."""
    counts = [{"slug": slug, "name": name, "tickets": tickets} for slug, name, tickets in categories]
    return {"type": "run.progress", "done": progress.done, **dataclasses.asdict(progress), "categories": counts}


def categories_of(found: Iterable[runs.Progress]) -> dict[int, list[tuple[str, str, int]]]:
    """Run id -> what its page shows by category, in one query; an undone run has nothing to show."""
    shown = [progress.run for progress in found if progress.classified and progress.state != _State.UNDONE]
    return category_counts_of(shown) if shown else {}


def progress_json_view(request: HttpRequest, run_id: int) -> JsonResponse:
    found = runs.progress([run_id])
    if run_id not in found:
        raise Http404(_("No such run."))
    categories = categories_of(found.values()).get(run_id, [])
    return JsonResponse(progress_json(found[run_id], categories), headers={"Cache-Control": "no-store"})


@require_http_methods(["GET", "POST"])
def act_view(request: HttpRequest, run_id: int, verb: Verb) -> HttpResponse:
    run = get_object_or_404(TriageRun, pk=run_id)
    if request.method != "POST":
        return confirm_undo(request, run) if verb.asks else HttpResponseNotAllowed(["POST"])
    try:
        verb.act(run, request)
    except runs.RunError as error:
        messages.error(request, error.message)
    else:
        record(request.user, run, str(verb.label))
    return redirect(run)


def progress_view(request: HttpRequest, run_id: int) -> HttpResponse:
    run = get_object_or_404(_with_worker_seen(timezone.now()), pk=run_id)
    if run.state in UNSTARTED:
        page = "sample" if run.state == _State.SAMPLED else "start"
        return redirect(f"admin:assistant_triagerun_{page}", run.pk)
    progress = runs.progress([run_id])[run_id]
    context = {
        **admin.site.each_context(request),
        "title": _("Triage run %(n)s") % {"n": run.pk},
        "opts": TriageRun._meta,
        "run": run,
        "progress": progress,
        "time_left": duration(progress.seconds_left) if progress.seconds_left is not None else "",
        "cost": usd(run.known_cost),
        "exact_cost": exact_usd(run.known_cost),
        "estimated_cost": usd(run.estimated_cost),
        "undo_done": max(run.total - (run.undo_left or 0), 0),
        "waiting_for_review": _waiting_for_review(run),
        "verbs": [verb for verb in VERBS if verb.allowed(run)],
        "categories": categories_of([progress]).get(run_id, []),
        **_rows(run, request),
    }
    return TemplateResponse(request, "admin/assistant/triagerun/progress.html", context)


def _waiting_for_review(run: TriageRun) -> int:
    """Tickets of a run at rest that are in the review queue now, CAP + 1 standing for all that is more."""
    if run.trial or run.state not in {_State.PAUSED, _State.DONE}:
        return 0
    return run.items.filter(ticket__needs_review=True).order_by()[: CAP + 1].count()


def _with_worker_seen(now: datetime) -> QuerySet[TriageRun]:
    """Runs with `no_worker`: a part has been due for a while, and no worker holds anything of any run. Or an undo is
    to go on, and nobody looks after it."""
    held = TriageChunk.objects.filter(state=TriageChunk.State.LEASED, lease_until__gt=now)
    due = chunks.due_chunks(now - UNCLAIMED).filter(~Exists(held), run=OuterRef("pk"))
    undoing = PeriodicJob.objects.filter(name="undo-runs", due__gt=now - UNCLAIMED)
    return TriageRun.objects.annotate(no_worker=Exists(due) | Q(Q(undo_left__isnull=False), ~Exists(undoing)))


def _rows(run: TriageRun, request: HttpRequest) -> dict[str, Any]:
    """A page of the run's tickets after the id in the address, with one state when it names one."""
    wanted = request.GET.get("state", "")
    items = run.items.select_related("ticket", "classification__category", "trial_answer__category").order_by("id")
    if wanted in TriageItem.State.values:
        items = items.filter(state=wanted)
    after = request.GET.get("after", "")
    if after.isdecimal():
        items = items.filter(pk__gt=int(after))
    found = list(items[: ROWS + 1])
    more = len(found) > ROWS
    following = urlencode({**({"state": wanted} if wanted else {}), "after": found[ROWS - 1].pk}) if more else ""
    return {
        "items": found[:ROWS],
        "next_page": following,
        "is_first_page": not after,
        "filters": _filters(run, wanted),
    }


def _filters(run: TriageRun, wanted: str) -> list[dict[str, Any]]:
    states = TriageItem.State
    counts = {
        "": run.total,
        states.CLASSIFIED: run.classified,
        states.NEEDS_HUMAN: run.needs_human,
        states.FAILED: run.failed,
        states.PENDING: max(run.total - run.done, 0),
    }
    if run.state == _State.UNDONE:
        counts = {"": run.total, states.UNDONE: run.total}
    return [
        {"value": value, "label": states(value).label if value else _("All"), "count": count, "on": value == wanted}
        for value, count in counts.items()
    ]
