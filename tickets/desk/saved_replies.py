"""Saved replies: picked in the composer, managed on a page of their own."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.models import User
from django.db.models import Q, QuerySet
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tickets.access import is_admin, ticket_or_404
from tickets.desk.http import AgentRequest, agent_required
from tickets.models import SavedReply, Team
from tickets.placeholders import KNOWN, fill, values_for

OFFERED = 30
MINE, EVERYBODY = "me", "all"


class SavedReplyForm(forms.ModelForm):
    whose = forms.ChoiceField(label=gettext_lazy("Who can use it"))

    class Meta:
        model = SavedReply
        fields = ("name", "body")

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        teams = Team.objects.all() if is_admin(user) else Team.objects.filter(members=user)
        self.teams = {f"team-{team.pk}": team for team in teams}
        choices = [(MINE, _("Only me")), *((key, team.name) for key, team in self.teams.items())]
        if is_admin(user):
            choices.append((EVERYBODY, _("Everybody")))
        self["whose"].field.choices = choices  # type: ignore[attr-defined]
        self["whose"].initial = _whose(self.instance) if self.instance.pk else MINE
        self["body"].field.widget.attrs["rows"] = 12

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        whose = given.get("whose", MINE)
        self.instance.team = self.teams.get(whose)
        self.instance.owner = self.user if whose == MINE else None
        return given

    def save(self, commit: bool = True) -> SavedReply:
        self.instance.updated = timezone.now()
        saved: SavedReply = super().save(commit)
        return saved


@require_GET
@agent_required
def pick(request: AgentRequest, ticket_id: int) -> JsonResponse:
    """Saved replies that fit what was typed, filled in for this ticket; names before texts."""
    ticket = ticket_or_404(request.user, ticket_id)
    query = request.GET.get("q", "").strip()[:100]
    visible = SavedReply.visible_to(request.user).select_related("team")
    named = visible.filter(name__icontains=query)[:OFFERED]
    found = [*named, *visible.filter(body__icontains=query).exclude(pk__in=[reply.pk for reply in named])[:OFFERED]]
    values = values_for(ticket, request.user)
    items = [{"label": reply.name, "hint": _scope(reply), "text": fill(reply.body, values)} for reply in found]
    return JsonResponse({"items": items[:OFFERED]})


@require_GET
@agent_required
def saved_replies(request: AgentRequest) -> HttpResponse:
    editable = set(_editable(request.user).values_list("pk", flat=True))
    replies = [
        {"reply": reply, "scope": _scope(reply), "editable": reply.pk in editable}
        for reply in SavedReply.visible_to(request.user).select_related("team", "owner")[:500]
    ]
    return render(request, "tickets/saved_replies.html", {"replies": replies})


@require_http_methods(["GET", "POST"])
@agent_required
def edit(request: AgentRequest, reply_id: int | None = None) -> HttpResponse:
    """A new saved reply, or one of those the person may change."""
    reply = get_object_or_404(_editable(request.user), pk=reply_id) if reply_id else None
    form = SavedReplyForm(request.user, request.POST or None, instance=reply)
    if request.method == "POST" and form.is_valid():
        saved = form.save()
        messages.success(request, _("Saved: %(name)s.") % {"name": saved.name})
        return redirect("saved-replies")
    known = [f"{{{{{name}}}}}" for name in KNOWN]
    status = 422 if form.errors else 200
    context = {"form": form, "reply": reply, "known": known}
    return render(request, "tickets/saved_reply.html", context, status=status)


@require_POST
@agent_required
def delete(request: AgentRequest, reply_id: int) -> HttpResponse:
    reply = get_object_or_404(_editable(request.user), pk=reply_id)
    reply.delete()
    messages.info(request, _("Deleted: %(name)s.") % {"name": reply.name})
    return redirect("saved-replies")


def _editable(user: User) -> QuerySet[SavedReply]:
    """A person's own and those of their teams; for admins, whatever they can see, and those of every team."""
    if is_admin(user):
        return SavedReply.objects.filter(Q(owner__isnull=True) | Q(owner=user))
    return SavedReply.objects.filter(Q(owner=user) | Q(team__in=Team.objects.filter(members=user)))


def _whose(reply: SavedReply) -> str:
    return f"team-{reply.team_id}" if reply.team_id else MINE if reply.owner_id else EVERYBODY


def _scope(reply: SavedReply) -> str:
    return reply.team.name if reply.team else str(_("Only me") if reply.owner_id else _("Everybody"))
