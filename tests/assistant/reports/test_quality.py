"""The figures on how well the AI labels, and their page."""

import csv
import io
from datetime import date
from decimal import Decimal

import pytest
from django.urls import reverse

from assistant.costs.usage import Period
from assistant.models import TriageItem, TriageRun
from assistant.reports.matrix import Matrix
from assistant.reports.quality import quality
from tickets.models import Category

pytestmark = pytest.mark.django_db
NOVEMBER = Period(date(2026, 11, 1), date(2026, 11, 30))
RANGE = {"period": "range", "first": "2026-11-01", "last": "2026-11-30"}
NAMES = {"a": "A", "b": "B", "c": "C"}


def run_with(**values):
    given = {"model": "deepseek-v3.2", "prompt_version": "1", "batch_size": 20, "concurrency": 4} | values
    return TriageRun.objects.create(**given)


def test_precision_recall_and_agreement_are_as_the_textbook_says():
    matrix = Matrix.of(NAMES, [("a", "a", 8), ("a", "b", 2), ("b", "b", 5), ("b", "a", 1)])
    scores = {score.label: score for score in matrix.scores}
    assert (scores["a"].precision, scores["a"].recall) == (Decimal("88.9"), Decimal("80.0"))
    assert (scores["b"].precision, scores["b"].recall) == (Decimal("71.4"), Decimal("83.3"))
    assert (matrix.total, matrix.agreed, matrix.agreement) == (16, 13, Decimal("81.3"))
    assert "c" not in scores


def test_a_label_the_ai_never_chose_has_no_precision_but_a_recall_of_nothing():
    score = Matrix.of(NAMES, [("a", "b", 3)]).scores[0]
    assert (score.precision, score.recall) == (None, Decimal("0.0"))


def test_the_darkness_of_a_cell_is_its_share_of_the_row():
    rows = Matrix.of(NAMES, [("a", "a", 99), ("a", "b", 1), ("b", "b", 1)]).rows
    assert [[cell.level for cell in row.cells] for row in rows] == [[5, 1], [0, 5]]
    assert [row.total for row in rows] == [100, 1]


def test_answers_are_compared_with_what_people_said_before_or_after(labelled):
    labelled("billing", "billing")
    labelled("billing", "technical")
    labelled("sales", "billing", applied=False)
    labelled("sales", "billing", by="relay")
    found = quality(NOVEMBER)
    assert (found.total.answers, found.total.compared, found.total.agreed) == (4, 3, 1)
    assert found.categories.counts == {
        ("billing", "billing"): 1, ("billing", "technical"): 1, ("sales", "billing"): 1
    }  # fmt: skip
    assert found.priorities.counts == {("high", "high"): 3}


def test_only_applied_categories_can_be_overridden(labelled):
    labelled("billing", "technical")
    labelled("billing", "technical", applied=False)
    labelled("billing", "billing")
    labelled("billing", "billing", by="relay")
    total = quality(NOVEMBER).total
    assert (total.applied, total.overridden, total.override_rate) == (3, 1, Decimal("33.3"))


def test_of_several_applied_answers_the_latest_is_the_one_that_was_overridden(labelled):
    ticket = labelled("billing", "technical", at="2026-11-03 09:00", prompt_version="1")
    labelled.answer(ticket, "sales", at="2026-11-05 09:00", prompt_version="2")
    versions = dict(quality(NOVEMBER).versions)
    assert versions["deepseek-v3.2", "1"].applied == 0
    assert versions["deepseek-v3.2", "2"].overridden == 1


def test_an_undone_answer_is_not_in_the_override_rate(labelled):
    ticket = labelled("billing", "technical")
    TriageItem.objects.filter(ticket=ticket).update(state="undone")
    total = quality(NOVEMBER).total
    assert (total.applied, total.overridden, total.override_rate, total.compared) == (0, 0, None, 1)


def test_an_answer_that_was_stored_again_when_a_sample_was_applied_counts_once(labelled):
    ticket = labelled("billing", "billing", applied=False)
    item = TriageItem.objects.get(ticket=ticket)
    item.classification = labelled.answer(ticket, "billing")
    TriageItem.objects.filter(ticket=ticket).exclude(pk=item.pk).delete()
    item.save()
    assert (quality(NOVEMBER).total.answers, quality(NOVEMBER).categories.total) == (1, 1)


