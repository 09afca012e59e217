"""What the team knows, at the desk: to search, to read, and to write for those who may."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from tickets.articles import articles_for, find, may_write
from tickets.desk.http import AgentRequest, agent_required
from tickets.models import Article, Category
from tickets.text import markdown_to_html

SHOWN, QUERY_LENGTH = 200, 200


class ArticleForm(forms.ModelForm):
    category = forms.ModelChoiceField(
        Category.objects.filter(active=True), label=gettext_lazy("Category"), required=False
    )
    language = forms.ChoiceField(label=gettext_lazy("Language"), choices=lambda: settings.PORTAL_LANGUAGES)
    is_published = forms.BooleanField(label=gettext_lazy("Published"), required=False)

    class Meta:
        model = Article
        fields = ["title", "body", "category", "language", "audience"]
        widgets = {"body": forms.Textarea({"rows": 18, "dir": "auto"}), "audience": forms.RadioSelect}

    def __init__(self, data: Any, *, instance: Article) -> None:
        super().__init__(data, instance=instance, label_suffix="")
        self.fields["is_published"].initial = self.instance.published is not None

    def save(self, commit: bool = True) -> Article:
        article: Article = self.instance
        article.published = (article.published or timezone.now()) if self.cleaned_data["is_published"] else None
        saved: Article = super().save(commit)
        return saved


@require_safe
@agent_required
def article_list(request: AgentRequest) -> HttpResponse:
    query = request.GET.get("q", "").strip()[:QUERY_LENGTH]
    articles = articles_for(request.user).select_related("category")
    found = find(articles, query, limit=50) if query else list(articles.order_by("category__name", "title")[:SHOWN])
    context = {"section": "articles", "query": query, "articles": found, "may_write": may_write(request.user)}
    return render(request, "tickets/articles/list.html", context)


@require_safe
@agent_required
def read(request: AgentRequest, article_id: int) -> HttpResponse:
    article = _article_or_404(request, article_id)
    body = mark_safe(markdown_to_html(article.body))  # noqa: S308  sanitised
    context = {"section": "articles", "article": article, "body": body, "may_write": may_write(request.user)}
    return render(request, "tickets/articles/read.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@agent_required
def write(request: AgentRequest, article_id: int | None = None) -> HttpResponse:
    if not may_write(request.user):
        raise PermissionDenied
    article = _article_or_404(request, article_id) if article_id else Article(author=request.user)
    form = ArticleForm(request.POST or None, instance=article)
    if request.method == "POST" and form.is_valid():
        saved = form.save()
        messages.success(request, _("Saved."))
        return redirect("article", saved.pk)
    context = {"section": "articles", "form": form, "article": article}
    return render(request, "tickets/articles/write.html", context, status=422 if form.is_bound else 200)


def _article_or_404(request: AgentRequest, article_id: int) -> Article:
    article = articles_for(request.user).select_related("category", "author").filter(pk=article_id).first()
    if article is None:
        raise Http404(_("No such article."))
    return article
