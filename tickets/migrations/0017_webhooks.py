import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import tickets.models.webhook
import tickets.models.webhook_delivery


class Migration(migrations.Migration):
    dependencies = [
        ("tickets", "0016_classifications_of_a_period"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Webhook",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=100, verbose_name="name")),
                ("url", models.CharField(max_length=2000, verbose_name="address")),
                ("events", models.JSONField(default=list, verbose_name="events")),
                ("enabled", models.BooleanField(default=True, verbose_name="on")),
                ("off_reason", models.TextField(blank=True, editable=False, verbose_name="why it is off")),
                ("failing_since", models.DateTimeField(editable=False, null=True, verbose_name="failing since")),
                (
                    "secret",
                    models.CharField(default=tickets.models.webhook.new_secret, editable=False, max_length=100),
                ),
                ("old_secret", models.CharField(blank=True, editable=False, max_length=100)),
                ("old_secret_until", models.DateTimeField(editable=False, null=True)),
                (
                    "created",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created"),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="created by",
                    ),
                ),
            ],
            options={
                "verbose_name": "webhook",
                "verbose_name_plural": "webhooks",
                "ordering": ["name", "id"],
            },
        ),
        migrations.CreateModel(
            name="WebhookDelivery",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "message_id",
                    models.CharField(
                        default=tickets.models.webhook_delivery.new_message_id,
                        max_length=50,
                        unique=True,
                        verbose_name="message id",
                    ),
                ),
                (
                    "event",
                    models.CharField(
                        choices=[
                            ("ticket.created", "A ticket was opened"),
                            ("ticket.updated", "A ticket was changed"),
                            ("message.created", "A message or note was written"),
                            ("classification.applied", "A label was put on a ticket"),
                            ("run.finished", "A triage run has ended"),
                        ],
                        max_length=30,
                        verbose_name="event",
                    ),
                ),
                ("body", models.TextField(verbose_name="body")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("queued", "Waiting"),
                            ("sending", "Being sent"),
                            ("delivered", "Delivered"),
                            ("failed", "Given up"),
                        ],
                        default="queued",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("attempts", models.PositiveSmallIntegerField(default=0, verbose_name="attempts")),
                (
                    "next_at",
                    models.DateTimeField(default=django.utils.timezone.now, null=True, verbose_name="next attempt"),
                ),
                ("status", models.PositiveSmallIntegerField(null=True, verbose_name="status of the answer")),
                ("ms", models.PositiveIntegerField(null=True, verbose_name="milliseconds")),
                ("answer", models.TextField(blank=True, verbose_name="beginning of the answer")),
                ("words", models.TextField(blank=True, verbose_name="what went wrong")),
                ("fence", models.PositiveIntegerField(default=0, editable=False)),
                ("lease_until", models.DateTimeField(editable=False, null=True)),
                ("created", models.DateTimeField(default=django.utils.timezone.now, verbose_name="created")),
                ("tried", models.DateTimeField(null=True, verbose_name="last attempt")),
                (
                    "webhook",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="deliveries",
                        to="tickets.webhook",
                        verbose_name="webhook",
                    ),
                ),
            ],
            options={
                "verbose_name": "webhook delivery",
                "verbose_name_plural": "webhook deliveries",
                "ordering": ["-id"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "queued")), fields=["webhook", "next_at"], name="webhook_to_send"
                    ),
                    models.Index(
                        condition=models.Q(("state", "sending")), fields=["lease_until"], name="webhook_being_sent"
                    ),
                    models.Index(fields=["webhook", "created", "id"], name="webhook_log"),
                    models.Index(fields=["created"], name="webhook_purge"),
                ],
            },
        ),
    ]
