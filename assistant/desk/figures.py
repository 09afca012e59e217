"""The table of drafts on the page of figures, as CSV."""

from __future__ import annotations

import csv

from django.http import HttpResponse, HttpResponseBadRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from assistant.drafts.figures import Used, drafts_used, together
from tickets.audit import record
from tickets.desk.figures.page import FiguresForm
from tickets.desk.http import AgentRequest, agent_required
from tickets.spreadsheets import neutralised


@require_safe
@agent_required
def drafts_csv(request: AgentRequest) -> HttpResponse:
    form = FiguresForm(request)
    if not form.is_valid():
        sentences = [str(text) for texts in form.errors.values() for text in texts]
        return HttpResponseBadRequest("\n".join(sentences), content_type="text/plain; charset=utf-8")
    given = form.cleaned_data
    period = given["shown"]
    rows = drafts_used(request.user, period, timezone.get_current_timezone(), given["team"])
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    name = f"drafts-{period.first}-to-{period.last}.csv"
    record(request.user, None, _("Downloaded."), name=name)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    writer = csv.writer(response)
    headings = [
        _("Agent"),
        _("Drafts"),
        _("Sent as drafted"),
        _("Sent edited"),
        _("Not sent"),
        _("Changed, mean share"),
    ]
    writer.writerow(headings)
    for name, row in [*((row.name or _("Deleted account"), row) for row in rows), (_("Total"), together(rows))]:
        writer.writerow([neutralised(name), *_cells(row)])
    return response


def _cells(row: Used) -> list[object]:
    return [row.written, row.as_is, row.edited, row.unused, "" if row.changed is None else f"{row.changed:.4f}"]
