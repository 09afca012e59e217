"""Filters whose choices are known without reading the rows they filter."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from assistant.models import RelayModel


class ModelFilter(admin.SimpleListFilter):
    """The models that people pick from."""

    title = _("model")
    parameter_name = "model"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(name, name) for name in RelayModel.objects.values_list("name", flat=True)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(model=self.value()) if self.value() else queryset


class OutcomeFilter(admin.SimpleListFilter):
    """Answered or not; which error it was stands in the column."""

    title = _("outcome")
    parameter_name = "outcome"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("ok", _("Answered")), ("failed", _("Failed")), ("open", _("No answer yet"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "ok":
            return queryset.filter(outcome="ok")
        if self.value() == "failed":
            return queryset.exclude(outcome__in=["ok", ""])
        return queryset.filter(outcome="") if self.value() == "open" else queryset
