"""Tickets that the AI answered and people labelled, at given moments."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from assistant.models import TriageItem, TriageRun
from tests.assistant.costs.conftest import call  # noqa: F401
from tests.assistant.triage.conftest import bench, make_tickets, relay  # noqa: F401
from tickets.models import Category, Classification, Ticket


@pytest.fixture
def desk(client, carol):
    client.force_login(carol)
    return client


@pytest.fixture
def category():
    return {row.slug: row for row in Category.objects.all()}


@pytest.fixture
def labelled(erin, category):
    """labelled(people, ai, …) -> a ticket with a person's label and an AI answer of one moment."""

    def make(people="billing", ai="billing", *, at="2026-11-04 12:00", applied=True, by="person", **values):
        moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
        ticket = Ticket.objects.create(
            customer=erin, subject="S", created=moment, category=category[people], category_by=by,
            priority="high", priority_by=by,
        )  # fmt: skip
        answer(ticket, ai, at=at, applied=applied, **values)
        return ticket

    def answer(ticket, ai, *, at="2026-11-04 12:00", applied=True, **values):
        values = {"model": "deepseek-v3.2", "prompt_version": "1", "priority": "high", "confidence": 0.9} | values
        found = Classification.objects.create(
            ticket=ticket, category=category[ai], source="relay", category_applied=applied, priority_applied=applied,
            created=datetime.fromisoformat(at).replace(tzinfo=UTC), **values,
        )  # fmt: skip
        run = TriageRun.objects.create(
            model=found.model, prompt_version=found.prompt_version, batch_size=20, concurrency=4
        )
        TriageItem.objects.create(run=run, ticket=ticket, classification=found, state="classified")
        return found

    make.answer = answer
    return make
