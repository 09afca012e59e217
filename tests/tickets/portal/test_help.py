"""Help pages, the search behind them, and what is suggested while somebody types."""

from __future__ import annotations

import pytest

from tickets.articles import matching_articles
from tickets.models import Article, Ticket


def links(answer) -> str:
    return answer.content.decode().split("<main")[1]


def test_public_articles_are_read_by_anybody_and_no_others(visitor, make_article):
    public = make_article("Refunds", "You get it **back**.<script>alert(1)</script>")
    hidden = [make_article("Margins", public=False), make_article("Not yet", published=False)]
    page = visitor.get(public.public_url)
    assert "<strong>back</strong>" in page.content.decode() and "<script>alert" not in page.content.decode()
    assert [visitor.get(article.public_url).status_code for article in hidden] == [404, 404]
    index = links(visitor.get("/help/"))
    assert "Refunds" in index and "Margins" not in index and "Not yet" not in index


def test_the_search_puts_what_fits_best_first(visitor, make_article):
    make_article("Opening hours", "We also send refunds on Mondays.")
    make_article("How refunds work", "Refunds take five days after we have the parcel.")
    make_article("Refund margins", "Refunds cost us four percent.", public=False)
    answer = visitor.get("/help/", {"q": "where is my refund"})
    titles = [article.title for article in answer.context["articles"]]
    assert titles == ["How refunds work", "Opening hours"]


@pytest.mark.parametrize(
    "query", ['"', "a OR b", "*", "( NOT", "'; DROP TABLE x", "\0", "   ", "ü" * 300, "it is the"]
)
def test_no_search_is_an_error(visitor, make_article, query):
    make_article("Refunds")
    assert visitor.get("/help/", {"q": query}).status_code == 200
    assert visitor.get("/help/suggest/", {"subject": query}).status_code == 200


def test_what_is_typed_as_a_subject_brings_up_to_three_pages(visitor, make_article):
    for n in range(5):
        make_article(f"Invoices, part {n}")
    make_article("Invoices inside", public=False)
    part = visitor.get("/help/suggest/", {"subject": "wrong invoice"}).content.decode()
    assert part.count("<li>") == 3 and "inside" not in part
    assert visitor.get("/help/suggest/", {"subject": "in"}).content.decode().strip() == ""


def test_articles_in_the_readers_language_come_first(visitor, make_article):
    make_article("About us")
    make_article("Zahlung", language="de")
    answer = visitor.get("/help/", headers={"accept-language": "de"})
    assert [[article.title for article in listed] for _heading, listed in answer.context["groups"]] == [
        ["Zahlung"], ["About us"],
    ]  # fmt: skip


def test_a_changed_article_is_found_by_its_new_words_alone(visitor, make_article):
    article = make_article("Refunds", "Cheques are posted.")
    article.body = "Transfers are wired."
    article.save()
    assert visitor.get("/help/", {"q": "cheques"}).context["articles"] == []
    assert visitor.get("/help/", {"q": "transfers"}).context["articles"] == [article]


def test_addresses_are_made_from_titles_and_stay_apart(make_article):
    slugs = [make_article(title).slug for title in ("Getting a refund", "Getting a refund", "Как вернуть")]
    assert slugs == ["getting-a-refund", "getting-a-refund-2", "article"]


def test_a_draft_leans_on_up_to_three_articles_that_share_words_with_the_ticket(erin, alice, make_article):
    ticket = Ticket.objects.open(erin, "My card was charged twice for the invoice of May.", subject="Charged twice")
    good = make_article("Charged twice", "When a card was charged twice, the bank gives one back.", public=False)
    make_article("Shipping", "Parcels leave on Mondays.")
    make_article("Cards", "We take no card.")  # one word in common says little
    make_article("Charged twice, unpublished", "The card was charged twice.", published=False)
    assert matching_articles(ticket, alice) == [good]


def test_agents_read_articles_and_those_with_the_right_write_them(client, alice, carol, make_article):
    article = make_article("Margins", "Four percent.", public=False)
    client.force_login(alice)
    assert "Four percent." in client.get(article.get_absolute_url()).content.decode()
    assert client.get("/articles/new/").status_code == 403
    client.force_login(carol)
    given = {"title": "New", "body": "# Words", "audience": "public", "language": "en", "is_published": "on"}
    client.post("/articles/new/", given)
    written = Article.objects.get(title="New")
    assert (written.author, written.is_public, written.slug) == (carol, True, "new")
    client.post(f"/articles/{written.pk}/edit/", given | {"is_published": ""})
    assert client.get("/help/new/").status_code == 404
    client.logout()
    assert client.get("/articles/").status_code == 302
