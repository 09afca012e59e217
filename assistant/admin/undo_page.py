"""“Undo all…” on the page of a run: asked about once, done by the worker."""

from __future__ import annotations

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from assistant.models import TriageRun
from assistant.triage import runs

_State = TriageRun.State


def may_undo(run: TriageRun) -> bool:
    if run.trial:
        return False
    changed = run.classified + run.needs_human > 0 and run.sample_size is None
    return changed and run.state in {_State.DONE, _State.CANCELLED, _State.PAUSED}


def confirm_undo(request: HttpRequest, run: TriageRun) -> HttpResponse:
    """The question before it."""
    if not may_undo(run):
        return redirect(run)
    context = {
        **admin.site.each_context(request),
        "title": _("Undo triage run %(n)s") % {"n": run.pk},
        "opts": TriageRun._meta,
        "run": run,
    }
    return TemplateResponse(request, "admin/assistant/triagerun/undo.html", context)


def undo_run(run: TriageRun, request: HttpRequest) -> None:
    """Ask for it; the worker does it, and the page says how far it is. Raises RunError when it came too late."""
    user = request.user
    runs.begin_undo(run, user if user.is_authenticated else None)
    messages.info(request, _("The run is being undone. You can leave this page: the worker goes on."))
