import io
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db.models import F, Min

from tickets.access import is_admin, tickets_for
from tickets.demo import cases
from tickets.demo.load import load
from tickets.demo.people import DeskInUse, ensure_staff
from tickets.models import Classification, Customer, Message, SavedReply, Tag, Team, Ticket, TicketEvent
from tickets.models.choices import SetBy, Status

pytestmark = pytest.mark.django_db
NOW = datetime(2024, 6, 1, 9, 0, tzinfo=UTC)


def seed(*arguments):
    out = io.StringIO()
    call_command("seed_demo", *arguments, stdout=out)
    return out.getvalue()


def counts():
    models = (Customer, Ticket, Message, TicketEvent, Classification, Tag, Team, User)
    return [model.objects.count() for model in models]


@pytest.fixture
def staff():
    return ensure_staff()


def test_the_texts_are_five_hundred_in_five_languages_with_a_hundred_labelled():
    assert len(cases()) == len({case.key for case in cases()}) == 500
    assert sum(case.labelled for case in cases()) == 100
    assert set(Counter(case.language for case in cases())) == {"de", "en", "es", "fr", "it"}
    assert all(case.letters[0].sender == "customer" for case in cases())
    assert {case.email.rsplit(".", 1)[1] for case in cases()} <= {"com", "org", "net", "example"}


def test_all_is_seeded_with_three_logins_and_a_second_run_adds_nothing():
    said = seed()
    assert "500 demo tickets added" in said and "collie-demo" in said
    assert all(name in said for name in ("alice", "bob", "carol"))
    before = counts()
    assert "0 demo tickets added" in seed()
    assert counts() == before


def test_fewer_are_an_even_mix_of_languages_and_more_come_later(staff):
    assert load(50, staff, NOW) == 50
    keys = Ticket.objects.values_list("external_id", flat=True)
    assert set(Counter(key[:2] for key in keys).values()) == {10}
    assert load(60, staff, NOW + timedelta(days=1)) == 10


def test_more_than_there_are_is_said():
    assert "There are 500 demo tickets" in seed("--tickets", "501")


@pytest.mark.parametrize("number", ["0", "-3"])
def test_a_number_below_one_is_refused(number):
    with pytest.raises(CommandError, match="number from 1 on") as caught:
        seed("--tickets", number)
    assert caught.value.returncode == 2


def test_the_accounts_have_their_roles(staff, client):
    load(500, staff, NOW)
    assert is_admin(staff.carol) and not is_admin(staff.alice)
    assert tickets_for(staff.alice).count() < 500 and tickets_for(staff.bob).count() < 500
    for user in (staff.alice, staff.bob, staff.carol):
        assert user.check_password("collie-demo")


def test_labelled_cases_were_labelled_and_routed_by_a_person(staff):
    load(500, staff, NOW)
    labelled = Ticket.objects.filter(category_by=SetBy.PERSON)
    assert labelled.count() == Classification.objects.count() == 100
    by_key = {case.key: case for case in cases()}
    for ticket in labelled.select_related("category", "team"):
        case = by_key[ticket.external_id]
        assert (ticket.category.slug, ticket.priority, ticket.priority_by) == (case.category, case.priority, "person")
        assert ticket.team.name == ("Support" if case.category in {"technical", "general"} else "Accounts")
    label = Classification.objects.select_related("author").first()
    assert label.source == SetBy.PERSON and label.author in (staff.alice, staff.bob) and label.applied


def test_the_right_labels_of_the_others_are_nowhere_in_the_database(staff):
    load(500, staff, NOW)
    others = Ticket.objects.exclude(category_by=SetBy.PERSON)
    assert others.count() == 400
    assert set(others.values_list("category", "team", "priority", "priority_by", "tags", "needs_review")) == {
        (None, None, "medium", "unset", None, False)
    }
    assert not Classification.objects.filter(ticket__in=others).exists()
    kinds = TicketEvent.objects.filter(ticket__in=others).values_list("kind", flat=True)
    assert not {"category", "priority", "team", "tags"} & set(kinds)
    right = {case.key: case.category for case in cases()}
    assigned = others.filter(assignee__isnull=False).values_list("external_id", "assignee__username")
    agents_by_category = {(right[key] in {"technical", "general"}, agent) for key, agent in assigned}
    assert len(agents_by_category) == 4  # who is assigned says nothing of the category


def test_times_are_told_from_now_and_fit_together(staff):
    load(500, staff, NOW)
    assert not Message.objects.filter(created__gt=NOW).exists()
    assert not TicketEvent.objects.filter(created__gt=NOW).exists()
    for ticket in Ticket.objects.prefetch_related("messages"):
        thread = [message for message in ticket.messages.all() if message.kind != Message.Kind.NOTE]
        assert ticket.created == thread[0].created and ticket.last_message == thread[-1].created
        assert (ticket.resolved is not None) == (ticket.status in {Status.RESOLVED, Status.CLOSED})


def test_nothing_is_waiting_to_be_sent(staff):
    load(500, staff, NOW)
    assert not Message.objects.filter(delivery=Message.Delivery.QUEUED).exists()


def test_loading_takes_a_fixed_number_of_statements(staff, django_assert_max_num_queries):
    with django_assert_max_num_queries(60):  # SQLite takes some 900 values a statement
        load(100, staff, NOW)


def test_a_desk_in_use_is_refused(carol):
    with pytest.raises(DeskInUse, match="account carol"):
        ensure_staff()
    with pytest.raises(CommandError) as caught:
        seed()
    assert caught.value.returncode == 2
    assert not Ticket.objects.exists() and not User.objects.exclude(pk=carol.pk).exists()


def test_a_demo_that_people_went_on_with_is_kept(staff):
    load(10, staff, NOW)
    User.objects.create_user("frida")
    staff.alice.set_password("my own")
    staff.alice.save()
    Team.objects.filter(name="Support").update(instructions="Ours now.")
    seed("--tickets", "10")
    assert User.objects.get(username="alice").check_password("my own")
    assert Team.objects.get(name="Support").instructions == "Ours now."


def test_customers_are_known_since_their_first_ticket(staff):
    load(500, staff, NOW)
    first = Customer.objects.annotate(first=Min("tickets__created"))
    assert not first.exclude(created=F("first")).exists()


def test_saved_replies_are_there_once_and_their_placeholders_are_known():
    for _ in range(2):
        seed("--tickets", "1")
    assert SavedReply.objects.count() == 4
    for reply in SavedReply.objects.all():
        reply.full_clean()
