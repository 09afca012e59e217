from __future__ import annotations

from datetime import datetime

from django.db import connection, models
from django.db.models import F, FilteredRelation, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from assistant.models.relay_model import RelayModel

# In SQL, since it is asked before every call and the ORM takes five times as long to put it together.
_CURRENT = """
SELECT price.* FROM assistant_relayprice price JOIN assistant_relaymodel model ON model.id = price.model_id
WHERE model.name = %s AND price.valid_from <= %s ORDER BY price.valid_from DESC LIMIT 1
"""


class RelayPrice(models.Model):
    """What a model costs from a moment on, in USD per million tokens. A new price is a new row."""

    model = models.ForeignKey(RelayModel, models.PROTECT, related_name="prices", verbose_name=_("model"))
    valid_from = models.DateTimeField(_("valid from"), default=timezone.now)
    input = models.DecimalField(_("input, USD per 1M tokens"), max_digits=12, decimal_places=6)
    cached_input = models.DecimalField(_("cached input, USD per 1M tokens"), max_digits=12, decimal_places=6)
    output = models.DecimalField(_("output, USD per 1M tokens"), max_digits=12, decimal_places=6)

    class Meta:
        verbose_name = _("relay price")
        verbose_name_plural = _("relay prices")
        ordering = ["model__name", "-valid_from"]
        constraints = [models.UniqueConstraint(fields=["model", "valid_from"], name="one_price_at_a_time")]

    def __str__(self) -> str:
        return f"{self.model}: {self.input:f} / {self.output:f}"

    @classmethod
    def current(cls, model_name: str, at: datetime) -> RelayPrice | None:
        """The price of a model at a moment, None when it has none."""
        moment = connection.ops.adapt_datetimefield_value(at)
        return next(iter(cls.objects.raw(_CURRENT, [model_name, moment])), None)

    @classmethod
    def offers(cls, at: datetime, also: str = "") -> list[tuple[RelayModel, RelayPrice | None]]:
        """The enabled models, and the one named `also`, each with its price at a moment, by name and in one query."""
        past = FilteredRelation("prices", condition=Q(prices__valid_from__lte=at))
        columns = {f"price_{name}": F(f"past__{name}") for name in ("id", "input", "cached_input", "output")}
        models = RelayModel.objects.filter(Q(enabled=True) | Q(name=also))
        found: dict[int, tuple[RelayModel, RelayPrice | None]] = {}
        for model in models.annotate(past=past, **columns).order_by("name", "past__valid_from"):
            values = {name.removeprefix("price_"): getattr(model, name) for name in columns}
            found[model.pk] = (model, None if values["id"] is None else cls(model=model, **values))
        return list(found.values())

    @classmethod
    def all_current(cls, at: datetime) -> dict[str, RelayPrice]:
        """Model name -> its price at a moment, for enabled models, in one query."""
        rows = cls.objects.filter(valid_from__lte=at, model__enabled=True).select_related("model")
        return {row.model.name: row for row in rows.order_by("valid_from")}
