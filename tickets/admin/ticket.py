from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelectMultiple
from django.contrib.auth.models import User
from django.core.validators import EMPTY_VALUES
from django.db import transaction
from django.db.models import Model, Q, QuerySet
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from tickets.admin.base import QuickAdmin, ReadOnlyInline
from tickets.models import Category, Classification, Message, Tag, Ticket, TicketEvent
from tickets.models.choices import SetBy
from tickets.search import search
from tickets.templatetags.desk import ago, person

NEWEST = 20


class TagsInput(AutocompleteSelectMultiple):
    """Shows the tags that the form has read, without asking for their names once more."""

    known: Collection[Tag] = ()

    def optgroups(self, name: str, value: Sequence[str], attr: Any = None) -> Any:
        names = {str(tag.pk): tag.name for tag in self.known}
        if not names.keys() >= set(value):
            return super().optgroups(name, value, attr)
        return [(None, [self.create_option(name, pk, names[pk], True, n) for n, pk in enumerate(value)], 0)]


class TicketForm(forms.ModelForm):
    body = forms.CharField(label=_("What the customer wrote"), widget=forms.Textarea, required=False)

    class Meta:
        model = Ticket
        fields = ["customer", "subject", "status", "priority", "category", "team", "assignee", "tags"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "subject" in self.fields:
            self.fields["subject"].required = False
            self.fields["subject"].help_text = _("Without one, the first words of the text.")
        if "tags" in self.fields:
            self.fields["tags"].widget.widget.known = self.initial.get("tags") or ()

    def clean_body(self) -> str:
        body: str = self.cleaned_data["body"]
        if self.instance.pk is None and not body.strip():
            raise forms.ValidationError(_("Write what the customer wants; the thread begins with it."))
        return body

    def clean_category(self) -> Category | None:
        category: Category | None = self.cleaned_data["category"]
        if category is None and self.initial.get("category") not in EMPTY_VALUES:
            raise forms.ValidationError(_("A category can be changed for another, not taken away."))
        return category


class NewestRows(BaseInlineFormSet):
    """The last NEWEST rows: a thread of thousands must not make a page of thousands."""

    def get_queryset(self) -> QuerySet[Model]:
        if not hasattr(self, "_newest"):
            self._newest = super().get_queryset().order_by("-created", "-id")[:NEWEST]
        return self._newest


class MessageInline(ReadOnlyInline):
    model = Message
    formset = NewestRows
    fields = ["created", "kind", "author", "text", "delivery"]
    readonly_fields = ["text"]
    verbose_name_plural = _("newest messages")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Message]:
        return super().get_queryset(request).select_related("author")

    @admin.display(description=_("text"))
    def text(self, message: Message) -> str:
        return message.plain[:1000]


class ClassificationInline(ReadOnlyInline):
    model = Classification
    formset = NewestRows
    fields = ["created", "category", "priority", "confidence", "reason", "source", "author", "model", "applied"]
    readonly_fields = ["applied"]
    verbose_name_plural = _("newest classifications")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Classification]:
        return super().get_queryset(request).select_related("category", "author")

    @admin.display(description=_("applied"), boolean=True)
    def applied(self, classification: Classification) -> bool:
        return classification.applied


class EventInline(ReadOnlyInline):
    model = TicketEvent
    formset = NewestRows
    fields = ["created", "kind", "old", "new", "actor", "cause"]
    verbose_name_plural = _("newest events")

    def get_queryset(self, request: HttpRequest) -> QuerySet[TicketEvent]:
        return super().get_queryset(request).select_related("actor")


