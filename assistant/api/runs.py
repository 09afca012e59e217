"""Triage runs: chosen, estimated, sampled, started, steered, read. For admins alone."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, ClassVar

from django.db.models import DateTimeField, QuerySet, Value
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from assistant.api import examples, filters, forms, serializers
from assistant.api.problems import STARTS
from assistant.api.shapes import ITEM, shape_estimate, shape_items, shape_runs, shape_sample, usd
from assistant.models import TriageItem, TriageRun
from assistant.triage import estimate as estimates
from assistant.triage import runs, sample
from assistant.triage.writing import writing
from tickets.api.base import ApiView
from tickets.api.paging import KeysetPagination
from tickets.audit import record
from tickets.models import Ticket
from tickets.models.api_token import Scope
from tickets.models.choices import Status
from tickets.people import display_name

MODEL = OpenApiParameter("model", str, description="Another model than the run's own.")


class RunView(ApiView):
    admin_methods = frozenset({"GET", "POST"})
    write_scope = Scope.AI

    def one_transaction(self) -> AbstractContextManager[None]:
        """As the verbs': whoever held SQLite's lock and then queued for theirs would block those in the queue."""
        return writing()

    def run(self, run_id: int) -> TriageRun:
        found = TriageRun.objects.filter(pk=run_id).first()
        if found is None:
            raise Http404
        return found

    def answer(self, run: TriageRun, status: int = 200, **more: Any) -> Response:
        run.refresh_from_db()
        headers = {"Location": f"/api/v1/triage-runs/{run.pk}/"} if status == 201 else {}
        return Response({**shape_runs([run])[0], **more}, status, headers=headers)


class Runs(RunView):
    queryset = TriageRun.objects.none()
    serializer_class = serializers.RunOut
    filterset_class = filters.RunFilters
    pagination_class = KeysetPagination

    @extend_schema(summary="List triage runs (admins)", responses=serializers.RunOut(many=True))
    def get(self, request: Request) -> Response:
        """The newest first."""
        return self.page(TriageRun.objects.all(), shape_runs)

    @extend_schema(
        summary="Choose tickets for a triage run (admins)", request=forms.RunCreate,
        responses={201: serializers.NewRunOut}, examples=[examples.RUN],
    )  # fmt: skip
    def post(self, request: Request) -> Response:
        """Makes a draft of a run, with the estimate of what it will take. Nothing is asked and nothing spent before
        start/ or sample/."""
        given = self.read(forms.RunCreate)
        tickets, chosen = _chosen(given)
        limits = {name: given[name] for name in ("model", "batch_size", "concurrency", "rpm", "max_cost")
                  if name in given}  # fmt: skip
        with writing():
            run = runs.create_run(tickets, user=self.user, chosen=chosen, **limits)
            found = estimates.estimate(run)
            run.estimated_cost = found.cost
            run.save(update_fields=["estimated_cost"])
        return self.answer(run, 201, estimate=shape_estimate(run.model, found))


def _chosen(given: dict[str, Any]) -> tuple[QuerySet[Ticket], str]:
    """The tickets, and how they were chosen in words for the list of runs."""
    if "ids" in given:
        count = len(set(given["ids"]))
        picked = ngettext("%(n)d ticket picked", "%(n)d tickets picked", count) % {"n": count}
        return Ticket.objects.filter(pk__in=set(given["ids"])), picked
    if "status" in given:
        return Ticket.objects.filter(status=given["status"]), _("all tickets with %(filters)s") % {
            "filters": _("status: %(name)s") % {"name": Status(given["status"]).label}
        }
    if "filter" in given:
        tickets = Ticket.objects.filter(status=Status.OPEN, category=None)
        return tickets, _("open tickets without a category")
    return Ticket.objects.all(), _("all tickets")


class RunDetail(RunView):
    @extend_schema(summary="Read a triage run (admins)", responses=serializers.RunOut)
    def get(self, request: Request, run_id: int) -> Response:
        """The run and how far it is; ask as often as once a second."""
        return self.answer(self.run(run_id))


class RunEstimate(RunView):
    params = frozenset({"model"})

    @extend_schema(
        summary="Estimate a triage run (admins)", responses=serializers.EstimatesOut, parameters=[MODEL],
        operation_id="triage_runs_estimate",
    )  # fmt: skip
    def get(self, request: Request, run_id: int) -> Response:
        """What the pending tickets of the run will take, on its own model and on all others."""
        run, model = self.run(run_id), request.query_params.get("model", "")[:100].replace("\0", "")
        own = shape_estimate(model or run.model, estimates.estimate(run, model or None))
        others = [shape_estimate(row.name, found) for row, found in estimates.estimates_by_model(run)]
        return Response({**own, "by_model": others})


class RunItems(RunView):
    queryset = TriageItem.objects.none()
    serializer_class = serializers.ItemOut
    filterset_class = filters.ItemFilters
    pagination_class = KeysetPagination
    orderings: ClassVar[dict[str, str]] = {"id": "order"}
    default_ordering = "id"

    @extend_schema(summary="List a triage run's tickets (admins)", responses=serializers.ItemOut(many=True))
    def get(self, request: Request, run_id: int) -> Response:
        """Each with what came of it, in the order of the run."""
        run = self.run(run_id)
        # Pages are by (a time, id); all of these have the run's own, so the id alone decides.
        same = Value(run.created, output_field=DateTimeField())
        return self.page(run.items.annotate(order=same).values(*ITEM), shape_items)


class RunSample(RunView):
    @extend_schema(summary="Read a sample (admins)", responses={200: serializers.SampleOut})
    def get(self, request: Request, run_id: int) -> Response:
        """What the AI said of the sample's tickets, beside their labels of today. Empty where none was taken."""
        run = self.run(run_id)
        paid = sample.bill(run)
        rest, _anew = sample.forecast(run, paid)
        rows = shape_sample(sample.differences(run)) if run.sample_size is not None else []
        return Response({"cost_usd": usd(paid.cost), "rest": shape_estimate(run.model, rest), "results": rows})

    @extend_schema(
        summary="Take a sample (admins)", request=forms.SampleWish, responses={200: serializers.RunOut, **STARTS}
    )
    def post(self, request: Request, run_id: int) -> Response:
        """Asks about some of the run's tickets first, 20 unless said. No ticket is changed; the run is `sampled` when
        they are answered."""
        run, size = self.run(run_id), self.read(forms.SampleWish).get("size", sample.SIZE)
        runs.take_sample(run, size=size, now=timezone.now())
        record(self.user, run, _("Started a sample by the API."))
        return self.answer(run)


