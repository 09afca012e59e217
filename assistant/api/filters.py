"""What lists of the AI's can be narrowed by."""

from __future__ import annotations

import django_filters

from assistant.models import TriageItem, TriageRun
from tickets.api.filters import choices_filter


class RunFilters(django_filters.FilterSet):
    state = choices_filter(TriageRun.State)

    class Meta:
        model = TriageRun
        fields: list[str] = []


class ItemFilters(django_filters.FilterSet):
    state = choices_filter(TriageItem.State)

    class Meta:
        model = TriageItem
        fields: list[str] = []
