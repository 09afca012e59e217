"""“Classify with AI…” in the list of tickets, and the one choice that needs no list.

The action is hung onto the ticket admin here: tickets know nothing of AI.
"""

from __future__ import annotations

from typing import cast

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from assistant.triage import runs
from tickets.models import Ticket
from tickets.models.choices import Status


@admin.action(description=gettext_lazy("Classify with AI…"))
def classify_with_ai(
    model_admin: admin.ModelAdmin, request: HttpRequest, queryset: QuerySet[Ticket]
) -> HttpResponse | None:
    """Make a run of the chosen tickets, those beyond the page too, and go to the page that says what it will cost."""
    try:
        run = runs.create_run(
            queryset.order_by(), user=cast(User, request.user), chosen=_how_chosen(model_admin, request)
        )
    except runs.RunError as error:
        model_admin.message_user(request, error.message, messages.ERROR)
        return None
    return redirect("admin:assistant_triagerun_start", run.pk)


@require_POST
def choose_open_tickets(request: HttpRequest) -> HttpResponse:
    """Make a run of all open tickets without a category."""
    tickets = Ticket.objects.filter(status=Status.OPEN, category=None)
    try:
        run = runs.create_run(tickets, user=cast(User, request.user), chosen=_("open tickets without a category"))
    except runs.RunError:
        messages.info(request, _("Every open ticket has a category."))
        return redirect("admin:assistant_triagerun_changelist")
    return redirect("admin:assistant_triagerun_start", run.pk)


def _how_chosen(model_admin: admin.ModelAdmin, request: HttpRequest) -> str:
    """How the tickets came to be chosen, for whoever reads the list of runs later, in the words of the list."""
    if request.POST.get("select_across") != "1":
        picked = len(request.POST.getlist(ACTION_CHECKBOX_NAME))
        return ngettext("%(n)d ticket picked", "%(n)d tickets picked", picked) % {"n": picked}
    listed = model_admin.get_changelist_instance(request)
    filters = [
        f"{spec.title}: {choice['display']}"
        for spec in listed.filter_specs
        if spec.used_parameters
        for choice in spec.choices(listed)
        if choice["selected"]
    ]
    if listed.query:
        filters.append(_("words: %(words)s") % {"words": listed.query})
    if not filters:
        return _("all tickets")
    return _("all tickets with %(filters)s") % {"filters": ", ".join(filters)}


_tickets = admin.site.get_model_admin(Ticket)
_tickets.actions = [*(_tickets.actions or ()), classify_with_ai]
