"""The AI's labels beside those of people, counted by the database."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import Count, F, Q, QuerySet

from assistant.reports.matrix import Matrix
from tickets.models.choices import Priority, SetBy


def compared(answers: QuerySet, ticket: str) -> tuple[Matrix, Matrix]:
    """Categories and priorities of `answers`, rows with `category` and `priority`, against those that a person has
    set on the ticket at the lookup path `ticket`: one query."""
    by_person = Q(**{f"{ticket}__category_by": SetBy.PERSON}) | Q(**{f"{ticket}__priority_by": SetBy.PERSON})
    rows: list[Any] = list(
        answers.filter(by_person)
        .order_by()
        .values(
            people=F(f"{ticket}__category__slug"),
            people_name=F(f"{ticket}__category__name"),
            people_by=F(f"{ticket}__category_by"),
            ai=F("category__slug"),
            ai_name=F("category__name"),
            people_priority=F(f"{ticket}__priority"),
            people_priority_by=F(f"{ticket}__priority_by"),
            ai_priority=F("priority"),
        )
        .annotate(n=Count("pk"))
    )
    return _categories(rows), _priorities(rows)


def _categories(rows: Iterable[Any]) -> Matrix:
    used = [row for row in rows if row["people_by"] == SetBy.PERSON and row["people"]]
    names = {row[side]: row[f"{side}_name"] for row in used for side in ("people", "ai")}
    return Matrix.of(dict(sorted(names.items())), ((row["people"], row["ai"], row["n"]) for row in used))


def _priorities(rows: Iterable[Any]) -> Matrix:
    used = [row for row in rows if row["people_priority_by"] == SetBy.PERSON and row["ai_priority"]]
    names = {value: str(label) for value, label in Priority.choices}
    return Matrix.of(names, ((row["people_priority"], row["ai_priority"], row["n"]) for row in used))
