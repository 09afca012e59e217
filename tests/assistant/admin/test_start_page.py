"""The page that says what a run will cost, and starts it."""

import re
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from assistant.admin.shown import duration, whole
from assistant.costs.money import usd
from assistant.models import TriageRun
from assistant.triage.estimate import estimate, estimates_by_model
from tickets.models import Ticket

pytestmark = pytest.mark.django_db
MODEL = {"model": "deepseek-v3.2", "other_model": ""}
GIVEN = {**MODEL, "batch_size": "20", "concurrency": "4", "rpm": "", "max_cost": ""}


def address(run):
    return f"/admin/assistant/triagerun/{run.pk}/start/"


def page(client, run):
    return client.get(address(run)).content.decode()


def press(client, run, button="start", **changes):
    return client.post(address(run), {**GIVEN, **changes, button: ""})


def test_the_figures_are_those_of_the_estimate(desk, make_run):
    run = make_run(45)
    found = estimate(run)
    shown = page(desk, run)
    for figure in (
        whole(found.requests), f"≈ {whole(found.prompt_tokens)}", f"≈ {whole(found.completion_tokens)}",
        f"≈ {duration(found.seconds)}", f"≈ {usd(found.cost)}",
    ):  # fmt: skip
        assert f"<dd>{figure}</dd>" in shown
    assert "Classify 45 tickets with AI" in shown


def test_every_enabled_model_is_offered_with_its_own_cost_and_an_unknown_price_is_said(desk, make_run):
    run = make_run(5)
    shown = page(desk, run)
    listed = estimates_by_model(run)
    assert len(listed) == 6
    for model, found in listed:
        row = shown.split(f'value="{model.name}"')[1].split("</tr>")[0]
        assert f"<strong>{'unknown' if found.cost is None else '≈ ' + usd(found.cost)}</strong>" in row
        assert model.best_for in row
    assert "0.00 USD" not in shown


def test_tickets_labelled_by_people_are_counted(desk, make_run):
    run = make_run(5)
    chosen = list(run.items.values_list("ticket_id", flat=True))
    Ticket.objects.filter(pk=chosen[0]).update(category_by="person")
    Ticket.objects.filter(pk=chosen[1]).update(priority_by="person")
    assert "2 are labelled by a person" in page(desk, run)


def test_start_keeps_what_was_chosen_and_goes_to_the_run(desk, make_run):
    run = make_run(25)
    response = press(desk, run, model="gpt-4.1", batch_size="10", concurrency="2", rpm="30", max_cost="1.5")
    assert response.url == run.get_absolute_url()
    run.refresh_from_db()
    assert (run.state, run.model, run.batch_size, run.concurrency, run.rpm) == ("running", "gpt-4.1", 10, 2, 30)
    assert run.max_cost == Decimal("1.5")
    assert run.chunks.count() == 3
    assert run.estimated_cost == estimate(run).cost


def test_the_estimate_follows_the_fields_without_starting(desk, make_run):
    run = make_run(40)
    response = press(desk, run, "estimate", batch_size="5")
    assert response.url == address(run)
    assert "<dd>8</dd>" in page(desk, run)
    run.refresh_from_db()
    assert run.state == "draft"


def test_enter_in_a_field_starts_nothing(desk, make_run):
    """Browsers press a form's first button then."""
    run = make_run()
    buttons = re.findall(r'<button [^>]*name="(\w+)"', page(desk, run))
    assert buttons == ["estimate", "start", "sample", "cancel"]


def test_an_unknown_model_passes_through_and_an_alias_becomes_its_model(desk, make_run):
    run, other = make_run(), make_run()
    press(desk, run, model="", other_model=" made-up-7b ")
    press(desk, other, model="", other_model="gpt-4-turbo")
    run.refresh_from_db()
    other.refresh_from_db()
    assert (run.model, run.estimated_cost, other.model) == ("made-up-7b", None, "gpt-4.1")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"batch_size": "0"}, "greater than or equal to 1"),
        ({"batch_size": "-3"}, "greater than or equal to 1"),
        ({"batch_size": "101"}, "less than or equal to 100"),
        ({"concurrency": "many"}, "Enter a whole number."),
        ({"rpm": "0"}, "greater than or equal to 1"),
        ({"max_cost": "abc"}, "Enter a number."),
        ({"max_cost": "-1"}, "greater than or equal to 0.0001"),
        ({"model": "", "other_model": " "}, "Choose a model, or write the name of another."),
        ({"model": "", "other_model": "made-up", "max_cost": "1"}, "The price of made-up is not known"),
        ({"model": "gpt-3.5-turbo", "max_cost": "1"}, "The price of gpt-3.5-turbo is not known"),
    ],
)
def test_bad_input_is_told_and_nothing_typed_is_lost(desk, make_run, changes, sentence):
    run = make_run()
    given = {"rpm": "77", **changes}
    shown = press(desk, run, **given).content.decode()
    assert sentence in shown
    for name, value in given.items():
        assert name == "model" or f'value="{value}"' in shown
    run.refresh_from_db()
    assert (run.state, run.batch_size, run.rpm) == ("draft", 20, None)


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [("RELAY_API_KEY", "", "No relay key is set"), ("AI_ENABLED", False, "AI is switched off")],
)
def test_without_a_key_or_with_ai_off_start_is_refused(desk, make_run, settings, name, value, sentence):
    setattr(settings, name, value)
    run = make_run()
    assert sentence in page(desk, run)
    shown = press(desk, run, batch_size="7").content.decode()
    assert shown.count(sentence) == 1
    assert 'value="7"' in shown
    run.refresh_from_db()
    assert (run.state, run.batch_size) == ("draft", 20)


def test_cancel_classifies_nothing(desk, make_run):
    run = make_run()
    assert press(desk, run, "cancel").url == "/admin/tickets/ticket/"
    run.refresh_from_db()
    assert run.state == "cancelled"


def test_a_run_is_started_once(desk, make_run):
    run = make_run()
    press(desk, run)
    assert press(desk, run, model="gpt-4.1").url == run.get_absolute_url()
    run.refresh_from_db()
    assert (run.model, run.chunks.count(), TriageRun.objects.count()) == ("deepseek-v3.2", 1, 1)


def test_agents_and_strangers_have_no_entry(client, alice, make_run):
    run = make_run()
    assert client.get(address(run)).url.startswith("/admin/login/")
    client.force_login(alice)
    assert client.get(address(run)).status_code == 302
    press(client, run)
    run.refresh_from_db()
    assert run.state == "draft"


def test_the_page_takes_as_many_queries_for_many_tickets_as_for_few(desk, make_run):
    few, many = make_run(3), make_run(200)
    counts = []
    for run in (few, many):
        with CaptureQueriesContext(connection) as queries:
            page(desk, run)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 10
