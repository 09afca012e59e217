"""Lists of what the AI did and cost, and the models and prices behind them."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from assistant.models import Draft, RelayCall, RelayModel, RelayPrice, TriageItem, TriageRun
from tickets.models import Classification, Ticket

pytestmark = pytest.mark.django_db
MODELS = ["triagerun", "triageitem", "relaycall", "relaymodel", "relayprice", "draft"]
READ_ONLY = {"triagerun": TriageRun, "triageitem": TriageItem, "relaycall": RelayCall, "draft": Draft}


@pytest.fixture
def rows(make_run, carol):
    """200 of everything."""
    run = make_run(200)
    tickets = list(Ticket.objects.all())
    price = RelayPrice.objects.filter(model__name="gpt-4.1").first()
    found = Classification.objects.bulk_create(
        Classification(ticket=t, source="relay", confidence=0.9) for t in tickets
    )
    for item, classification in zip(run.items.all(), found, strict=True):
        item.classification = classification
        item.save()
    calls = RelayCall.objects.bulk_create(
        RelayCall(
            kind="triage", model="gpt-4.1", base_url=settings.RELAY_BASE_URL, user=carol, run=run, price=price,
            state="settled", cost="0.0012", outcome="ok",
        )
        for _ in tickets
    )  # fmt: skip
    Draft.objects.bulk_create(
        Draft(ticket=ticket, author=carol, model="gpt-4.1", call=call)
        for ticket, call in zip(tickets, calls, strict=True)
    )
    made = RelayModel.objects.bulk_create(RelayModel(name=f"model-{n}") for n in range(200))
    RelayPrice.objects.bulk_create(RelayPrice(model=m, input=1, cached_input=1, output=1) for m in made)
    TriageRun.objects.bulk_create(
        TriageRun(model="m", batch_size=1, concurrency=1, created_by=carol) for _ in range(200)
    )


@pytest.mark.parametrize("model", MODELS)
def test_a_list_takes_ten_queries_at_most(desk, rows, model):
    with CaptureQueriesContext(connection) as queries:
        response = desk.get(f"/admin/assistant/{model}/")
    assert len(response.context["cl"].result_list) >= 50
    assert len(queries) <= 10, "\n".join(query["sql"] for query in queries)


@pytest.mark.parametrize("model", MODELS)
def test_agents_have_no_entry(client, alice, rows, model):
    client.force_login(alice)
    assert client.get(f"/admin/assistant/{model}/").status_code == 302


@pytest.mark.parametrize("model", READ_ONLY)
def test_what_the_machinery_writes_is_only_read(desk, rows, model):
    row = {"triagerun": TriageRun, "triageitem": TriageItem, "relaycall": RelayCall, "draft": Draft}[
        model
    ].objects.last()
    assert desk.get(f"/admin/assistant/{model}/add/").status_code == 403
    assert desk.post(f"/admin/assistant/{model}/{row.pk}/delete/", {"post": "yes"}).status_code == 403
    assert desk.get(f"/admin/assistant/{model}/{row.pk}/change/", follow=True).status_code == 200


def call(**values):
    fields = {"kind": "draft", "model": "gpt-4.1", "base_url": settings.RELAY_BASE_URL, **values}
    return RelayCall.objects.create(**fields)


def test_the_ledger_shows_each_call_and_never_the_key(desk):
    call(state="settled", outcome="ok", cost=Decimal("0.0123456789"), prompt_tokens=1234, completion_tokens=56,
         latency_ms=1500, ttft_ms=300, attempts=2)  # fmt: skip
    failed = call(state="settled", outcome="invalid_key", error="Incorrect key provided.", cost=0, attempts=1)
    reserved = call(reserved_cost=Decimal("0.5"))
    shown = desk.get("/admin/assistant/relaycall/").content.decode()
    for text in ("1,234 · 56", ">0.0123<", "0.0123456789 USD", "1,500 ms", "300 ms", "Incorrect key provided."):
        assert text in shown
    assert "≤ 0.5000" in shown
    assert ">Reserved</span>" in shown
    detail = desk.get(f"/admin/assistant/relaycall/{failed.pk}/change/").content.decode()
    detail += desk.get(f"/admin/assistant/relaycall/{reserved.pk}/change/").content.decode()
    assert settings.RELAY_API_KEY not in shown + detail


@pytest.mark.parametrize(("outcome", "left"), [("ok", {"ok"}), ("failed", {"timeout"}), ("open", {""})])
def test_the_ledger_is_filtered_by_outcome(desk, outcome, left):
    for value in ("ok", "timeout", ""):
        call(outcome=value)
    listed = desk.get(f"/admin/assistant/relaycall/?outcome={outcome}&kind__exact=draft").context["cl"].result_list
    assert {row.outcome for row in listed} == left


def test_an_unknown_cost_is_called_unknown(desk):
    call(state="settled", outcome="ok", model="made-up")
    shown = desk.get("/admin/assistant/relaycall/").content.decode()
    assert '<td class="field-cost_shown">unknown</td>' in shown


def test_the_list_of_models_shows_the_price_of_today_or_unknown(desk):
    model = RelayModel.objects.get(name="gpt-4.1")
    now = timezone.now()
    for days, price in ((-1, "7"), (1, "9")):
        valid_from = now + timedelta(days=days)
        RelayPrice.objects.create(model=model, valid_from=valid_from, input=price, cached_input=1, output=price)
    shown = desk.get("/admin/assistant/relaymodel/").content.decode()
    assert "7.00 · 7.00" in shown
    assert "9.00 · 9.00" not in shown
    assert "unknown" in shown.split(">gpt-3.5-turbo</a>")[1].split("</tr>")[0]


def save_aliases(client, name, aliases):
    model = RelayModel.objects.get(name=name)
    prices = {"prices-TOTAL_FORMS": model.prices.count(), "prices-INITIAL_FORMS": model.prices.count()}
    form = {"name": name, "aliases": aliases, "best_for": "", "response_format": "prompt", "enabled": "on", **prices}
    response = client.post(f"/admin/assistant/relaymodel/{model.pk}/change/", form)
    model.refresh_from_db()
    return response, model


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("one, two ,one,, ", ["one", "two"]),
        ('["one", "two"]', ["one", "two"]),
        ("", []),
        ("gpt-4.1-mini", ["gpt-4.1-mini"]),
    ],
)
def test_aliases_are_typed_with_commas_or_as_a_list(desk, typed, stored):
    assert save_aliases(desk, "gpt-4.1", typed)[1].aliases == stored


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ('["one"', "Write the names with commas"),
        ("[1, 2]", "Write the names with commas"),
        ('{"one": 1}', "Write the names with commas"),
        ("claude-3", "claude-3 already stands for the model claude-sonnet-4.5."),
        ("gemini-2.5-flash", "gemini-2.5-flash already stands for the model gemini-2.5-flash."),
        ("gpt-4.1", "A model needs no alias of its own name."),
    ],
)
def test_an_alias_that_can_not_be_is_refused_with_a_sentence(desk, typed, sentence):
    before = RelayModel.objects.get(name="gpt-4.1").aliases
    response, model = save_aliases(desk, "gpt-4.1", typed)
    assert sentence in response.content.decode()
    assert model.aliases == before


def test_a_new_price_is_a_new_row(desk):
    model = RelayModel.objects.get(name="gpt-3.5-turbo")
    form = {"model": model.pk, "valid_from_0": "2026-01-01", "valid_from_1": "00:00:00", "input": "0.5",
            "cached_input": "0.1", "output": "1.5"}  # fmt: skip
    assert desk.post("/admin/assistant/relayprice/add/", form).status_code == 302
    assert RelayPrice.current("gpt-3.5-turbo", timezone.now()).output == Decimal("1.5")
    refused = desk.post("/admin/assistant/relayprice/add/", {**form, "valid_from_0": "2026-02-01", "input": "-1"})
    assert "A price is 0 or more." in refused.content.decode()


def test_a_price_is_never_changed_and_kept_when_a_call_was_paid_at_it(desk):
    used, unused = RelayPrice.objects.order_by("id")[:2]
    call(price=used)
    desk.post(f"/admin/assistant/relayprice/{used.pk}/change/", {"input": "99"})
    assert RelayPrice.objects.get(pk=used.pk).input == used.input
    assert desk.post(f"/admin/assistant/relayprice/{used.pk}/delete/", {"post": "yes"}).status_code == 403
    assert desk.post(f"/admin/assistant/relayprice/{unused.pk}/delete/", {"post": "yes"}).status_code == 302
    assert set(RelayPrice.objects.filter(pk__in=[used.pk, unused.pk])) == {used}
