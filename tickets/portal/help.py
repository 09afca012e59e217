"""Public help pages."""

from __future__ import annotations

from collections.abc import Iterable

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.safestring import mark_safe
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from tickets.articles import find
from tickets.models import Article
from tickets.portal.http import portal_page, public
from tickets.text import markdown_to_html

SHOWN, SUGGESTED = 200, 3
QUERY_LENGTH = 200


@require_safe
@public
def index(request: HttpRequest) -> HttpResponse:
    query = request.GET.get("q", "").strip()[:QUERY_LENGTH]
    articles = Article.objects.public().select_related("category")
    listed = find(articles, query, limit=20) if query else _by_category(articles[:SHOWN])
    return portal_page(request, "portal/help.html", section="help", query=query, articles=listed)


@require_safe
@public
def article(request: HttpRequest, slug: str) -> HttpResponse:
    found = Article.objects.public().select_related("category").filter(slug=slug).first()
    if found is None:
        raise Http404("No such article.")
    body = mark_safe(markdown_to_html(found.body))  # noqa: S308  sanitised
    response = portal_page(request, "portal/article.html", section="help", article=found, body=body)
    response["Content-Language"] = found.language
    return response


@require_safe
@public
def suggest(request: HttpRequest) -> HttpResponse:
    """The part of the contact form under its subject, asked for while somebody types."""
    query = request.GET.get("subject", "").strip()[:QUERY_LENGTH]
    articles = find(Article.objects.public(), query, limit=SUGGESTED) if len(query) >= 3 else []
    return portal_page(request, "portal/parts/suggestions.html", articles=articles)


def _by_category(articles: Iterable[Article]) -> list[Article]:
    """In the reader's language first, then by category, those without one last."""

    def place(article: Article) -> tuple[bool, bool, str, str]:
        name = article.category.name if article.category else ""
        return article.language != get_language(), not name, name.casefold(), article.title.casefold()

    return sorted(articles, key=place)
