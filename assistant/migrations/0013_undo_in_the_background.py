import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("assistant", "0012_tally"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="triagerun",
            name="undo_left",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="Empty when none is under way.",
                null=True,
                verbose_name="tickets the undo has still to come to",
            ),
        ),
        migrations.AddField(
            model_name="triagerun",
            name="undo_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="undone by",
            ),
        ),
    ]
