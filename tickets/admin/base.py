"""What all admin pages of the helpdesk share: they stay quick at a million rows."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.widgets import AdminSplitDateTime
from django.core.paginator import Paginator
from django.db.models import DateTimeField, Model
from django.forms import SplitDateTimeField
from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from tickets.audit import record

COUNTED = 10_000


class CappedCount(int):
    """A count that went no further: it is a number to pages, and says “10,000+” to people."""

    def __str__(self) -> str:
        return f"{COUNTED:,}+"


class CappedPaginator(Paginator):
    """Counts at most COUNTED rows and offers that many; what lies beyond is reached by filters and search.

    Actions on “all 10,000+” act on the whole filtered queryset: Django hands it to them without asking this count.
    """

    @cached_property
    def count(self) -> int:
        counted: int = self.object_list.order_by()[: COUNTED + 1].count()  # type: ignore[attr-defined]
        return CappedCount(COUNTED) if counted > COUNTED else counted


class SplitDateTime(AdminSplitDateTime):
    """A date and a time, each with a name that is read aloud."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs)
        for widget, name in zip(self.widgets, (_("Date"), _("Time")), strict=True):
            widget.attrs["aria-label"] = name


class QuickAdmin(admin.ModelAdmin):
    formfield_overrides = {DateTimeField: {"form_class": SplitDateTimeField, "widget": SplitDateTime}}
    paginator = CappedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER


class RightsRecorded(admin.ModelAdmin):
    """Says in the record of acts who was taken in and who was put out; Django itself names the field alone."""

    rights: tuple[str, ...] = ()  # many-to-many fields that give somebody rights

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        before = self._held(form.instance)
        super().save_related(request, form, formsets, change)
        after = self._held(form.instance)
        gained = [f"+ {name}" for name in sorted(after - before)]
        lost = [f"\N{MINUS SIGN} {name}" for name in sorted(before - after)]
        if gained or lost:
            record(request.user, form.instance, _("Rights: %(what)s.") % {"what": ", ".join(gained + lost)})

    def _held(self, thing: Model) -> set[str]:
        return {str(held) for field in self.rights for held in getattr(thing, field).all()}


class ReadOnlyAdmin(QuickAdmin):
    """History: looked at, never edited."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class ReadOnlyInline(admin.TabularInline):
    """The newest rows of a ticket's history."""

    extra = 0
    can_delete = False
    show_change_link = True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
