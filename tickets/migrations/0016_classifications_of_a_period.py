from __future__ import annotations

from typing import Any

from django.db import migrations, models


class AddIndexWhileInUse(migrations.AddIndex):
    """On PostgreSQL the table stays open for writing while its index is made, however long that takes."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        if schema_editor.connection.vendor != "postgresql":
            super().database_forwards(app_label, schema_editor, from_state, to_state)
            return
        model = to_state.apps.get_model(app_label, self.model_name)
        if self.allow_migrate_model(schema_editor.connection.alias, model):
            schema_editor.add_index(model, self.index, concurrently=True)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("tickets", "0015_figures")]

    operations = [
        AddIndexWhileInUse(
            model_name="classification",
            index=models.Index(fields=["source", "created"], name="classifications_of_a_period"),
        ),
    ]