class RunStart(RunView):
    @extend_schema(
        summary="Start a triage run (admins)", request=forms.StartWish, responses={200: serializers.RunOut, **STARTS}
    )
    def post(self, request: Request, run_id: int) -> Response:
        """Lets the workers at it. The answer does not wait for them: read the run to see how far it is."""
        run, apply_sample = self.run(run_id), self.read(forms.StartWish).get("apply_sample", False)
        runs.start(run, now=timezone.now(), apply_sample=apply_sample)
        record(self.user, run, _("Started by the API."))
        return self.answer(run)


class RunPause(RunView):
    @extend_schema(summary="Pause a triage run (admins)", request=forms.Nothing, responses=serializers.RunOut)
    def post(self, request: Request, run_id: int) -> Response:
        """No further request leaves; those under way are answered and kept."""
        run, _none = self.run(run_id), self.read(forms.Nothing)
        name = display_name(self.user.first_name, self.user.last_name, self.user.username)
        runs.pause(run, reason=_("Paused by %(person)s.") % {"person": name})
        record(self.user, run, _("Paused by the API."))
        return self.answer(run)


class RunResume(RunView):
    @extend_schema(
        summary="Resume a triage run (admins)",
        request=forms.ResumeWish,
        responses={200: serializers.RunOut, **STARTS},
    )
    def post(self, request: Request, run_id: int) -> Response:
        """Goes on with a paused run, where given under a new cost limit. What an error left is tried again."""
        run = self.run(run_id)
        runs.resume(run, max_cost=self.read(forms.ResumeWish).get("max_cost"), now=timezone.now())
        record(self.user, run, _("Resumed by the API."))
        return self.answer(run)


class RunCancel(RunView):
    @extend_schema(summary="Cancel a triage run (admins)", request=forms.Nothing, responses=serializers.RunOut)
    def post(self, request: Request, run_id: int) -> Response:
        """Ends it for good. What is classified stays."""
        run, _none = self.run(run_id), self.read(forms.Nothing)
        runs.cancel(run)
        record(self.user, run, _("Cancelled by the API."))
        return self.answer(run)


class RunRetry(RunView):
    @extend_schema(
        summary="Retry what has failed (admins)", request=forms.Nothing, responses={200: serializers.RunOut, **STARTS}
    )
    def post(self, request: Request, run_id: int) -> Response:
        """Asks again for every ticket of the run that failed."""
        run, _none = self.run(run_id), self.read(forms.Nothing)
        runs.retry_failed(run, now=timezone.now())
        record(self.user, run, _("Failed tickets asked again by the API."))
        return self.answer(run)


class RunUndo(RunView):
    @extend_schema(summary="Undo a triage run (admins)", request=forms.Nothing, responses={202: serializers.RunOut})
    def post(self, request: Request, run_id: int) -> Response:
        """Takes back all that the run changed, save what somebody has changed since. A worker does it: `undo_left` is
        null when it is done."""
        run, _none = self.run(run_id), self.read(forms.Nothing)
        runs.begin_undo(run, self.user)
        record(self.user, run, _("Undone by the API."))
        return self.answer(run, 202)
