from django.db import migrations, models


class Migration(migrations.Migration):
    """Filled, indexed and kept right after each migrate: tickets/fulltext/setup.py."""

    dependencies = [("tickets", "0010_mail")]

    operations = [
        migrations.CreateModel(
            name="TicketWords",
            fields=[
                ("ticket_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("subject", models.TextField()),
                ("people", models.TextField()),
                ("body", models.TextField()),
            ],
        ),
    ]