@admin.register(Ticket)
class TicketAdmin(QuickAdmin):
    """Changes go through the ticket's verbs, so that their events and who set what are right."""

    form = TicketForm
    list_display = ["id", "subject", "customer", "status", "priority_shown", "category_shown", "team", "assigned",
                    "opened", "last_message_shown"]  # fmt: skip
    list_display_links = ["id", "subject"]
    list_filter = ["status", "priority", "category", "team", "category_by", "needs_review", "channel", "created"]
    sortable_by = ["id", "opened", "last_message_shown"]
    search_fields = ["=id"]
    search_help_text = _("A number, an external id, words of the subject, or the customer's name or address")
    autocomplete_fields = ["customer", "team", "assignee", "tags"]
    inlines = [MessageInline, ClassificationInline, EventInline]

    @admin.display(description=_("priority"))
    def priority_shown(self, ticket: Ticket) -> SafeString:
        return _with_setter(ticket.get_priority_display(), ticket.priority_by)

    @admin.display(description=_("category"))
    def category_shown(self, ticket: Ticket) -> SafeString | str:
        return _with_setter(str(ticket.category), ticket.category_by) if ticket.category else "–"

    @admin.display(description=_("assignee"))
    def assigned(self, ticket: Ticket) -> str:
        return person(ticket.assignee) or "–"

    @admin.display(description=_("opened"), ordering="created")
    def opened(self, ticket: Ticket) -> SafeString:
        return ago(ticket.created)

    @admin.display(description=_("last message"), ordering="last_message")
    def last_message_shown(self, ticket: Ticket) -> SafeString:
        return ago(ticket.last_message)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Ticket], search_term: str
    ) -> tuple[QuerySet[Ticket], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        by_words = search(Ticket.objects.all(), term).order_by().values("pk")
        return queryset.filter(Q(external_id=term) | Q(pk__in=by_words)), False

    def get_fields(self, request: HttpRequest, obj: Ticket | None = None) -> list[str]:  # type: ignore[override]
        labels = ["status", "priority", "category", "team", "assignee", "tags"]
        if obj is None:
            return ["customer", "subject", "body", *labels]
        return ["customer", "subject", *labels, "priority_by", "category_by", "team_by", "needs_review", "channel",
                "source", "external_id", "created", "last_message", "first_response", "resolved"]  # fmt: skip

    def get_readonly_fields(self, request: HttpRequest, obj: Ticket | None = None) -> list[str]:
        if obj is None:
            return []
        return ["customer", "subject", *self.get_fields(request, obj)[8:]]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Ticket]:
        return super().get_queryset(request).select_related("customer", "category", "team", "assignee")

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        return super().formfield_for_manytomany(
            db_field, request, widget=TagsInput(db_field, self.admin_site), **kwargs
        )

    def get_inlines(self, request: HttpRequest, obj: Ticket | None) -> list[Any]:
        return self.inlines if obj else []

    @transaction.atomic
    def save_model(self, request: HttpRequest, obj: Ticket, form: TicketForm, change: bool) -> None:
        assert isinstance(request.user, User)
        given = form.cleaned_data
        if change:
            ticket = Ticket.objects.select_for_update().get(pk=obj.pk)
        else:
            ticket = Ticket.objects.open(
                given["customer"], given["body"], subject=given["subject"], actor=request.user
            )
            obj.pk = ticket.pk
        self._apply(request.user, ticket, {name: given[name] for name in form.changed_data if name in given})
        obj.refresh_from_db()

    def save_related(self, request: HttpRequest, form: TicketForm, formsets: Any, change: bool) -> None:
        assert isinstance(request.user, User)
        for formset in formsets:
            self.save_formset(request, form, formset, change)
        if "tags" in form.changed_data:
            form.instance.set_tags(request.user, [tag.name for tag in form.cleaned_data["tags"]])

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """A ticket takes its history along, which nobody may delete by itself."""
        deleted, counts, _forbidden, protected = super().get_deleted_objects(objs, request)
        return deleted, counts, set(), protected

    def _apply(self, user: User, ticket: Ticket, changed: dict[str, Any]) -> None:
        # the team first: a person's choice is then not rerouted by the category
        if "team" in changed:
            ticket.move(user, changed["team"])
        ticket.label(user, category=changed.get("category"), priority=changed.get("priority", ""))
        if "assignee" in changed:
            ticket.assign(user, changed["assignee"])
        if "status" in changed:
            ticket.set_status(user, changed["status"])


def _with_setter(label: str, by: str) -> SafeString:
    if by == SetBy.RELAY:
        mark = '<span class="ai-mark" title="{}">{} <span class="ai-word">AI</span></span>'
        return format_html(mark, _("set by the AI"), label)
    if by == SetBy.UNSET:
        return format_html('<span class="quiet">{}</span>', label)
    origin = _("set by a person") if by == SetBy.PERSON else _("set by a rule")
    return format_html('<span title="{}">{}</span>', origin, label)
