"""Tickets put aside until a moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from tickets.models import Ticket
from tickets.snoozing import monday, tomorrow, wake_due

pytestmark = pytest.mark.django_db


def test_tomorrow_and_monday_begin_at_nine_where_the_agent_is():
    late = datetime(2026, 3, 28, 23, 30, tzinfo=UTC)  # Sunday there already, and the clocks go forward that night
    with timezone.override(ZoneInfo("Europe/Berlin")):
        assert tomorrow(late) == datetime(2026, 3, 30, 7, tzinfo=UTC)
        assert monday(late) == datetime(2026, 3, 30, 7, tzinfo=UTC)
    with timezone.override(ZoneInfo("America/Los_Angeles")):
        assert tomorrow(late) == datetime(2026, 3, 29, 16, tzinfo=UTC)
    assert monday(datetime(2026, 3, 30, 8, tzinfo=UTC)) == datetime(2026, 4, 6, 9, tzinfo=UTC)


def test_a_snoozed_ticket_leaves_the_inbox_and_comes_back_by_itself(as_alice, shown, ticket):
    as_alice.post(f"/tickets/{ticket.pk}/snooze/?status=open", {"until": "tomorrow"})
    ticket.refresh_from_db()
    assert ticket.snoozed_until == tomorrow(timezone.now())
    page = as_alice.get(f"/tickets/{ticket.pk}/").content.decode()
    assert "Snoozed until" in page and "Wake up" in page
    assert shown(as_alice.get("/")) == [] and shown(as_alice.get("/?status=any")) == ["Charged twice"]
    assert wake_due(ticket.snoozed_until - timedelta(seconds=1)) == 0
    ticket.set_status(None, "pending")
    assert wake_due(ticket.snoozed_until) == 1
    ticket.refresh_from_db()
    assert (ticket.snoozed_until, ticket.status) == (None, "open") and shown(as_alice.get("/")) == ["Charged twice"]
    assert list(ticket.events.filter(kind="snooze").values_list("cause", flat=True)) == ["", "its time has come"]
    assert "Back from snooze" in as_alice.get(f"/tickets/{ticket.pk}/").content.decode()


def test_the_customer_and_any_agent_take_it_up_at_once(as_alice, alice, ticket):
    until = timezone.now() + timedelta(days=3)
    ticket.snooze(alice, until)
    ticket.receive("Any news?")
    assert Ticket.objects.get().snoozed_until is None
    ticket.snooze(alice, until)
    as_alice.post(f"/tickets/{ticket.pk}/snooze/", {"until": ""})
    assert Ticket.objects.get().snoozed_until is None
    ticket.snooze(alice, until)
    ticket.set_status(alice, "resolved")
    assert Ticket.objects.get().snoozed_until is None and Ticket.objects.get().status == "resolved"


def test_a_date_is_taken_in_the_agents_time_zone(as_alice, ticket):
    as_alice.cookies["zone"] = "Asia/Tokyo"
    day = timezone.localdate(timezone=ZoneInfo("Asia/Tokyo")) + timedelta(days=5)
    as_alice.post(f"/tickets/{ticket.pk}/snooze/", {"until": f"{day}T08:30"})
    assert Ticket.objects.get().snoozed_until == datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(
        minutes=30
    )


@pytest.mark.parametrize(
    ("until", "sentence"),
    [("soon", "write it as"), ("2020-01-01T09:00", "in the past"), ("2999-01-01T09:00", "more than a year")],
)
def test_a_day_that_cannot_be_is_refused_with_a_sentence(until, sentence, as_alice, ticket):
    refused = as_alice.post(f"/tickets/{ticket.pk}/snooze/", {"until": until})
    assert refused.status_code == 422 and sentence in refused.content.decode()
    assert Ticket.objects.get().snoozed_until is None
