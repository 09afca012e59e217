"""Models and their prices. A price is never changed: the calls it was used for were paid at it."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Model, OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from assistant.models import RelayCall, RelayModel, RelayPrice


class AliasesField(forms.CharField):
    """A list of names, typed with commas or as JSON."""

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> list[str]:  # type: ignore[override]
        text = str(super().to_python(value))
        names: Any = text.split(",")
        if text.lstrip().startswith(("[", "{")):
            try:
                names = json.loads(text)
            except ValueError:
                names = None
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise ValidationError(_('Write the names with commas between them, or as a list: ["gpt-4", "gpt-4o"].'))
        return list(dict.fromkeys(name.strip() for name in names if name.strip()))


class RelayModelForm(forms.ModelForm):
    aliases = AliasesField(
        label=gettext_lazy("Aliases"),
        required=False,
        empty_value="",
        help_text=gettext_lazy("Other names for it, with commas between them: gpt-4, gpt-4-turbo."),
    )

    def clean_aliases(self) -> list[str]:
        aliases: list[str] = self.cleaned_data["aliases"]
        others = RelayModel.objects.exclude(pk=self.instance.pk).values_list("name", "aliases")
        for name, taken in others:
            for alias in aliases:
                if alias == name or alias in taken:
                    text = _("%(alias)s already stands for the model %(model)s.")
                    raise ValidationError(text % {"alias": alias, "model": name})
        return aliases

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        if self.cleaned_data.get("name") in self.cleaned_data.get("aliases", ()):
            self.add_error("aliases", _("A model needs no alias of its own name."))
        return cleaned


class PriceForm(forms.ModelForm):
    def clean(self) -> dict[str, Any] | None:
        for field in ("input", "cached_input", "output"):
            if (self.cleaned_data.get(field) or 0) < 0:
                self.add_error(field, _("A price is 0 or more."))
        return super().clean()


class PriceInline(admin.TabularInline):
    model = RelayPrice
    form = PriceForm
    extra = 0
    ordering = ["-valid_from"]
    verbose_name_plural = gettext_lazy("prices (a new price is a new row; what was paid stays as it was)")

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(RelayModel)
class RelayModelAdmin(admin.ModelAdmin):
    form = RelayModelForm
    inlines = [PriceInline]
    list_display = ["name", "also_known_as", "best_for", "price", "enabled"]
    list_filter = ["enabled"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[RelayModel]:
        """With today's prices beside each model."""
        current = RelayPrice.objects.filter(model=OuterRef("pk"), valid_from__lte=timezone.now())
        latest = current.order_by("-valid_from")
        return (
            super()
            .get_queryset(request)
            .annotate(
                input_price=Subquery(latest.values("input")[:1]), output_price=Subquery(latest.values("output")[:1])
            )
        )

    @admin.display(description=gettext_lazy("aliases"))
    def also_known_as(self, model: RelayModel) -> str:
        return ", ".join(model.aliases)

    @admin.display(description=gettext_lazy("USD per 1M tokens in, out"), ordering="input_price")
    def price(self, model: Any) -> str:
        if model.input_price is None:
            return _("unknown")
        return f"{model.input_price:.2f} · {model.output_price:.2f}"


@admin.register(RelayPrice)
class RelayPriceAdmin(admin.ModelAdmin):
    form = PriceForm
    list_display = ["model", "valid_from", "input", "cached_input", "output"]
    list_filter = ["model"]
    list_select_related = ["model"]
    actions = None

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Only a price that no call was paid at, such as one with a typing error."""
        unused = obj is None or not RelayCall.objects.filter(price=obj.pk).exists()
        return unused and super().has_delete_permission(request, obj)
