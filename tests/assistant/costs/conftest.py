from datetime import UTC, datetime
from decimal import Decimal

import pytest

from assistant.models import RelayCall, RelayPrice


@pytest.fixture
def call(settings):
    """Writes one ledger row; a settled one of gpt-4.1 unless said otherwise."""

    def write(at="2026-11-23 12:00", model="gpt-4.1", **values):
        created = datetime.fromisoformat(at).replace(tzinfo=UTC) if isinstance(at, str) else at
        values = {
            "kind": "draft", "state": "settled", "outcome": "ok", "attempts": 1, "base_url": settings.RELAY_BASE_URL,
            "price": RelayPrice.current(model, created), "prompt_tokens": 100, "completion_tokens": 50,
        } | values  # fmt: skip
        if values["state"] == "settled" and values["price"]:
            values.setdefault("cost", Decimal("0.0006"))
        return RelayCall.objects.create(model=model, created=created, **values)

    return write
