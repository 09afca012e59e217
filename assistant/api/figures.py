"""Models with their prices, and what has been spent."""

from __future__ import annotations

from datetime import date

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from assistant.api import serializers
from assistant.api.shapes import shape_model, shape_sums
from assistant.costs.usage import report
from assistant.models import RelayCall, RelayModel, RelayPrice
from tickets.api.base import ApiView
from tickets.api.problems import Problem
from tickets.periods import LONGEST_PERIOD, Period

DAYS = tuple(
    OpenApiParameter(name, date, description=text)
    for name, text in (("first", "The first day; that of this month unless said."), ("last", "The last; today."))
)


class Models(ApiView):
    queryset = RelayModel.objects.none()

    @extend_schema(summary="List models", responses=serializers.ModelOut(many=True))
    def get(self, request: Request) -> Response:
        """Those that are offered, with their prices now and what they are best for, by name, in one answer."""
        defaults = {
            "triage": RelayModel.resolve(settings.TRIAGE_MODEL),
            "drafts": RelayModel.resolve(settings.DRAFT_MODEL),
        }
        return Response(
            [
                shape_model(model, price, [use for use, name in defaults.items() if name == model.name])
                for model, price in RelayPrice.offers(timezone.now())
            ]
        )


class Usage(ApiView):
    admin_methods = frozenset({"GET"})
    params = frozenset({"first", "last"})

    @extend_schema(summary="Read usage (admins)", responses=serializers.UsageReportOut, parameters=list(DAYS))
    def get(self, request: Request) -> Response:
        """What calls to the relay used and cost, by day, by model and by purpose; whole days in UTC, a year at
        most."""
        period = self._period(request)
        found = report(period)
        purposes = {str(label): value for value, label in RelayCall.Kind.choices}
        return Response(
            {
                "first": period.first,
                "last": period.last,
                "total": shape_sums(found.total),
                "days": [{"day": day, **shape_sums(sums)} for day, sums in found.days],
                "models": [{"model": name, **shape_sums(sums)} for name, sums in found.models],
                "purposes": [{"purpose": purposes[name], **shape_sums(sums)} for name, sums in found.kinds],
            }
        )

    def _period(self, request: Request) -> Period:
        today = timezone.now().date()
        last = _day(request, "last") or today
        first = _day(request, "first") or min(last, today).replace(day=1)
        if not 0 <= (last - first).days < LONGEST_PERIOD:
            raise _wrong("first", _("Give a first day that is not after the last, and at most a year before it."))
        return Period(first, last)


def _day(request: Request, name: str) -> date | None:
    given = request.query_params.get(name)
    if given is None:
        return None
    try:
        day = date.fromisoformat(given) if len(given) == len("2026-01-31") else None
    except ValueError:
        day = None
    if day is None or not 2000 <= day.year < 9999:
        raise _wrong(name, _("Write the date as year-month-day, such as 2026-01-31."))
    return day


def _wrong(name: str, sentence: str) -> Problem:
    errors = [{"field": name, "code": "invalid", "message": sentence}]
    return Problem("bad_request", f"{name}: {sentence}", errors=errors)
