"""The page of a run."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from assistant.models import TriageItem, TriageRun
from assistant.triage import chunks, runs
from tickets.models import Ticket

pytestmark = pytest.mark.django_db
VERBS = {"pause", "resume", "retry", "cancel", "undo"}


def page(client, run, query=""):
    return client.get(f"{run.get_absolute_url()}{query}").content.decode()


def press(client, run, verb):
    return client.post(f"/admin/assistant/triagerun/{run.pk}/{verb}/", follow=True)


def offered(shown):
    return {verb for verb in VERBS if f'id="run-{verb}"' in shown}


@pytest.mark.parametrize(
    ("values", "verbs"),
    [
        ({"state": "running"}, {"pause", "cancel"}),
        ({"state": "paused"}, {"resume", "cancel"}),
        ({"state": "paused", "classified": 1}, {"resume", "cancel", "undo"}),
        ({"state": "paused", "failed": 1}, {"resume", "retry", "cancel"}),
        ({"state": "done", "classified": 3}, {"undo"}),
        ({"state": "done", "classified": 3, "trial": True}, set()),
        ({"state": "done", "classified": 2, "failed": 1}, {"retry", "undo"}),
        ({"state": "cancelled", "failed": 1}, set()),
        ({"state": "cancelled", "needs_human": 1}, {"undo"}),
        ({"state": "undone", "classified": 3}, set()),
    ],
)
def test_only_what_the_state_allows_is_offered(desk, make_run, values, verbs):
    run = make_run(3)
    TriageRun.objects.filter(pk=run.pk).update(**values)
    assert offered(page(desk, run)) == verbs


def test_pause_resume_and_cancel_by_their_buttons(desk, make_run):
    run = make_run(3)
    runs.start(run, now=timezone.now())
    for verb, state in (("pause", "paused"), ("resume", "running"), ("cancel", "cancelled")):
        press(desk, run, verb)
        run.refresh_from_db()
        assert run.state == state


def test_a_finished_run_says_how_many_of_its_tickets_wait_for_a_person(desk, make_run):
    run = make_run(3)
    Ticket.objects.filter(pk__in=run.items.values("ticket")[:2]).update(needs_review=True)
    TriageRun.objects.filter(pk=run.pk).update(state="running")
    assert "Review them" not in page(desk, run)
    TriageRun.objects.filter(pk=run.pk).update(state="done", classified=3)
    assert "2 of these tickets wait for a person" in page(desk, run)


def test_who_paused_is_said(desk, make_run):
    run = make_run(3)
    runs.start(run, now=timezone.now())
    assert "Paused by Carol." in press(desk, run, "pause").content.decode()


def test_failed_tickets_are_tried_again_by_their_button(desk, bench, relay, make_tickets):
    make_tickets(3)
    relay.set(key="another-key")
    run = bench.run()
    assert (run.state, run.failed) == ("paused", 3)
    assert "Paused by an error." in page(desk, run)
    relay.set(key=None)
    press(desk, run, "retry")
    assert bench.drain(run).classified == 3


def test_what_came_too_late_is_told_as_a_sentence(desk, make_run):
    run = make_run(3)
    runs.start(run, now=timezone.now())
    runs.cancel(run)
    shown = press(desk, run, "pause").content.decode()
    assert "This run is cancelled, so it cannot become paused." in shown


def test_verbs_are_posted_and_known(desk, make_run):
    run = make_run(3)
    assert desk.get(f"/admin/assistant/triagerun/{run.pk}/pause/").status_code == 405
    assert desk.post("/admin/assistant/triagerun/999/pause/").status_code == 404
    assert desk.get("/admin/assistant/triagerun/999/progress/").status_code == 404
    assert desk.get("/admin/assistant/triagerun/999/progress.json").status_code == 404


def test_results_counts_and_categories_are_shown(desk, bench, make_tickets):
    labelled, *_ = make_tickets(4)
    Ticket.objects.filter(pk=labelled.pk).update(category_by="person", priority_by="person")
    run = bench.run()
    shown = page(desk, run)
    assert 'data-show="classified">4</dd>' in shown
    for _slug, name, count in runs.category_counts(run):
        assert f'<th scope="row">{name}</th><td class="run-number">{count}</td>' in shown
    row = shown.split(f'href="/tickets/{labelled.pk}/"')[1].split("</tr>")[0]
    assert row.count("stored only") == 2
    other = shown.split(f'href="/tickets/{labelled.pk + 1}/"')[1].split("</tr>")[0]
    assert "stored only" not in other


def test_the_providers_words_are_shown_in_full(desk, make_run):
    run = make_run(3)
    words = "Incorrect API key provided: <sk-…>. " + "Ask your provider. " * 20
    TriageRun.objects.filter(pk=run.pk).update(state="paused", paused_by="error", pause_reason=words, failed=1)
    item = run.items.first()
    TriageItem.objects.filter(pk=item.pk).update(state="failed", error_code="invalid_key", reason="No such key <x>")
    shown = page(desk, run)
    assert words.replace("<", "&lt;").replace(">", "&gt;") in shown
    assert "Paused by an error." in shown
    assert "No such key &lt;x&gt;" in shown
    assert "<code>invalid_key</code>" in shown


def test_the_cost_stands_beside_the_estimate_and_unknown_is_never_nothing(desk, make_run):
    run = make_run(3)
    TriageRun.objects.filter(pk=run.pk).update(state="running", cost="1.234", estimated_cost="2.5")
    shown = page(desk, run)
    assert "1.23 USD" in shown
    assert "of ≈ 2.50 USD" in shown
    TriageRun.objects.filter(pk=run.pk).update(unpriced_calls=1, estimated_cost=None)
    shown = page(desk, run)
    assert ">unknown</span>" in shown
    assert "of ≈" not in shown


def test_tickets_are_filtered_by_state_and_paged_without_gaps(desk, make_run):
    run = make_run(120)
    TriageRun.objects.filter(pk=run.pk).update(state="running")
    ids = list(run.items.order_by("id").values_list("ticket_id", flat=True))
    run.items.filter(ticket__in=ids[::2]).update(state="failed")
    seen, query = [], "?state=failed"
    while query:
        response = desk.get(f"{run.get_absolute_url()}{query}")
        seen += [item.ticket_id for item in response.context["items"]]
        query = response.context["next_page"] and f"?{response.context['next_page']}"
    assert seen == ids[::2]
    assert len(desk.get(run.get_absolute_url()).context["items"]) == 50


def test_it_is_said_when_nobody_works_on_a_running_run(desk, make_run):
    run = make_run(3)
    now = timezone.now()
    runs.start(run, now=now - timedelta(seconds=10))
    sentence = "No worker is running"
    assert sentence not in page(desk, run)
    run.chunks.update(next_at=now - timedelta(seconds=20))
    assert sentence in page(desk, run)
    assert chunks.claim(now)
    assert sentence not in page(desk, run)


def test_a_dead_worker_is_missed(desk, make_run):
    run = make_run(3)
    now = timezone.now()
    runs.start(run, now=now - timedelta(minutes=5))
    assert chunks.claim(now - timedelta(minutes=2))
    assert "No worker is running" in page(desk, run)


def test_the_json_is_the_progress(desk, bench, make_tickets):
    make_tickets(3)
    run = bench.run()
    answer = desk.get(f"/admin/assistant/triagerun/{run.pk}/progress.json").json()
    found = runs.progress([run.pk])[run.pk]
    assert answer["type"] == "run.progress"
    assert {name: answer[name] for name in ("run", "state", "total", "classified", "cost", "requests", "done")} == {
        "run": run.pk, "state": "done", "total": 3, "classified": 3, "cost": found.cost, "requests": 1, "done": 3,
    }  # fmt: skip


def test_the_page_takes_ten_queries_at_most(desk, bench, make_tickets):
    make_tickets(200)
    run = bench.start(batch_size=50)
    bench.step()
    with CaptureQueriesContext(connection) as queries:
        page(desk, run)
    assert len(queries) <= 10, "\n".join(query["sql"] for query in queries)


def test_it_reloads_itself_where_there_are_no_scripts(desk, make_run):
    run = make_run(3)
    runs.start(run, now=timezone.now())
    assert '<noscript><meta http-equiv="refresh"' in page(desk, run)
    runs.cancel(run)
    assert "<noscript>" not in page(desk, run)


def test_a_draft_goes_to_its_start_page_and_a_row_of_the_list_to_the_run(desk, make_run):
    run = make_run(3)
    assert desk.get(run.get_absolute_url()).url == f"/admin/assistant/triagerun/{run.pk}/start/"
    assert desk.get(f"/admin/assistant/triagerun/{run.pk}/change/").url == run.get_absolute_url()


@pytest.mark.parametrize("end", ["progress/", "progress.json", "change/", ""])
def test_agents_have_no_entry(client, alice, make_run, end):
    run = make_run(3)
    runs.start(run, now=timezone.now())
    client.force_login(alice)
    assert client.get(f"/admin/assistant/triagerun/{run.pk}/{end}").status_code == 302
    press(client, run, "cancel")
    run.refresh_from_db()
    assert run.state == "running"
