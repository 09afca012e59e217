from __future__ import annotations

from django.db import connection, models

from assistant.models.relay_model import ResponseFormat

_LEVEL = """
SELECT COALESCE((SELECT level FROM assistant_relayformat WHERE base_url = %s AND model = %s),
                (SELECT response_format FROM assistant_relaymodel WHERE name = %s))
"""


class RelayFormat(models.Model):
    """What a relay has taught us: the strictest response format it accepts for a model."""

    base_url = models.CharField(max_length=300)
    model = models.CharField(max_length=100)
    level = models.CharField(max_length=20, choices=ResponseFormat)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["base_url", "model"], name="one_format_per_relay_and_model")]

    def __str__(self) -> str:
        return f"{self.model} at {self.base_url}: {self.level}"

    @classmethod
    def level_for(cls, base_url: str, model: str) -> str:
        """What has been learnt, else what the model's row asks for, else the strictest."""
        with connection.cursor() as cursor:
            cursor.execute(_LEVEL, [base_url, model, model])
            (level,) = cursor.fetchone()
        return level or ResponseFormat.JSON_SCHEMA

    @classmethod
    def step_down(cls, base_url: str, model: str, refused: str) -> str | None:
        """Remember that `refused` is not accepted and return the next weaker format, None below the last."""
        levels = list(ResponseFormat.values)
        position = levels.index(refused) + 1
        if position >= len(levels):
            return None
        cls.objects.update_or_create(base_url=base_url, model=model, defaults={"level": levels[position]})
        return levels[position]
