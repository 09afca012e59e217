"""The report of a month: its figures, the text, what is marked, and what becomes of failures."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.urls import reverse

from assistant.models import MonthlyReport, RelayCall
from assistant.reports.figures import Figure, Unit, figures_of
from assistant.reports.monthly import ReportError, build_messages, write_report
from assistant.reports.numbers import checked
from tickets.models import Category, Ticket

pytestmark = pytest.mark.django_db
NOVEMBER = date(2026, 11, 1)
AFTER = datetime(2026, 12, 2, 9, tzinfo=UTC)
URL = reverse("monthly-report")


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.fixture
def november(erin, category, labelled, call):
    """Four tickets in, three solved, two answered; two were there the month before."""

    def ticket(created, **values):
        return Ticket.objects.create(customer=erin, subject="S", created=at(created), **values)

    ticket("2026-10-05 10:00", resolved=at("2026-10-06 10:00"))
    ticket("2026-10-31 23:59", resolved=at("2026-11-01 00:00"))
    ticket("2026-11-01 00:00", first_response=at("2026-11-01 00:30"), resolved=at("2026-11-30 23:59"))
    ticket("2026-11-30 23:59", first_response=at("2026-12-01 01:29"), category=category["sales"])
    labelled("billing", "billing", at="2026-11-04 12:00")
    Ticket.objects.filter(category__slug="billing").update(resolved=at("2026-11-05 00:00"))
    labelled("technical", "sales", at="2026-11-04 12:00")
    call("2026-11-04 12:00", cost=Decimal("3.2"))


def by_label(figures):
    return {figure.label: figure for figure in figures}


def test_the_figures_are_of_the_month_in_utc(november):
    found = {label: figure.shown for label, figure in by_label(figures_of(NOVEMBER, AFTER)).items()}
    billing = Category.objects.get(slug="billing").name
    assert found["Tickets in"] == "4"
    assert found["Tickets solved"] == "3"
    assert found["Tickets in the month before"] == "2"
    assert found["Change of tickets in against the month before"] == "100.0 %"
    assert found["Median time to the first response"] == "60 minutes"
    assert found[f"Tickets in the category “{billing}”"] == "1"
    assert found[f"Share of tickets in the category “{billing}”"] == "25.0 %"
    assert found["Tickets without a category"] == "1"
    assert found["Tickets classified by the AI"] == "2"
    assert found["Override rate: AI categories that a person replaced"] == "50.0 %"
    assert found["Cost of all AI work"] == "3.20 USD"


def test_of_a_month_that_is_not_over_nothing_is_compared_with_the_one_before(november):
    labels = by_label(figures_of(NOVEMBER, at("2026-11-20 00:00")))
    assert not [label for label in labels if "month before" in label]


def test_an_unknown_price_makes_the_cost_not_known_and_keeps_it_from_the_relay(november, call):
    call("2026-11-04 12:00", model="somebody/else")
    figures = figures_of(NOVEMBER, AFTER)
    assert by_label(figures)["Cost of all AI work"].shown == "not known"
    assert "Cost of all AI work" not in build_messages(NOVEMBER, figures, True)[1]["content"]


@pytest.mark.parametrize(
    ("minutes", "shown"), [("0.4", "0 minutes"), ("119", "119 minutes"), ("150", "2.5 hours"), ("7200", "5.0 days")]
)
def test_durations_read_in_one_unit(minutes, shown):
    assert Figure("", Unit.MINUTES, Decimal(minutes)).shown == shown


def test_the_report_is_written_on_the_batch_lane_and_kept_with_its_figures(november, relay, carol):
    computed = figures_of(NOVEMBER, AFTER)
    report = write_report(NOVEMBER, user=carol, now=AFTER)
    call = RelayCall.objects.get(kind="report")
    assert (call.state, call.model, call.user, call.cost > 0) == ("settled", "deepseek-v3.2", carol, True)
    assert (report.state, report.call, report.author, report.model) == ("done", call, carol, "deepseek-v3.2")
    assert not relay.books[-1].stream
    figures = [Figure.restored(kept) for kept in report.figures]
    assert figures == list(computed)
    assert "Tickets in: 4." in report.text
    assert not [piece for piece in checked(report.text, figures, NOVEMBER) if piece.stranger]


def test_no_text_of_a_ticket_is_sent(november):
    Ticket.objects.update(subject="SECRET")
    assert "SECRET" not in str(build_messages(NOVEMBER, figures_of(NOVEMBER, AFTER), True))


def test_a_month_without_anything_is_refused_before_any_call(relay):
    with pytest.raises(ReportError, match="nothing to report"):
        write_report(NOVEMBER, user=None, now=AFTER)
    assert not RelayCall.objects.exists() and not MonthlyReport.objects.exists()


def test_the_kill_switch_keeps_the_figures_and_says_so(november, settings, desk):
    settings.AI_ENABLED = False
    with pytest.raises(ReportError, match="AI_ENABLED=0"):
        write_report(NOVEMBER, user=None, now=AFTER)
    kept = MonthlyReport.objects.get()
    assert (kept.state, kept.text) == ("failed", "") and kept.figures
    assert not RelayCall.objects.filter(kind="report").exists()


def test_a_budget_that_is_used_up_is_named(november, relay, settings):
    settings.MONTHLY_BUDGET_USD = Decimal("0.000001")
    with pytest.raises(ReportError, match="monthly AI budget"):
        write_report(NOVEMBER, user=None, now=AFTER)


@pytest.mark.parametrize(("fault", "words"), [("payment", "Insufficient balance"), ("content_filter", "blocked")])
def test_what_the_relay_says_is_kept(november, relay, fault, words):
    relay.set(faults={fault: 1.0})
    with pytest.raises(ReportError, match=words):
        write_report(NOVEMBER, user=None, now=AFTER)
    assert words in MonthlyReport.objects.get().error
    assert RelayCall.objects.get(kind="report").state == "settled"


def test_a_text_that_was_cut_off_is_kept_and_marked(november, relay):
    relay.set(faults={"length": 1.0})
    assert write_report(NOVEMBER, user=None, now=AFTER).cut_off


def test_a_relay_that_never_answers_is_given_up_in_time(november, relay):
    relay.set(faults={"timeout": 1.0})
    with pytest.raises(ReportError, match="No answer within"):
        write_report(NOVEMBER, user=None, now=AFTER, seconds=0.3)
    assert MonthlyReport.objects.get().state == "failed"


def test_two_people_do_not_write_the_same_month_at_once(november, relay):
    MonthlyReport.objects.create(month=NOVEMBER, created=AFTER - timedelta(minutes=1))
    with pytest.raises(ReportError, match="being written right now"):
        write_report(NOVEMBER, user=None, now=AFTER)
    later = AFTER + timedelta(minutes=5)
    assert write_report(NOVEMBER, user=None, now=later).state == "done"
    assert "Interrupted" in MonthlyReport.objects.get(state="failed").error


def this_month():
    return datetime.now(UTC).date().replace(day=1)


def test_the_button_writes_and_the_page_shows_it(desk, relay, ticket):
    month = f"{this_month():%Y-%m}"
    assert "Not written yet." in desk.get(URL, {"month": month}).content.decode()
    html = desk.post(URL, {"month": month}, follow=True).content.decode()
    assert "Tickets in: 1." in html and "<mark>" not in html
    assert "Written by AI (deepseek-v3.2)" in html


def test_a_number_that_is_not_ours_is_marked_in_words_too(desk):
    figures = [Figure("Tickets in", Unit.COUNT, Decimal(5)).kept()]
    text = "We had 5 tickets.\n\nThat is <b>17</b> % more."
    MonthlyReport.objects.create(month=this_month(), state="done", text=text, figures=figures, model="m")
    html = desk.get(URL, {"month": f"{this_month():%Y-%m}"}).content.decode()
    assert '<mark>17</mark> <span class="not-ours">(not among our figures)</span>' in html
    assert "We had 5 tickets." in html and "&lt;b&gt;" in html
    assert "1 number in the text is not among our figures" in html


def test_a_failure_is_told_beside_the_text_that_was_there(desk, settings, ticket):
    settings.AI_ENABLED = False
    MonthlyReport.objects.create(month=this_month(), state="done", text="All quiet.", model="m")
    html = desk.post(URL, {"month": f"{this_month():%Y-%m}"}, follow=True).content.decode()
    assert "The last attempt failed." in html and "AI_ENABLED=0" in html and "All quiet." in html


@pytest.mark.parametrize("month", ["2019-01", "soon"])
def test_a_month_that_is_not_offered_is_answered_with_a_sentence(desk, month):
    response = desk.get(URL, {"month": month})
    assert response.status_code == 400 and "none of the months offered" in response.content.decode()
    assert desk.post(URL, {"month": month}).status_code == 400


def test_the_page_takes_few_queries(desk, django_assert_max_num_queries):
    for _ in range(5):
        MonthlyReport.objects.create(month=this_month(), state="done", text="5", model="m")
    with django_assert_max_num_queries(10):
        desk.get(URL, {"month": f"{this_month():%Y-%m}"})


def test_agents_and_strangers_neither_read_nor_write(client, alice, relay, ticket):
    for _ in range(2):
        assert client.get(URL).status_code == 302
        assert client.post(URL, {"month": f"{this_month():%Y-%m}"}).status_code == 302
        client.force_login(alice)
    assert not MonthlyReport.objects.exists()
