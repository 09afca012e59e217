from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from tickets.admin.base import QuickAdmin, ReadOnlyAdmin
from tickets.models import Category, Classification, Tag


@admin.register(Category)
class CategoryAdmin(QuickAdmin):
    list_display = ["slug", "name", "description", "active"]
    list_filter = ["active"]
    search_fields = ["slug__startswith", "name__istartswith"]


@admin.register(Tag)
class TagAdmin(QuickAdmin):
    list_display = ["name"]
    search_fields = ["name__istartswith"]


@admin.register(Classification)
class ClassificationAdmin(ReadOnlyAdmin):
    list_display = ["id", "ticket", "category", "priority", "confidence", "source", "author", "model",
                    "prompt_version", "category_applied", "priority_applied", "created"]  # fmt: skip
    list_filter = ["source", "category", "priority", "category_applied", "priority_applied"]
    list_select_related = ["ticket", "category", "author"]
    search_fields = ["=ticket__id"]
    search_help_text = _("The number of a ticket")
    ordering = ["-id"]
    sortable_by = ["id"]
