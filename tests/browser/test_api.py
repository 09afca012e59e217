"""The API's page under the strict policy, and a token from making to revoking."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


def test_the_apis_page_shows_and_tries_operations_without_a_complaint(browse):
    page = browse("alice")
    page.goto("/api/docs/")
    expect(page.get_by_role("heading", name=re.compile("Collie API"))).to_be_visible()
    page.locator("#operations-me-me_retrieve").get_by_role("button").first.click()
    page.get_by_role("button", name="Try it out").click()
    page.get_by_role("button", name="Execute").click()
    expect(page.locator(".live-responses-table")).to_contain_text('"username": "alice"')


def test_a_token_is_made_shown_once_and_revoked(browse):
    page = browse("alice")
    page.goto("/settings/tokens/")
    page.get_by_label("Name").fill("Night report")
    page.get_by_role("button", name="Make a token").click()
    expect(page.get_by_label("The new token")).to_have_value(re.compile("^collie_[0-9a-f]{64}$"))
    page.goto("/settings/tokens/")
    expect(page.get_by_label("The new token")).to_have_count(0)
    page.get_by_role("button", name="Revoke Night report").click()
    expect(page.get_by_role("cell", name="Night report")).to_have_count(0)
