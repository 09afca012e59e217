from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from tickets.models.category import Category

SLUG_LENGTH = 80


class ArticleQuerySet(models.QuerySet["Article"]):
    def published(self) -> ArticleQuerySet:
        return self.filter(published__isnull=False)

    def public(self) -> ArticleQuerySet:
        """What anybody may read: published, and not for colleagues alone."""
        return self.published().filter(audience=Article.Audience.PUBLIC)


class Article(models.Model):
    """Something a team knows, in Markdown: a page of the public help, or a text for colleagues alone."""

    class Audience(models.TextChoices):
        PUBLIC = "public", _("Public: a help page that anybody can read")
        INTERNAL = "internal", _("Internal: for colleagues alone")

    title = models.CharField(_("title"), max_length=200)
    slug = models.SlugField(
        _("name in the address"), max_length=SLUG_LENGTH, unique=True, blank=True,
        help_text=_("Made from the title when left empty. Changing it breaks links to the article."),
    )  # fmt: skip
    body = models.TextField(_("text"), help_text=_("Markdown works."))
    category = models.ForeignKey(
        Category, models.SET_NULL, null=True, blank=True, related_name="articles", verbose_name=_("category")
    )
    audience = models.CharField(_("for"), max_length=10, choices=Audience, default=Audience.INTERNAL)
    language = models.CharField(_("language"), max_length=10, default="en")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("author")
    )
    published = models.DateTimeField(_("published"), null=True, blank=True)
    created = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    updated = models.DateTimeField(_("updated"), default=timezone.now, editable=False)

    objects = ArticleQuerySet.as_manager()

    class Meta:
        verbose_name = _("article")
        verbose_name_plural = _("articles")
        ordering = ["title", "id"]

    def __str__(self) -> str:
        return self.title

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.updated = timezone.now()
        self.slug = self.slug or self._free_slug()
        super().save(*args, **kwargs)

    def get_absolute_url(self) -> str:
        """Where agents read it."""
        return f"/articles/{self.pk}/"

    @property
    def public_url(self) -> str:
        return f"/help/{self.slug}/"

    @property
    def is_public(self) -> bool:
        return self.published is not None and self.audience == self.Audience.PUBLIC

    def _free_slug(self) -> str:
        start = slugify(self.title)[: SLUG_LENGTH - 6] or "article"
        taken = set(Article.objects.filter(slug__startswith=start).values_list("slug", flat=True))
        candidates = (start if n == 1 else f"{start}-{n}" for n in range(1, len(taken) + 2))
        return next(slug for slug in candidates if slug not in taken)
