"""Prompt versions in the admin: written anew, compared line by line, tried on labelled tickets, made active."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from assistant.admin.trial_page import trial_page
from assistant.models import PromptVersion, RelayModel, TriageRun
from assistant.triage.prompt import fixed_rules
from assistant.triage.states import RunError
from assistant.triage.trial import create_trial
from tickets.admin.base import ReadOnlyAdmin
from tickets.models import Category

TRIALS_SHOWN = 20
MOST_TICKETS = 2000


class PromptForm(forms.ModelForm):
    class Meta:
        model = PromptVersion
        fields = ["instructions", "note"]

    def clean_instructions(self) -> str:
        """Lines end alike, so that a diff shows what people changed."""
        text = "\n".join(line.rstrip() for line in self.cleaned_data["instructions"].strip().splitlines())
        same = PromptVersion.objects.filter(instructions=text).order_by("number").first()
        if same is not None:
            raise forms.ValidationError(_("This is the text of version %(n)s already.") % {"n": same.number})
        return text


class TryForm(forms.Form):
    """On which model and how many labelled tickets a version is tried."""

    model = forms.ChoiceField(label=gettext_lazy("Model"))
    tickets = forms.IntegerField(
        label=gettext_lazy("Tickets"), min_value=1, max_value=MOST_TICKETS, initial=100,
        widget=forms.NumberInput({"inputmode": "numeric"}),
    )  # fmt: skip

    def __init__(self, data: Any = None) -> None:
        super().__init__(data, label_suffix="", prefix="try")
        names = RelayModel.objects.filter(enabled=True).values_list("name", flat=True)
        self.fields["model"].choices = [(name, name) for name in names]  # type: ignore[attr-defined]
        self.initial["model"] = settings.TRIAGE_MODEL


@dataclass(frozen=True)
class Line:
    """A line of a diff; `mark` is "+", "-" or " "."""

    mark: str
    text: str


def line_diff(old: str, new: str) -> list[Line]:
    lines = difflib.ndiff(old.splitlines(), new.splitlines())
    return [Line(line[0], line[2:]) for line in lines if line[0] in "+- "]


@admin.register(PromptVersion)
class PromptVersionAdmin(ReadOnlyAdmin):
    form = PromptForm
    list_display = ["version", "in_use", "note", "author", "created"]
    list_select_related = ["author"]
    add_form_template = "admin/assistant/promptversion/add.html"

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        activate, attempt = require_POST(self.activate_view), require_POST(self.try_view)
        own = [
            path("<int:pk>/activate/", wrap(activate), name="assistant_promptversion_activate"),
            path("<int:pk>/try/", wrap(attempt), name="assistant_promptversion_try"),
            path("trials/<int:run_id>/", wrap(trial_page), name="assistant_promptversion_trial"),
        ]
        return [*own, *super().get_urls()]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return admin.ModelAdmin.has_add_permission(self, request)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """The text of the version named in the address, else of the active one."""
        number = request.GET.get("from", "")
        chosen = {"number": int(number)} if number.isdecimal() and len(number) < 9 else {"active": True}
        source = PromptVersion.objects.filter(**chosen).first()
        return {"instructions": source.instructions} if source else {}

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        shown = {"fixed": _fixed(), "show_save_and_add_another": False, "show_save_and_continue": False}
        return super().add_view(request, form_url, {**(extra_context or {}), **shown})

    def save_model(self, request: HttpRequest, obj: PromptVersion, form: forms.ModelForm, change: bool) -> None:
        author: Any = request.user
        written = PromptVersion.write(obj.instructions, note=obj.note, author=author)
        obj.pk, obj.number = written.pk, written.number

    def response_add(
        self, request: HttpRequest, obj: PromptVersion, post_url_continue: str | None = None
    ) -> HttpResponse:
        text = _("Version %(n)s is stored. New runs take it once it is active; try it first.")
        messages.success(request, text % {"n": obj.number})
        return redirect("admin:assistant_promptversion_change", obj.pk)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """A version has a page of its own instead of a form."""
        if not object_id.isdecimal() or not self.has_view_permission(request):
            return super().change_view(request, object_id, form_url, extra_context)
        return self._page(request, int(object_id), TryForm())

    def try_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        version, form = self._about_to_act(request, pk), TryForm(request.POST)
        if not form.is_valid():
            return self._page(request, pk, form)
        user: Any = request.user
        given = form.cleaned_data
        try:
            run = create_trial(version, tickets=given["tickets"], model=given["model"], user=user)
        except RunError as error:
            messages.error(request, error.message)
            return redirect("admin:assistant_promptversion_change", pk)
        return redirect("admin:assistant_triagerun_start", run.pk)

    def activate_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        version = self._about_to_act(request, pk)
        version.activate()
        self.log_change(request, version, _("Made active."))
        text = _("Version %(n)s is active: new runs take it, those that exist keep theirs.")
        messages.success(request, text % {"n": version.number})
        return redirect("admin:assistant_promptversion_change", pk)

    def _about_to_act(self, request: HttpRequest, pk: int) -> PromptVersion:
        if not self.has_add_permission(request):
            raise PermissionDenied
        return get_object_or_404(PromptVersion, pk=pk)

    def _page(self, request: HttpRequest, pk: int, form: TryForm) -> HttpResponse:
        versions = list(PromptVersion.objects.defer("instructions").select_related("author"))
        shown = next((version for version in versions if version.pk == pk), None)
        if shown is None:
            raise Http404(_("There is no such prompt version."))
        other = _other(versions, shown, request.GET.get("with", ""))
        texts = dict(PromptVersion.objects.filter(pk__in=[pk, other.pk]).values_list("pk", "instructions"))
        trials = TriageRun.objects.filter(trial=True, prompt_version=str(shown.number))
        context = {
            **self.admin_site.each_context(request),
            "title": _("Prompt version %(n)s") % {"n": shown.number},
            "opts": self.opts,
            "version": shown,
            "text": texts[pk],
            "fixed": _fixed(),
            "other": other,
            "others": [version for version in versions if version.pk != pk],
            "diff": line_diff(texts[other.pk], texts[pk]) if other.pk != pk else [],
            "trials": trials[:TRIALS_SHOWN],
            "form": form,
            "may_write": self.has_add_permission(request),
        }
        return render(
            request, "admin/assistant/promptversion/version.html", context, status=400 if form.errors else 200
        )

    @admin.display(description=gettext_lazy("version"), ordering="number")
    def version(self, version: PromptVersion) -> str:
        return str(version.number)

    @admin.display(description=gettext_lazy("in use"))
    def in_use(self, version: PromptVersion) -> str:
        return format_html("<strong>{}</strong>", _("active")) if version.active else "–"


def _other(versions: list[PromptVersion], shown: PromptVersion, wanted: str) -> PromptVersion:
    """What a version is compared with: the one asked for, else the active one, else the one before."""
    others = [version for version in versions if version.pk != shown.pk]
    asked = (version for version in others if str(version.number) == wanted)
    active = (version for version in others if version.active)
    before = (version for version in others if version.number < shown.number)
    return next(asked, None) or next(active, None) or next(before, shown)


def _fixed() -> str:
    """What follows every version's text, with today's categories."""
    return fixed_rules(list(Category.objects.filter(active=True)), "…")
