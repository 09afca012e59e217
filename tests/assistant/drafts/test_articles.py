"""Articles as what a draft stands on: in the prompt, on the page, cited in the text."""

from __future__ import annotations

import json

from django.utils import timezone

from assistant.drafts.prompt import reply_messages
from assistant.drafts.sources import sources_for
from assistant.simulator.compose import compose
from assistant.simulator.prompt import read_prompt
from tickets.models import Article


def article(
    title: str, *, public: bool, body: str = "When a card was charged twice, the bank returns one."
) -> Article:
    audience = Article.Audience.PUBLIC if public else Article.Audience.INTERNAL
    return Article.objects.create(title=title, body=body, audience=audience, published=timezone.now())


def prompt_of(ticket, alice) -> tuple[str, dict]:
    sources = sources_for(ticket, alice)
    system, user = (
        message["content"] for message in reply_messages(ticket, instruction="", tone="brief", sources=sources)
    )
    return system, json.loads(user.split("\n", 3)[3].rsplit("\n", 1)[0])


def test_up_to_three_articles_are_sources_with_numbers_and_links(ticket, alice, settings):
    settings.SITE_URL = "https://help.example.com"
    public = article("Charged twice", public=True)
    inside = article("Charged twice, inside", public=False)
    for n in range(3):
        article(f"A card, and an invoice {n}", public=True, body="Wrong invoices.")
    sources = sources_for(ticket, alice)
    assert len(sources) == 3 and [source.number for source in sources] == [1, 2, 3]
    by_title = {source.title: source for source in sources}
    assert by_title[public.title].link == f"https://help.example.com/help/{public.slug}/"
    assert by_title[inside.title].link == "" and by_title[inside.title].url == f"/articles/{inside.pk}/"
    assert by_title[public.title].for_page["label"].startswith("[")


def test_the_prompt_says_how_to_cite_only_where_there_is_an_article(ticket, alice):
    bare, _data = prompt_of(ticket, alice)
    article("Charged twice", public=True)
    system, data = prompt_of(ticket, alice)
    assert "[1]: LINK" in system and "[1]: LINK" not in bare
    assert data["sources"][0]["number"] == 1 and "the bank returns one" in data["sources"][0]["text"]


def test_the_simulated_relay_cites_what_it_was_given(ticket, alice, settings):
    settings.SITE_URL = "https://help.example.com"
    found = article("Charged twice", public=True)
    messages = reply_messages(ticket, instruction="", tone="brief", sources=sources_for(ticket, alice))
    text = compose(read_prompt(list(messages)), 1)
    assert " [1]." in text and text.endswith(f'[1]: https://help.example.com/help/{found.slug}/ "Charged twice"')
