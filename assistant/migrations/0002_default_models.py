from datetime import datetime, timezone
from decimal import Decimal

from django.db import migrations

# name: (best for, aliases, (input, cached input, output) in USD per million tokens)
MODELS = {
    "deepseek-v3.2": ("High-volume work: sorting, tagging, bulk answers", ["deepseek", "deepseek-chat"], ("0.28", "0.028", "0.42")),
    "gemini-2.5-flash": ("Fast everyday work, long threads", ["gemini-pro"], ("0.30", "0.03", "2.50")),
    "gpt-4.1": ("Balanced replies and careful reasoning", ["gpt-4", "gpt-4-turbo"], ("2.00", "0.50", "8.00")),
    "claude-sonnet-4.5": ("Nuanced writing and delicate answers", ["claude-3"], ("3.00", "0.30", "15.00")),
    "gpt-3.5-turbo": ("Older integrations", ["gpt-3.5"], None),
    "claude-opus-4.0": ("The most demanding writing", ["claude-3-opus"], None),
}
VALID_FROM = datetime(2025, 10, 1, tzinfo=timezone.utc)


def create(apps, schema_editor):
    RelayModel = apps.get_model("assistant", "RelayModel")
    RelayPrice = apps.get_model("assistant", "RelayPrice")
    for name, (best_for, aliases, prices) in MODELS.items():
        model, _ = RelayModel.objects.get_or_create(name=name, defaults={"best_for": best_for, "aliases": aliases})
        if prices:
            values = dict(zip(("input", "cached_input", "output"), map(Decimal, prices)))
            RelayPrice.objects.get_or_create(model=model, valid_from=VALID_FROM, defaults=values)


class Migration(migrations.Migration):
    dependencies = [("assistant", "0001_initial")]
    operations = [migrations.RunPython(create, migrations.RunPython.noop)]
