from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tickets.admin.base import QuickAdmin
from tickets.articles import find
from tickets.models import Article


class ArticleForm(forms.ModelForm):
    is_published = forms.BooleanField(label=_("Published"), required=False)
    language = forms.ChoiceField(label=_("Language"), choices=lambda: settings.PORTAL_LANGUAGES)

    class Meta:
        model = Article
        fields = ["title", "slug", "body", "category", "audience", "language"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["is_published"].initial = self.instance.published is not None

    def save(self, commit: bool = True) -> Article:
        article: Article = self.instance
        article.published = (article.published or timezone.now()) if self.cleaned_data["is_published"] else None
        saved: Article = super().save(commit)
        return saved


@admin.register(Article)
class ArticleAdmin(QuickAdmin):
    form = ArticleForm
    list_display = ["title", "category", "audience", "language", "published", "author", "updated"]
    list_filter = ["audience", "language", "category"]
    list_select_related = ["category", "author"]
    search_fields = ["title"]
    search_help_text = _("Words of the title or the text")
    ordering = ["-id"]
    sortable_by = ["updated"]
    fields = ["title", "slug", "body", "category", "audience", "language", "is_published"]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Article], search_term: str
    ) -> tuple[QuerySet[Article], bool]:
        if not search_term.strip():
            return queryset, False
        found = find(Article.objects.all(), search_term, limit=200)
        return queryset.filter(pk__in=[article.pk for article in found]), False

    def save_model(self, request: HttpRequest, obj: Article, form: Any, change: bool) -> None:
        if not change and isinstance(request.user, User):
            obj.author = request.user
        super().save_model(request, obj, form, change)
