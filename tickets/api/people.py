"""What requests about people and lists hold, what their answers are declared to be, and the answers' shapes."""

from __future__ import annotations

import re
from typing import Any

import django_filters
from django.core.validators import RegexValidator
from rest_framework import serializers

from tickets.api.fields import Email, Row, StrictSerializer, Text, YesNo
from tickets.api.filters import YesNoFilter, word_filter
from tickets.models import Category, Customer, Team
from tickets.models.api_token import Scope


class CustomerOut(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    email = serializers.EmailField()
    name = serializers.CharField()
    language = serializers.CharField(help_text="What they read, such as de. Empty: not known.")
    created_at = serializers.DateTimeField()


class CustomerCreate(StrictSerializer):
    email = Email(max_length=254)
    name = Text(max_length=200, required=False, allow_blank=True)


class CustomerChange(StrictSerializer):
    name = Text(max_length=200, required=False, allow_blank=True)


class CustomerFilters(django_filters.FilterSet):
    email = word_filter(254, method="by_address")

    class Meta:
        model = Customer
        fields: list[str] = []

    def by_address(self, customers: Any, name: str, value: str | None) -> Any:
        return customers if value is None else customers.filter(email=value.strip().lower())


def shape_customers(rows: list[Customer]) -> list[dict[str, Any]]:
    return [
        {"id": row.pk, "email": row.email, "name": row.name, "language": row.language, "created_at": row.created}
        for row in rows
    ]


class TeamOut(serializers.Serializer[Any]):
    """People who share tickets. Tickets of its categories are routed to it."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    members = serializers.ListField(child=serializers.IntegerField())
    categories = serializers.ListField(child=serializers.CharField(), help_text="Slugs.")


def shape_teams(rows: Any) -> list[dict[str, Any]]:
    """JSON of teams with members and categories prefetched."""
    return [
        {
            "id": row.pk,
            "name": row.name,
            "members": sorted(member.pk for member in row.members.all()),
            "categories": sorted(category.slug for category in row.categories.all()),
        }
        for row in rows
    ]


class CategoryOut(serializers.Serializer[Any]):
    """What a ticket can be about. Name and description are what the AI is told."""

    slug = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField()
    active = serializers.BooleanField(help_text="Only active ones are offered, to people and to the AI.")
    team = serializers.IntegerField(allow_null=True, help_text="Where its tickets are routed to.")


class CategoryCreate(StrictSerializer):
    slug = Text(max_length=50, validators=[RegexValidator(r"^[-a-zA-Z0-9_]+$", flags=re.ASCII)])
    name = Text(max_length=100)
    description = Text(max_length=2000, required=False, allow_blank=True)
    active = YesNo(required=False)


class CategoryChange(StrictSerializer):
    name = Text(max_length=100, required=False)
    description = Text(max_length=2000, required=False, allow_blank=True)
    active = YesNo(required=False)


class CategoryFilters(django_filters.FilterSet):
    active = YesNoFilter(field_name="active")

    class Meta:
        model = Category
        fields: list[str] = []


def shape_categories(rows: Any) -> list[dict[str, Any]]:
    routes = Team.routes()
    return [
        {
            "slug": row.slug,
            "name": row.name,
            "description": row.description,
            "active": row.active,
            "team": routes.get(row.pk),
        }
        for row in rows
    ]


class TagOut(serializers.Serializer[Any]):
    name = serializers.CharField()


class UserOut(serializers.Serializer[Any]):
    """Somebody who works on tickets."""

    id = serializers.IntegerField()
    username = serializers.CharField()
    name = serializers.CharField()


class TokenOut(serializers.Serializer[Any]):
    name = serializers.CharField()
    scopes = serializers.ListField(child=serializers.ChoiceField(Scope.choices))
    expires_at = serializers.DateTimeField(allow_null=True)


class MeOut(serializers.Serializer[Any]):
    """Whose rights this request has. `token` is null for a person logged in at the desk."""

    id = serializers.IntegerField()
    username = serializers.CharField()
    name = serializers.CharField()
    email = serializers.CharField()
    admin = serializers.BooleanField()
    teams = serializers.ListField(child=serializers.IntegerField())
    token = TokenOut(allow_null=True)


class TeamCreate(StrictSerializer):
    name = Text(max_length=100)


class TeamChange(StrictSerializer):
    name = Text(max_length=100, required=False)
    categories = serializers.ListField(
        child=Row(Category.objects.all(), by="slug"), required=False, max_length=200,
        help_text="Slugs; all of them: what is not named is taken away.",
    )  # fmt: skip