def test_cost_per_1000_is_of_triage_requests_alone_and_counts_the_unknown_at_their_worst(labelled, call):
    labelled()
    labelled()
    run = run_with()
    call("2026-11-04 12:00", model="deepseek-v3.2", kind="triage", run=run, cost=Decimal("0.001"))
    call("2026-11-04 12:00", model="deepseek-v3.2", kind="triage", run=run, state="unknown",
         reserved_cost=Decimal("0.003"))  # fmt: skip
    call("2026-11-04 12:00", model="deepseek-v3.2", kind="triage", run=run_with(trial=True), cost=Decimal(5))
    call("2026-11-04 12:00", kind="draft", cost=Decimal(7))
    call("2026-12-01 00:00", model="deepseek-v3.2", kind="triage", run=run, cost=Decimal(9))
    found = quality(NOVEMBER)
    assert (found.total.cost, found.total.cost_per_1000) == (Decimal("0.004"), Decimal(2))
    assert [key for key, _ in found.versions] == [("deepseek-v3.2", "1")]


def test_an_unknown_price_makes_the_cost_unknown(labelled, call, desk):
    labelled(model="somebody/else")
    call("2026-11-04 12:00", model="somebody/else", kind="triage", run=run_with(model="somebody/else"))
    assert quality(NOVEMBER).total.cost_per_1000 is None
    assert "unknown" in desk.get(reverse("report"), RANGE).content.decode()


def test_weeks_begin_on_monday_and_follow_the_chosen_model(labelled):
    labelled(at="2026-11-08 23:59:59")
    labelled(at="2026-11-09 00:00", model="gpt-4.1")
    assert [week for week, _ in quality(NOVEMBER).weeks] == [date(2026, 11, 2), date(2026, 11, 9)]
    chosen = quality(NOVEMBER, model="gpt-4.1")
    assert [week for week, _ in chosen.weeks] == [date(2026, 11, 9)]
    assert (chosen.total.answers, chosen.categories.total, len(chosen.versions)) == (1, 1, 2)


def test_the_page_shows_each_figure_with_what_it_means(desk, labelled, call):
    labelled("billing", "billing")
    labelled("billing", "technical")
    call("2026-11-04 12:00", model="deepseek-v3.2", kind="triage", run=run_with(), cost=Decimal("0.01"))
    html = desk.get(reverse("report"), RANGE).content.decode()
    for text in (
        "50.0 %",
        "1 of 2 compared",
        "1 of 2 categories",
        "5.00 USD",
        "heat-agrees",
        "Precision:",
        "Recall:",
    ):
        assert text in html


def test_the_page_says_what_to_do_when_there_is_nothing(desk, labelled):
    assert "start a triage run" in desk.get(reverse("report"), RANGE).content.decode()
    labelled(by="relay")
    assert "Nothing to compare yet" in desk.get(reverse("report"), RANGE).content.decode()


def test_the_page_takes_the_same_few_queries_for_any_number_of_answers(desk, labelled, django_assert_max_num_queries):
    for model in ("deepseek-v3.2", "gpt-4.1"):
        for people in ("billing", "technical", "sales"):
            for _ in range(5):
                labelled(people, model=model)
    with django_assert_max_num_queries(10):
        desk.get(reverse("report"), RANGE)


@pytest.mark.parametrize("wrong", [{"model": "nobody"}, {"version": "77"}, {"period": "never"}])
def test_a_wrong_filter_is_answered_with_a_sentence(desk, wrong):
    response = desk.get(reverse("report"), RANGE | wrong)
    assert response.status_code == 400
    assert "field-error" in response.content.decode()
    assert desk.get(reverse("report-csv"), RANGE | wrong).status_code == 400


def rows(response):
    return list(csv.reader(io.StringIO(response.content.decode())))


def test_every_table_can_be_had_as_csv(desk, labelled):
    labelled("billing", "technical")
    heads = {"matrix": "People’s category", "categories": "Category", "versions": "Model", "weeks": "Week from"}
    for table, head in heads.items():
        response = desk.get(reverse("report-csv"), RANGE | {"table": table})
        assert rows(response)[0][0] == head
        assert f"ai-labels-{table}-2026-11-01-to-2026-11-30.csv" in response["Content-Disposition"]
    assert rows(desk.get(reverse("report-csv"), RANGE))[1] == ["billing", "technical", "1"]
    assert desk.get(reverse("report-csv"), RANGE | {"table": "all"}).status_code == 400


def test_formulas_are_neutralised_in_the_csv(desk, labelled):
    labelled(model="=HYPERLINK(1)")
    assert rows(desk.get(reverse("report-csv"), RANGE | {"table": "versions"}))[1][0] == "'=HYPERLINK(1)"


@pytest.mark.parametrize("page", ["report", "report-csv"])
def test_agents_and_strangers_do_not_see_it(client, alice, page):
    assert client.get(reverse(page)).status_code == 302
    client.force_login(alice)
    assert client.get(reverse(page)).status_code == 302


def test_an_inactive_category_that_was_used_is_still_named(labelled):
    labelled("sales", "sales")
    Category.objects.filter(slug="sales").update(active=False)
    assert [row.name for row in quality(NOVEMBER).categories.rows] == [Category.objects.get(slug="sales").name]
