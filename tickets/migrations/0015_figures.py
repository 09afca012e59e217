from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tickets", "0014_logins")]

    operations = [
        migrations.AddIndex(
            model_name="ticket",
            index=models.Index(fields=["created", "team", "assignee", "first_response"], name="ticket_figures_came"),
        ),
        migrations.AddIndex(
            model_name="ticket",
            index=models.Index(
                condition=models.Q(("resolved__isnull", False)),
                fields=["resolved", "team", "assignee", "created"], name="ticket_figures_solved",
            ),
        ),
    ]
