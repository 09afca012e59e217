"""Public help pages."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.safestring import mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _
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
    if query:
        found = find(articles, query, limit=20)
        return portal_page(request, "portal/help.html", section="help", query=query, articles=found)
    groups = _groups(articles[:SHOWN])
    return portal_page(request, "portal/help.html", section="help", groups=groups)


@require_safe
@public
def article(request: HttpRequest, slug: str) -> HttpResponse:
    found = Article.objects.public().select_related("category").filter(slug=slug).first()
    if found is None:
        raise Http404(_("No such article."))
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


def _groups(articles: Iterable[Article]) -> list[tuple[str, list[Article]]]:
    """What is in the reader's language by category, what has none after that, other languages last."""
    groups: defaultdict[tuple[int, str], list[Article]] = defaultdict(list)
    for article in articles:
        foreign = article.language != get_language()
        name = article.category.name if article.category and not foreign else ""
        groups[2 if foreign else int(not name), name].append(article)
    headings = {1: _("More"), 2: _("In other languages")}
    return [(name or headings[place], groups[place, name]) for place, name in sorted(groups)]
