"""The API's page under the strict policy, and a token from making to revoking."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


def test_the_apis_page_shows_and_tries_operations_without_a_complaint(browse):
    page = browse("alice")
    page.goto("/api/docs/")
    expect(page.get_by_role("heading", name=re.compile("Collie API"))).to_be_visible()
    page.locator("#operations-me-me_retrieve").get_by_role("button").first.click()
    page.get_by_role("button", name="Try it out").click()
    page.get_by_role("button", name="Execute").click()
    expect(page.locator(".live-responses-table")).to_contain_text('"username": "alice"')


def is_dark(page: Page) -> bool:
    heading = page.get_by_role("heading", name=re.compile("Collie API"))
    expect(heading).to_be_visible()
    ink = heading.evaluate("node => getComputedStyle(node).color")
    ground = page.evaluate("getComputedStyle(document.documentElement).colorScheme")
    assert (min(map(int, re.findall(r"\d+", ink)[:3])) > 128) is (ground == "dark")
    return ground == "dark"


def choose_colours(page: Page, name: str) -> None:
    page.goto("/settings/")
    page.get_by_label(name, exact=True).check()
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_load_state()


def test_the_apis_page_has_the_colours_of_the_system_or_those_that_the_person_chose(browse):
    page = browse("bob")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.goto("/api/docs/")
        assert is_dark(page) is (scheme == "dark")
    choose_colours(page, "Light")
    page.goto("/api/docs/")
    assert not is_dark(page)
    choose_colours(page, "As the system")
    page.goto("/api/docs/")
    assert is_dark(page)


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
