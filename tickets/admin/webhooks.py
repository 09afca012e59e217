"""Webhooks in the admin, with the log of what was sent."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from tickets.admin.base import QuickAdmin, ReadOnlyAdmin
from tickets.audit import record
from tickets.models import Webhook, WebhookDelivery, WebhookEvent
from tickets.models.webhook import in_order
from tickets.webhooks.addresses import refusal


class WebhookForm(forms.ModelForm):
    """`refusals` says of an address why it is refused; it was looked up before the transaction of the page."""

    refusals: dict[str, str]
    events = forms.MultipleChoiceField(
        label=gettext_lazy("Events"), choices=WebhookEvent.choices, widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Choose at least one: otherwise nothing would ever be sent.")},
    )  # fmt: skip

    class Meta:
        model = Webhook
        fields = ["name", "url", "events", "enabled"]
        widgets = {"url": forms.URLInput(attrs={"class": "vURLField", "placeholder": "https://"})}

    def clean_events(self) -> list[str]:
        return in_order(self.cleaned_data["events"])

    def clean_url(self) -> str:
        url: str = self.cleaned_data["url"]
        reason = self.refusals.get(url) if url in self.refusals else refusal(url)
        if reason:
            raise forms.ValidationError(reason)
        return url


@admin.register(Webhook)
class WebhookAdmin(QuickAdmin):
    """A new webhook's secret is shown once, above the list."""

    form = WebhookForm
    list_display = ["name", "url", "events_shown", "enabled", "failing_since", "log"]
    search_fields = ["name__istartswith"]
    sortable_by = ["name"]
    actions = ["renew_secret", "switch_on"]
    readonly_fields = ["off_reason", "failing_since", "log", "created_by", "created"]

    def get_fields(self, request: HttpRequest, obj: Webhook | None = None) -> list[str]:  # type: ignore[override]
        own = ["name", "url", "events"]
        return own if obj is None else [*own, "enabled", *self.readonly_fields]

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if request.method == "POST":
            url = request.POST.get("url", "").strip()
            request.webhook_refusals = {url: refusal(url)} if url else {}  # type: ignore[attr-defined]
        return super().changeform_view(request, *args, **kwargs)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        return type("JudgedWebhookForm", (form,), {"refusals": getattr(request, "webhook_refusals", {})})

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """The log goes along, and is not written out on the page that asks."""
        found = [str(webhook) for webhook in objs]
        return found, {self.opts.verbose_name_plural: len(found)}, set(), []

    def save_model(self, request: HttpRequest, obj: Webhook, form: Any, change: bool) -> None:
        if not change and isinstance(request.user, User):
            obj.created_by = request.user
        switched = change and "enabled" in form.changed_data
        if switched:
            obj.enabled = not obj.enabled  # as it was: switching is a verb
        super().save_model(request, obj, form, change)
        if switched:
            obj.switch_off() if obj.enabled else obj.switch_on()

    def response_add(self, request: HttpRequest, obj: Webhook, post_url_continue: str | None = None) -> HttpResponse:
        self._show(request, obj, obj.secret)
        return super().response_add(request, obj, post_url_continue)

    @admin.action(description=gettext_lazy("Make a new secret"), permissions=["change"])
    def renew_secret(self, request: HttpRequest, queryset: QuerySet[Webhook]) -> None:
        for webhook in queryset:
            self._show(request, webhook, webhook.renew_secret(timezone.now()))
            record(request.user, webhook, _("Made a new secret."))

    @admin.action(description=gettext_lazy("Switch on again"), permissions=["change"])
    def switch_on(self, request: HttpRequest, queryset: QuerySet[Webhook]) -> None:
        for webhook in queryset:
            webhook.switch_on()
            record(request.user, webhook, _("Switched on again."))

    @admin.display(description=gettext_lazy("events"))
    def events_shown(self, webhook: Webhook) -> str:
        return ", ".join(webhook.events)

    @admin.display(description=gettext_lazy("messages"))
    def log(self, webhook: Webhook) -> SafeString:
        address = reverse("admin:tickets_webhookdelivery_changelist")
        return format_html('<a href="{}?webhook__id__exact={}">{}</a>', address, webhook.pk, _("Messages"))

    def _show(self, request: HttpRequest, webhook: Webhook, secret: str) -> None:
        text = _("The secret of “%(name)s”, which is not shown again:") % {"name": webhook.name}
        self.message_user(request, format_html("{} <code>{}</code>", text, secret), messages.WARNING)


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(ReadOnlyAdmin):
    list_display = ["id", "event", "webhook", "state", "status", "ms", "words", "attempts", "created", "next_at"]
    list_filter = ["state", "event", "webhook"]
    list_select_related = ["webhook"]
    fields = [
        "webhook", "event", "message_id", "state", "attempts", "status", "ms", "words", "answer", "created", "tried",
        "next_at", "body",
    ]  # fmt: skip
    search_fields = ["=message_id"]
    search_help_text = gettext_lazy("A message id: the header webhook-id")
    ordering = ["-id"]
    sortable_by = ["id"]
    actions = ["send_again"]

    @admin.action(description=gettext_lazy("Send again"), permissions=["view"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[WebhookDelivery]) -> None:
        now = timezone.now()
        chosen = list(queryset.defer("body", "answer"))
        sent = sum(delivery.resend(now) for delivery in chosen)
        left = len(chosen) - sent
        text = ngettext("%(n)d message is on its way.", "%(n)d messages are on their way.", sent)
        self.message_user(request, text % {"n": sent})
        if left:
            text = _("%(n)d are being sent already, or their webhook is off: switch it on first.")
            self.message_user(request, text % {"n": left}, messages.WARNING)
