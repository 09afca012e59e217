from django.db import migrations

PRESETS = (
    (
        "Ask for details",
        "Thank the customer and ask for what is missing to help them: one short, numbered list of at most three "
        "questions. Ask only for what the conversation does not say.",
    ),
    (
        "Apologise and refund",
        "Apologise once, without excuses. Say that we refund the amount in question to the payment method used, and "
        "name the amount only if the conversation does.",
    ),
    (
        "Decline politely",
        "Say clearly and kindly that we cannot do what is asked for, with the reason if the conversation gives one, and "
        "offer the nearest thing that is possible.",
    ),
)


def create(apps, schema_editor):
    DraftPreset = apps.get_model("assistant", "DraftPreset")
    for position, (name, instruction) in enumerate(PRESETS, 1):
        DraftPreset.objects.get_or_create(name=name, defaults={"instruction": instruction, "position": position})


class Migration(migrations.Migration):
    dependencies = [("assistant", "0010_drafts_of_three_kinds")]
    operations = [migrations.RunPython(create, migrations.RunPython.noop)]
