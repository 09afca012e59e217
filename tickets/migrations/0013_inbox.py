import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import tickets.models.ranks


class Migration(migrations.Migration):
    dependencies = [
        ("tickets", "0012_api"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="SavedView",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=60, verbose_name="name")),
                ("query", models.CharField(max_length=1000, verbose_name="filters")),
                ("position", models.PositiveIntegerField(default=0, verbose_name="position")),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="saved_views",
                        to=settings.AUTH_USER_MODEL, verbose_name="owner",
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL,
                        related_name="saved_views", to="tickets.team", verbose_name="shared with",
                    ),
                ),
            ],
            options={
                "verbose_name": "saved view",
                "verbose_name_plural": "saved views",
                "ordering": ["position", "id"],
            },
        ),
        migrations.AddField(
            model_name="ticket",
            name="waiting_since",
            field=models.DateTimeField(editable=False, null=True, verbose_name="waiting since"),
        ),
        migrations.AddIndex(
            model_name="ticket",
            index=models.Index(
                fields=["status", "-last_message", "-id", "team", "assignee", "snoozed_until"],
                name="ticket_by_status_seen",
            ),
        ),
        migrations.RemoveIndex(model_name="ticket", name="ticket_by_status"),
        migrations.AddIndex(
            model_name="ticket",
            index=models.Index(
                models.F("status"), tickets.models.ranks.Urgency(), models.F("last_message").desc(),
                models.F("id").desc(), models.F("team"), models.F("assignee"), name="ticket_by_urgency",
            ),
        ),
        migrations.AddIndex(
            model_name="ticket",
            index=models.Index(
                condition=models.Q(("waiting_since__isnull", False)),
                fields=["status", "waiting_since", "id", "team", "assignee"], name="ticket_by_waiting",
            ),
        ),
    ]  # fmt: skip
