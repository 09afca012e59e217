"""The bell in the header, the page behind it, and what each person wants to hear of."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tickets import notifications
from tickets.access import ticket_or_404, visible_pairs
from tickets.desk.http import AgentRequest, agent_required
from tickets.desk.profile import settings_page
from tickets.models import Notification, NotificationChoice
from tickets.people import agents, display_name

SHOWN, TOLD, OFFERED, LOOKED_AT = 100, 5, 30, 300
BADGE = 99


@require_GET
@agent_required
def notification_list(request: AgentRequest) -> HttpResponse:
    rows = notifications.of(request.user).select_related("ticket__customer", "actor")[:SHOWN]
    entries = [(row, notifications.sentence(row)) for row in rows]
    unread = any(row.seen is None for row, _sentence in entries)
    context = {"section": "notifications", "entries": entries, "unread": unread}
    return render(request, "tickets/notifications/list.html", context)


@require_GET
@agent_required
def open_notification(request: AgentRequest, notification_id: int) -> HttpResponse:
    """To the place it speaks of. It is seen with that."""
    row = notifications.of(request.user).filter(pk=notification_id).first()
    if row is None:
        raise Http404(_("No such notification."))
    _seen(request.user, row.ticket_id)
    place = f"#message-{row.message_id}" if row.message_id else ""
    return redirect(f"/tickets/{row.ticket_id}/{place}")


@require_POST
@agent_required
def mark_all(request: AgentRequest) -> HttpResponse:
    Notification.objects.filter(person=request.user).mark_seen(timezone.now())
    return redirect("notifications")


@require_POST
@csrf_exempt  # a page outlives a login, and its token with it; nothing changes here but what one has seen
def news(request: AgentRequest) -> HttpResponse:
    """For the bell: how many are unread and what the newest say. Those of the ticket that is open before the person
    (`ticket`) are seen with it. `after` is the id of the last one the browser has told of. 204 for who is not logged
    in any more."""
    if not request.user.is_authenticated:
        return HttpResponse(status=204)
    ticket, after = (_number(request.POST.get(name, "")) for name in ("ticket", "after"))
    if ticket:
        _seen(request.user, ticket)
    unread = notifications.of(request.user).unseen()
    newest = unread.filter(pk__gt=after).select_related("ticket", "actor").order_by("-pk")[:TOLD]
    told = [
        {"id": row.pk, "title": f"#{row.ticket_id} {row.ticket.subject}", "text": notifications.sentence(row),
         "url": f"/notifications/{row.pk}/"}
        for row in newest
    ]  # fmt: skip
    return JsonResponse({"unread": unread[: BADGE + 1].count(), "new": told})


@require_GET
@agent_required
def people(request: AgentRequest, ticket_id: int) -> JsonResponse:
    """Colleagues who see the ticket and can be mentioned in its notes, by the beginning of a name."""
    ticket = ticket_or_404(request.user, ticket_id)
    text = request.GET.get("q", "").strip().removeprefix("@")[:100]
    named = Q(username__istartswith=text) | Q(first_name__istartswith=text) | Q(last_name__istartswith=text)
    found = list(agents().filter(named).exclude(pk=request.user.pk).order_by("username")[:LOOKED_AT])
    visible = visible_pairs([(user.pk, ticket.pk) for user in found])
    items = [
        {"label": display_name(user.first_name, user.last_name, user.username), "hint": f"@{user.username}",
         "value": user.username}
        for user in found if (user.pk, ticket.pk) in visible
    ]  # fmt: skip
    return JsonResponse({"items": items[:OFFERED]})


class ChoicesForm(forms.Form):
    """Two boxes for each kind of event: on the desk, by mail."""

    def __init__(self, data: Any, *, user: User) -> None:
        super().__init__(data)
        self.user = user
        stored = {row.kind: row for row in NotificationChoice.objects.filter(person=user)}
        for kind in Notification.Kind.values:
            row = stored.get(kind) or NotificationChoice(kind=kind)
            self.fields[f"{kind}_desk"] = forms.BooleanField(required=False, initial=row.desk)
            self.fields[f"{kind}_mail"] = forms.BooleanField(required=False, initial=row.mail)

    @property
    def lines(self) -> list[tuple[str, forms.BoundField, forms.BoundField]]:
        return [(str(label), self[f"{kind}_desk"], self[f"{kind}_mail"]) for kind, label in Notification.Kind.choices]

    @transaction.atomic
    def save(self) -> None:
        rows = [
            NotificationChoice(
                person=self.user, kind=kind, desk=self.cleaned_data[f"{kind}_desk"],
                mail=self.cleaned_data[f"{kind}_mail"],
            )
            for kind in Notification.Kind.values
        ]  # fmt: skip
        NotificationChoice.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=["person", "kind"], update_fields=["desk", "mail"]
        )


@require_http_methods(["GET", "HEAD", "POST"])
@agent_required
def choices(request: AgentRequest) -> HttpResponse:
    form = ChoicesForm(request.POST if request.method == "POST" else None, user=request.user)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("Saved."))
        return redirect("settings-notifications")
    return settings_page(request, "tickets/notifications/choices.html", form=form)


def _seen(user: User, ticket_id: int) -> None:
    rows = Notification.objects.filter(person=user, ticket_id=ticket_id).unseen()
    if rows.exists():  # reading is most of what happens, and takes no lock
        rows.mark_seen(timezone.now())


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
