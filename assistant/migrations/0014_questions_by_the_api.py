from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("assistant", "0013_undo_in_the_background")]

    operations = [
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
                    ("assist", "Question by the API"),
                    ("test", "Connection test"),
                ],
                max_length=10,
                verbose_name="kind",
            ),
        ),
    ]
