from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("assistant", "0011_first_presets")]

    operations = [
        migrations.CreateModel(
            name="Tally",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "name",
                    models.CharField(
                        choices=[("rate_limit_wait", "Rate Limit Wait"), ("lease_expired", "Lease Expired")],
                        max_length=40,
                        unique=True,
                    ),
                ),
                ("count", models.PositiveBigIntegerField(default=0)),
                ("seconds", models.FloatField(default=0.0)),
            ],
        ),
    ]
