import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("assistant", "0009_run_held_for"),
        ("tickets", "0006_message_token"),
    ]

    operations = [
        migrations.CreateModel(
            name="DraftPreset",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "name",
                    models.CharField(
                        help_text="What the button says.", max_length=60, unique=True, verbose_name="name"
                    ),
                ),
                (
                    "instruction",
                    models.TextField(
                        help_text="What the AI is told about this reply, as you would tell a colleague.",
                        max_length=2000,
                        verbose_name="instruction",
                    ),
                ),
                (
                    "position",
                    models.PositiveSmallIntegerField(
                        default=0, help_text="The lowest comes first.", verbose_name="position"
                    ),
                ),
                (
                    "active",
                    models.BooleanField(default=True, help_text="Offered on the ticket page.", verbose_name="active"),
                ),
            ],
            options={
                "verbose_name": "draft preset",
                "verbose_name_plural": "draft presets",
                "ordering": ["position", "name"],
            },
        ),
        migrations.AddField(
            model_name="draft",
            name="kind",
            field=models.CharField(
                choices=[("reply", "Reply"), ("translation", "Translation"), ("summary", "Summary")],
                db_default="reply",
                default="reply",
                max_length=12,
                verbose_name="kind",
            ),
        ),
        migrations.AddField(
            model_name="draft",
            name="original",
            field=models.TextField(blank=True, db_default="", default="", verbose_name="text to translate"),
        ),
        migrations.AddField(
            model_name="draft",
            name="preset",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="assistant.draftpreset",
                verbose_name="preset",
            ),
        ),
        migrations.AddField(
            model_name="draft",
            name="sources",
            field=models.JSONField(null=True, verbose_name="sources"),
        ),
        migrations.AddField(
            model_name="draft",
            name="up_to",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="tickets.message",
                verbose_name="summary up to message",
            ),
        ),
        migrations.AddField(
            model_name="preferences",
            name="mask_drafts",
            field=models.BooleanField(
                db_default=True,
                default=True,
                help_text="E-mail addresses, telephone numbers, card numbers and IBANs leave as placeholders and are put back into what the AI writes.",
                verbose_name="mask personal data in drafts, translations and summaries",
            ),
        ),
        migrations.AddField(
            model_name="preferences",
            name="mask_triage",
            field=models.BooleanField(
                db_default=True,
                default=True,
                help_text="The same for what the AI reads to choose a category and a priority.",
                verbose_name="mask personal data when tickets are classified",
            ),
        ),
        migrations.AlterField(
            model_name="relaycall",
            name="kind",
            field=models.CharField(
                choices=[
                    ("triage", "Triage"),
                    ("draft", "Draft"),
                    ("translate", "Translation"),
                    ("summary", "Summary"),
                    ("report", "Report"),
                    ("test", "Connection test"),
                ],
                max_length=10,
                verbose_name="kind",
            ),
        ),
    ]
