"""The whole queue classified from the admin, watched as an admin watches it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser
# Milliseconds for a run over all tickets: those of other tests are among them, and some are asked about one by one.
TO_ITS_END = 120_000


def choose_all(page: Page) -> int:
    """Select every ticket beyond the page too and ask for “Classify with AI…”; how many that are."""
    page.goto("/admin/tickets/ticket/")
    page.get_by_role("checkbox", name="Select all").check()
    across = page.get_by_text(re.compile("^Select all [0-9]+ tickets$"))
    total = int(re.search("[0-9]+", across.inner_text())[0])
    across.click()
    page.locator("select[name=action]").select_option(label="Classify with AI…")
    page.get_by_role("button", name="Go").click()
    expect(page.get_by_role("heading", name=f"Classify {total} tickets with AI")).to_be_visible()
    return total


def figure(page: Page, name: str) -> int:
    return int(page.locator(f"#run [data-show='{name}']").first.inner_text().replace(",", ""))


def test_an_admin_classifies_the_whole_queue_and_watches_it_end(browse, stack):
    carol = browse("carol")
    heard, polls = [], []
    carol.on("websocket", lambda socket: socket.on("framereceived", lambda frame: heard.append((socket.url, frame))))
    carol.on("request", lambda request: "progress.json" in request.url and polls.append(request.url))
    total = choose_all(carol)
    assert total == stack.rows("SELECT count(*) FROM tickets_ticket")[0][0]
    estimate = carol.locator(".run-figures").first
    for part in ("Requests", "Tokens in", "Tokens out", "Time", "USD"):
        expect(estimate).to_contain_text(part)
    carol.get_by_label("Tickets in one request").fill("5")
    carol.get_by_role("button", name="Start").click()
    expect(carol.locator("#run-bar")).to_be_visible()
    expect(carol.locator("[data-show=done]")).not_to_have_text("0")
    part_done = figure(carol, "done")
    assert 0 < part_done < total
    address = carol.url
    carol.goto("/admin/")
    carol.goto(address)
    expect(carol.locator("#run-head")).to_contain_text("Done", timeout=TO_ITS_END)
    expect(carol.locator("#run [data-show='done']").first).to_have_text(f"{total:,}")
    assert figure(carol, "done") == figure(carol, "total") == total
    assert figure(carol, "classified") + figure(carol, "needs_human") == total and figure(carol, "failed") == 0
    assert carol.locator("#run-bar").evaluate("bar => bar.value / bar.max") == 1
    expect(carol.locator(".run-items tbody tr")).to_have_count(50)
    expect(carol.locator(".run-items tbody tr").first.locator(".run-reason")).not_to_be_empty()
    expect(carol.locator("#run-categories")).to_contain_text("Billing")
    assert any("/ws/triage-runs/" in url and '"run.progress"' in frame for url, frame in heard) and polls == []
    run = stack.rows("SELECT * FROM assistant_triagerun ORDER BY id DESC LIMIT 1")[0]
    assert (run["state"], run["total"], run["failed"]) == ("done", total, 0)
    labels = stack.rows(
        "SELECT count(*), count(DISTINCT ticket_id) FROM assistant_triageitem WHERE run_id = ?", run["id"]
    )
    assert tuple(labels[0]) == (total, total)


def test_the_bar_moves_by_itself_a_run_is_paused_resumed_and_cancelled(browse, stack):
    carol = browse("carol")
    total = choose_all(carol)
    carol.get_by_label("Tickets in one request").fill("1")
    carol.get_by_label("Requests at once").fill("2")
    carol.get_by_role("button", name="Start").click()
    expect(carol.locator("[data-show=done]")).not_to_have_text("0")
    carol.get_by_role("button", name="Pause").click()
    expect(carol.locator("#run-notices")).to_contain_text("Paused by Carol")
    carol.get_by_role("button", name="Resume").click()
    expect(carol.locator("#run-head")).to_contain_text("Running")
    carol.get_by_role("button", name="Cancel the run").click()
    expect(carol.locator("#run-head")).to_contain_text("Cancelled")
    assert 0 < figure(carol, "done") < total


def test_nothing_is_classified_unless_started(browse, stack):
    carol = browse("carol")
    before = stack.rows("SELECT count(*) FROM assistant_relaycall WHERE kind = 'triage'")[0][0]
    choose_all(carol)
    carol.get_by_role("button", name="Cancel").click()
    expect(carol.locator(".messagelist")).to_contain_text("Nothing was classified.")
    assert stack.rows("SELECT count(*) FROM assistant_relaycall WHERE kind = 'triage'")[0][0] == before


def test_a_sample_is_looked_at_then_all_is_run_and_undone(browse, stack):
    carol = browse("carol")
    labels = "SELECT id, category_id, category_by, priority, priority_by, team_id FROM tickets_ticket ORDER BY id"
    before = [tuple(row) for row in stack.rows(labels)]
    total = choose_all(carol)
    carol.get_by_role("button", name="Try a sample first").click()
    expect(carol.get_by_text("No ticket has been changed.")).to_be_visible()
    rows = carol.locator(".run-sample tbody tr")
    assert 0 < rows.count() < total
    expect(carol.locator("#sample-changed")).to_be_visible()
    expect(rows.first.locator(".run-reason")).not_to_be_empty()
    assert [tuple(row) for row in stack.rows(labels)] == before
    carol.get_by_role("button", name="Apply sample and run all").click()
    expect(carol.locator("#run-head")).to_contain_text("Done", timeout=TO_ITS_END)
    expect(carol.locator("#run [data-show='done']").first).to_have_text(f"{total:,}")
    assert figure(carol, "done") == total
    carol.get_by_role("button", name="Undo all…").click()
    carol.get_by_role("button", name="Undo all").click()
    expect(carol.locator("#run-head")).to_contain_text("Undone")
    expect(carol.locator("#run-notices")).to_contain_text(re.compile("[1-9][0-9]* tickets are as they were before"))
    expect(carol.locator("#run-notices")).not_to_contain_text("Being undone")
    assert [tuple(row) for row in stack.rows(labels)] == before
