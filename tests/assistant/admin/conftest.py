"""Carol at the admin pages, and runs to look at."""

from __future__ import annotations

import pytest

from assistant.triage import runs
from tests.assistant.triage.conftest import bench, make_tickets, relay  # noqa: F401
from tickets.models import Ticket


@pytest.fixture
def desk(client, carol):
    client.force_login(carol)
    return client


@pytest.fixture
def make_run(make_tickets, carol):  # noqa: F811
    """make_run(n) -> a draft of a run over n new tickets."""

    def make(count: int = 3, **options):
        chosen = Ticket.objects.filter(pk__in=[ticket.pk for ticket in make_tickets(count)])
        return runs.create_run(chosen, user=carol, **options)

    return make
