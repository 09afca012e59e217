"""Inboxes when more has changed than is told one by one, and when it was long on its way into the database."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from tests.assistant.sockets import log_in
from tests.tickets.desk.test_inbox_cut_off import Page
from tests.waiting import in_loop
from tickets import inbox_live
from tickets.inbox_live import Sight, changed_since, recent, watcher
from tickets.models import Ticket
from tickets.sockets import in_thread

pytestmark = pytest.mark.django_db(transaction=True)


@transaction.atomic
def change(*tickets: Ticket) -> None:
    """All at once, the last of them a moment before the others."""
    now = timezone.now()
    Ticket.objects.filter(pk__in=[ticket.pk for ticket in tickets]).update(version=F("version") + 1, updated=now)
    Ticket.objects.filter(pk=tickets[-1].pk).update(updated=now - timedelta(seconds=0.1))


@pytest.fixture
def three_at_most(monkeypatch):
    monkeypatch.setattr(inbox_live, "MOST", 3)


@pytest.fixture
def of_others(erin, accounts):
    return [Ticket.objects.open(erin, f"Refund {n}", team=accounts) for n in range(4)]


@pytest.fixture
def hers(erin, support, of_others):
    ticket = Ticket.objects.open(erin, "It crashes", team=support)
    Ticket.objects.update(updated=timezone.now() - timedelta(hours=1))
    return ticket


def test_who_sees_none_of_the_newest_changes_is_told_that_there_are_more(three_at_most, alice, of_others, hers):
    async def visit(cookie: str) -> None:
        page = Page(cookie)
        await in_loop(lambda: watcher._sockets)
        await in_thread(change)(*of_others, hers)
        await in_loop(lambda: page.told)
        await page.leave()
        assert page.told == [{"type": "inbox.changed", "tickets": [], "more": True}]

    asyncio.run(visit(log_in(alice)))


def test_who_sees_none_of_a_few_changes_is_told_nothing(three_at_most, alice, bob, of_others, hers):
    async def visit(cookie: str, other: str) -> None:
        page, of_bob = Page(cookie), Page(other)
        await in_loop(lambda: len(watcher._sockets) == 2)
        await in_thread(change)(*of_others[:2])
        await in_loop(lambda: of_bob.told)
        await in_thread(change)(hers)
        await in_loop(lambda: page.told)
        for each in (page, of_bob):
            await each.leave()
        assert page.told[0]["tickets"] == [hers.pk]
        assert of_bob.told[0] == {
            "type": "inbox.changed", "tickets": [ticket.pk for ticket in of_others[:2]], "more": False,
        }  # fmt: skip

    asyncio.run(visit(log_in(alice), log_in(bob)))


def test_a_change_that_waited_for_the_lock_of_sqlite_is_told_too(settings, alice, hers):
    longest = settings.DATABASES["default"]["OPTIONS"].get("timeout", 20)
    now = timezone.now()
    Ticket.objects.filter(pk=hers.pk).update(updated=now - timedelta(seconds=longest + 1))
    assert changed_since(alice, now) == [hers.pk]
    assert list(recent(now)) == [hers.pk]


def test_while_much_goes_on_changing_pages_are_told_so_now_and_then_and_at_last():
    one = inbox_live.Watcher()
    told = [one._is_more(tick < 12) for tick in range(30)]
    assert [tick for tick, more in enumerate(told) if more] == [0, 5, 10, 15]


def test_pages_are_not_told_that_more_has_changed_for_others_that_have_left(alice, hers):
    async def visit(cookie: str) -> None:
        watcher._owed, watcher._rest = True, 0  # the last page left while a run changed hundreds a second
        page = Page(cookie)
        await in_loop(lambda: watcher._sockets)
        await in_thread(change)(hers)
        await in_loop(lambda: page.told)
        await page.leave()
        assert page.told[0] == {"type": "inbox.changed", "tickets": [hers.pk], "more": False}

    asyncio.run(visit(log_in(alice)))


def test_who_opens_an_inbox_just_before_changes_are_read_hears_of_them(monkeypatch, alice, bob, of_others, hers):
    monkeypatch.setattr(inbox_live, "TICK_SECONDS", 3600)  # ticks are made by hand

    async def visit(cookie: str, other: str) -> None:
        page = Page(cookie)
        await in_loop(lambda: watcher._sockets)
        known = set(watcher._sockets)
        sight = await in_thread(Sight)(list(known))
        of_bob = Page(other)
        await in_loop(lambda: len(watcher._sockets) == 2)
        await in_thread(change)(of_others[0])
        await watcher._tell(sight, known)
        of_bob.ask(type="ping")
        await in_loop(lambda: of_bob.told and of_bob.told[-1]["type"] == "pong")
        told = of_bob.told
        for each in (page, of_bob):
            await each.leave()
        assert [frame["tickets"] for frame in told if frame["type"] == "inbox.changed"] == [[of_others[0].pk]]

    asyncio.run(visit(log_in(alice), log_in(bob)))
