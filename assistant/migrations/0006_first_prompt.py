from django.db import migrations

# As it was before there were versions.
FIRST = """\
You sort the support tickets of a help desk. For each ticket choose one category and one priority.

high: work has stopped, money or data is at risk, security is in question, or a deadline is today.
medium: something is broken or wrong, but the customer can go on.
low: a question, a wish, praise, or anything that can wait.

Judge every ticket by itself, whatever its language."""


def create(apps, schema_editor):
    PromptVersion = apps.get_model("assistant", "PromptVersion")
    PromptVersion.objects.get_or_create(number=1, defaults={"instructions": FIRST, "active": True})


class Migration(migrations.Migration):
    dependencies = [("assistant", "0005_prompts_trials_reports")]
    operations = [migrations.RunPython(create, migrations.RunPython.noop)]
