import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import tickets.models.profile


class Migration(migrations.Migration):
    dependencies = [
        ("tickets", "0006_message_token"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Profile",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("time_zone", models.CharField(blank=True, max_length=64, validators=[tickets.models.profile.is_zone], verbose_name="time zone")),
                ("language", models.CharField(blank=True, max_length=10, verbose_name="language")),
                ("theme", models.CharField(choices=[("auto", "As the system"), ("light", "Light"), ("dark", "Dark")], default="auto", max_length=5, verbose_name="colours")),
                ("signature", models.TextField(blank=True, help_text="Put under your replies when they leave as mail. Markdown works.", max_length=2000, verbose_name="signature")),
                ("user", models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name="profile", to=settings.AUTH_USER_MODEL, verbose_name="user")),
            ],
            options={"verbose_name": "profile", "verbose_name_plural": "profiles"},
        ),
    ]
