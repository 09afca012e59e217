"""A run taken back: what it replaced is there again, what was changed since stays."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from assistant.models import TriageItem, TriageRun
from assistant.triage import chunks, runs
from assistant.triage import undo as undo_module
from assistant.triage.work import process_chunk
from tickets.models import Category, Classification, Team, Ticket, TicketEvent

pytestmark = pytest.mark.django_db
LABELS = ["category", "category_by", "priority", "priority_by", "team", "team_by", "needs_review"]


def labels(tickets=None):
    chosen = Ticket.objects.all() if tickets is None else Ticket.objects.filter(pk__in=[t.pk for t in tickets])
    return list(chosen.order_by("pk").values("pk", *LABELS))


def slug(name):
    return Category.objects.get(slug=name)


def test_what_a_run_replaced_is_there_again(bench, make_tickets, support, accounts, carol):
    first, second, *_ = make_tickets(45)
    first.label(carol, category=slug("sales"))
    Ticket.objects.filter(pk=second.pk).update(
        category=slug("general"), category_by="rule", priority="low", team=support
    )
    before = labels()
    run = bench.run()
    assert labels() != before
    assert run.restored == 0
    assert runs.undo(run, carol, bench.clock()) == runs.Undone(restored=45, left=0)
    assert labels() == before
    assert (run.state, run.restored, run.kept) == ("undone", 45, 0)
    assert set(run.items.values_list("state", flat=True)) == {"undone"}


def test_every_change_back_is_an_event_with_its_cause_and_the_history_stays(bench, make_tickets, support, carol):
    make_tickets(4)
    run = bench.run()
    history = list(Classification.objects.order_by("pk").values())
    forth = TicketEvent.objects.filter(cause=run.cause).count()
    runs.undo(run, carol, bench.clock())
    assert list(Classification.objects.order_by("pk").values()) == history
    back = TicketEvent.objects.filter(cause=f"undo of triage run {run.pk}")
    assert back.count() == forth > 4
    assert set(back.values_list("actor", flat=True)) == {carol.pk}
    for event in TicketEvent.objects.filter(cause=run.cause):
        assert back.filter(ticket=event.ticket, kind=event.kind, old=event.new, new=event.old).count() == 1


def test_what_a_person_changed_since_stays_field_by_field(bench, make_tickets, support, accounts, alice, carol):
    billing, technical, sales, general = make_tickets(4)
    run = bench.run()
    for ticket in (billing, technical, sales):
        ticket.refresh_from_db()
    billing.label(alice, category=slug("general"))
    technical.label(alice, priority=technical.priority)
    sales.move(alice, support)
    undone = runs.undo(run, carol, bench.clock())
    assert (undone.restored, undone.left) == (1, 3)
    for ticket in (billing, technical, sales, general):
        ticket.refresh_from_db()
    assert (billing.category.slug, billing.category_by, billing.priority_by) == ("general", "person", "unset")
    assert (technical.category, technical.priority_by) == (None, "person")
    assert (sales.category, sales.priority_by, sales.team, sales.team_by) == (None, "unset", support, "person")
    assert (general.category, general.team) == (None, None)
    left = run.items.filter(error_code="changed_since")
    assert set(left.values_list("ticket", flat=True)) == {billing.pk, technical.pk, sales.pk}


def test_what_a_later_run_set_stays_until_that_is_undone_too(bench, make_tickets, carol):
    make_tickets(5)
    before = labels()
    first, second = bench.run(), bench.run()
    between = labels()
    assert runs.undo(first, carol, bench.clock()) == runs.Undone(restored=0, left=5)
    assert labels() == between
    assert runs.undo(second, carol, bench.clock()) == runs.Undone(restored=5, left=0)
    assert labels() == before


def test_two_runs_undone_the_last_one_first(bench, make_tickets, carol):
    make_tickets(5)
    before = labels()
    first = bench.run()
    between = labels()
    second = bench.run()
    runs.undo(second, carol, bench.clock())
    assert labels() == between
    runs.undo(first, carol, bench.clock())
    assert labels() == before


def test_reviews_asked_for_are_ended_unless_a_person_was_there(bench, make_tickets, relay, alice, carol):
    tickets = make_tickets(4)
    relay.set(faults={"confidence_words": 1.0})
    run = bench.run()
    assert Ticket.objects.filter(needs_review=True).count() == run.needs_human == 4
    tickets[0].refresh_from_db()
    tickets[0].label(alice, category=slug("sales"), priority="high")
    assert runs.undo(run, carol, bench.clock()) == runs.Undone(restored=3, left=1)
    assert not Ticket.objects.filter(needs_review=True).exists()


def test_low_confidence_put_into_review_is_taken_out_again(bench, make_tickets, settings, carol):
    make_tickets(3)
    settings.TRIAGE_MIN_CONFIDENCE = 1.01
    run = bench.run()
    assert runs.undo(run, carol, bench.clock()) == runs.Undone(restored=3, left=0)
    assert not Ticket.objects.filter(needs_review=True).exists()


def test_labels_of_people_are_neither_changed_nor_counted(bench, make_tickets, alice, carol):
    own, _ = make_tickets(2)
    own.label(alice, category=slug("sales"), priority="low")
    run = bench.run()
    assert runs.undo(run, carol, bench.clock()) == runs.Undone(restored=1, left=0)
    own.refresh_from_db()
    assert (own.category.slug, own.priority, own.category_by) == ("sales", "low", "person")


def test_a_category_and_a_team_deleted_since_are_not_brought_back(bench, make_tickets, carol):
    (ticket,) = make_tickets(1)
    old = Category.objects.create(slug="old", name="Old", active=False)
    team = Team.objects.create(name="Old team")
    accounts = Team.objects.create(name="Accounts")
    accounts.categories.set(Category.objects.filter(slug="billing"))
    Ticket.objects.filter(pk=ticket.pk).update(category=old, category_by="rule", team=team, team_by="rule")
    run = bench.run()
    old.delete()
    team.delete()
    runs.undo(run, carol, bench.clock())
    ticket.refresh_from_db()
    assert (ticket.category, ticket.category_by, ticket.team, ticket.team_by) == (None, "unset", None, "unset")


@pytest.mark.parametrize("end", ["pause", "cancel"])
def test_a_run_that_is_not_over_is_undone_and_an_answer_under_way_is_dropped(bench, make_tickets, carol, end):
    make_tickets(40)
    before = labels()
    run = bench.start()
    bench.step()
    lease = chunks.claim(bench.clock())
    getattr(runs, end)(run)
    assert runs.undo(run, carol, bench.clock()) == runs.Undone(restored=20, left=0)
    process_chunk(lease, bench.worker)
    assert labels() == before
    assert set(run.items.values_list("state", flat=True)) == {"undone"}
    assert run.classified == 20


def test_the_worker_does_in_turns_what_a_click_has_asked_for_and_names_who_clicked(
    bench, make_tickets, carol, monkeypatch
):
    make_tickets(25)
    before = labels()
    run = bench.run(batch_size=50)
    monkeypatch.setattr(undo_module, "BATCH", 10)
    runs.begin_undo(run, carol)
    assert (run.state, run.undo_left, run.undo_by) == ("undone", 25, carol)
    assert Ticket.objects.exclude(category=None).count() == 25
    one_batch = iter([0.0, 0.0, 99.0])
    assert undo_module.undo_some(bench.clock(), clock=lambda: next(one_batch))
    run.refresh_from_db()
    assert (run.undo_left, run.restored) == (15, 10)
    assert not undo_module.undo_some(bench.clock())
    run.refresh_from_db()
    assert (run.undo_left, run.restored, run.kept) == (None, 25, 0)
    assert labels() == before
    back = TicketEvent.objects.filter(cause=f"undo of triage run {run.pk}")
    assert set(back.values_list("actor", flat=True)) == {carol.pk}
    assert not undo_module.undo_some(bench.clock())


def test_an_undo_that_died_goes_on_where_it_stopped_and_counts_all(bench, make_tickets, carol, monkeypatch):
    make_tickets(25)
    before = labels()
    run = bench.run(batch_size=50)
    monkeypatch.setattr(undo_module, "BATCH", 10)
    batch, done = undo_module._undo_batch, []

    def dies(*args):
        if len(done) == 1:
            raise KeyboardInterrupt
        done.append(1)
        return batch(*args)

    monkeypatch.setattr(undo_module, "_undo_batch", dies)
    with pytest.raises(KeyboardInterrupt):
        runs.undo(run, carol, bench.clock())
    monkeypatch.setattr(undo_module, "_undo_batch", batch)
    half = TriageRun.objects.get(pk=run.pk)
    assert (half.state, half.restored, half.undo_left) == ("undone", 10, 15)
    assert runs.undo(run, carol, bench.clock()) == runs.Undone(restored=25, left=0)
    assert labels() == before


def test_two_runs_are_undone_one_after_the_other(bench, make_tickets, carol):
    made = [bench.run(Ticket.objects.filter(pk__in=[ticket.pk for ticket in make_tickets(3)])) for _ in range(2)]
    for run in made:
        runs.begin_undo(run, carol)
    assert not undo_module.undo_some(bench.clock())
    assert not Ticket.objects.exclude(category=None).exists()


@pytest.mark.parametrize("state", ["draft", "sampled", "running"])
def test_what_is_not_over_is_not_undone(bench, make_tickets, carol, state):
    make_tickets(2)
    run = bench.run()
    TriageRun.objects.filter(pk=run.pk).update(state=state)
    with pytest.raises(runs.RunError, match="cannot become undone"):
        runs.undo(run, carol, bench.clock())
    assert not TriageItem.objects.filter(state="undone").exists()


def test_an_undone_run_stays_undone(bench, make_tickets, carol):
    make_tickets(2)
    run = bench.run()
    runs.undo(run, carol, bench.clock())
    for verb in (runs.resume, runs.cancel, runs.pause, lambda run: runs.undo(run, carol, bench.clock())):
        with pytest.raises(runs.RunError):
            verb(run)


def test_a_batch_takes_about_as_many_queries_for_5_as_for_50_tickets(bench, make_tickets, carol):
    counts = []
    for number in (5, 50):
        tickets = make_tickets(number)
        run = bench.run(Ticket.objects.filter(pk__in=[ticket.pk for ticket in tickets]))
        with CaptureQueriesContext(connection) as queries:
            runs.undo(run, carol, bench.clock())
        counts.append(len(queries))
    assert counts[1] - counts[0] <= 3, counts
