"""“Undo all…” on the page of a run: asked about once, answered with figures."""

from __future__ import annotations

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from assistant.admin.shown import whole
from assistant.models import TriageRun
from assistant.triage import runs
from assistant.triage.undo import left_to_undo

_State = TriageRun.State


def may_undo(run: TriageRun) -> bool:
    if run.trial:
        return False
    if run.state == _State.UNDONE:
        return left_to_undo(run)
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
    """Undo it and say in figures what has come of that. Raises RunError when the state does not allow it."""
    user = request.user
    undone = runs.undo(run, user if user.is_authenticated else None, timezone.now())
    said = ngettext(
        "%(n)s ticket is as it was before.", "%(n)s tickets are as they were before.", undone.restored
    ) % {"n": whole(undone.restored)}
    if undone.left:
        said += " " + ngettext(
            "%(n)s ticket was left in part or whole because it has been changed since.",
            "%(n)s tickets were left in part or whole because they have been changed since.",
            undone.left,
        ) % {"n": whole(undone.left)}  # fmt: skip
    messages.success(request, said)
