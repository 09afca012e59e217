from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tickets", "0015_figures")]

    operations = [
        migrations.AddIndex(
            model_name="ticket",
            index=models.Index(fields=["-updated", "-id"], name="ticket_by_updated"),
        ),
    ]
