from django.db import migrations

CATEGORIES = {
    "billing": ("Billing", "Invoices, charges, payments, refunds, fees, exchange rates, payouts and changes of plan already bought."),
    "technical": ("Technical", "Something does not work as it should: errors, outages, log-in and account access, set-up, apps, integrations."),
    "sales": ("Sales", "Questions before buying: prices, plans, offers, trials, quotes, discounts, upgrades being considered."),
    "general": ("General", "Everything else: how-to questions, feedback, feature wishes, personal data, mail that is not for support."),
}


def create(apps, schema_editor):
    Category = apps.get_model("tickets", "Category")
    for slug, (name, description) in CATEGORIES.items():
        Category.objects.get_or_create(slug=slug, defaults={"name": name, "description": description})


class Migration(migrations.Migration):
    dependencies = [("tickets", "0001_initial")]
    operations = [migrations.RunPython(create, migrations.RunPython.noop)]
