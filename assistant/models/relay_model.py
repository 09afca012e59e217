from __future__ import annotations

import json

from django.db import connection, models
from django.utils.translation import gettext_lazy as _


class ResponseFormat(models.TextChoices):
    """How an answer's shape is asked for, from the strictest down."""

    JSON_SCHEMA = "json_schema", _("JSON schema")
    JSON_OBJECT = "json_object", _("JSON object")
    PROMPT = "prompt", _("Prompt only")


class RelayModel(models.Model):
    """A model the relay offers, as people pick it. A model without a row can still be named."""

    name = models.CharField(_("name"), max_length=100, unique=True)
    aliases = models.JSONField(
        _("aliases"), default=list, blank=True, help_text=_('Other names for it, as a list: ["gpt-4"].')
    )
    best_for = models.CharField(_("best for"), max_length=200, blank=True)
    response_format = models.CharField(
        _("response format"), max_length=20, choices=ResponseFormat, default=ResponseFormat.JSON_SCHEMA,
        help_text=_("The strictest form to ask for. A relay that refuses it is asked for less from then on."),
    )  # fmt: skip
    enabled = models.BooleanField(_("enabled"), default=True, help_text=_("Offered wherever a model is picked."))

    class Meta:
        verbose_name = _("relay model")
        verbose_name_plural = _("relay models")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def resolve(cls, name: str) -> str:
        """The relay's name for `name`: an alias becomes its model, anything unknown passes through."""
        with connection.cursor() as cursor:  # in SQL, as every call asks and the ORM takes four times as long
            cursor.execute("SELECT name, aliases FROM assistant_relaymodel")
            rows = cursor.fetchall()
        return next((model for model, aliases in rows if name in json.loads(aliases)), name)
