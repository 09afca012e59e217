"""Customers, teams, categories, tags, colleagues, and who one is."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.http import Http404
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from tickets.access import customers_for, is_admin
from tickets.api import people
from tickets.api.base import ApiView
from tickets.api.paging import KeysetPagination
from tickets.api.problems import Problem
from tickets.audit import ADDITION, record
from tickets.models import ApiToken, Category, Customer, Tag, Team
from tickets.people import agents, display_name


class Customers(ApiView):
    queryset = Customer.objects.none()
    serializer_class = people.CustomerOut
    filterset_class = people.CustomerFilters
    pagination_class = KeysetPagination

    @extend_schema(summary="List customers", responses=people.CustomerOut(many=True))
    def get(self, request: Request) -> Response:
        """Customers of tickets that you see, and those without any."""
        return self.page(customers_for(self.user), people.shape_customers)

    @extend_schema(summary="Add a customer", request=people.CustomerCreate, responses={201: people.CustomerOut})
    def post(self, request: Request) -> Response:
        """One address is one customer: `already_exists` where it is known."""
        given = self.read(people.CustomerCreate)
        made, new = Customer.objects.get_or_create(email=given["email"], defaults={"name": given.get("name", "")})
        if not new:
            seen = customers_for(self.user).filter(pk=made.pk).exists()
            known: dict[str, Any] = {"id": made.pk} if seen else {}
            raise Problem("already_exists", _("There is a customer with this address."), **known)
        return Response(people.shape_customers([made])[0], 201, headers={"Location": f"/api/v1/customers/{made.pk}/"})


class CustomerDetail(ApiView):
    def customer(self, customer_id: int) -> Customer:
        found = customers_for(self.user).filter(pk=customer_id).first()
        if found is None:
            raise Http404
        return found

    @extend_schema(summary="Read a customer", responses=people.CustomerOut)
    def get(self, request: Request, customer_id: int) -> Response:
        return Response(people.shape_customers([self.customer(customer_id)])[0])

    @extend_schema(summary="Change a customer", request=people.CustomerChange, responses=people.CustomerOut)
    def patch(self, request: Request, customer_id: int) -> Response:
        customer = self.customer(customer_id)
        given = self.read(people.CustomerChange)
        if given:
            customer.name = given["name"]
            customer.save(update_fields=["name"])
        return Response(people.shape_customers([customer])[0])


class Teams(ApiView):
    queryset = Team.objects.none()
    admin_methods = frozenset({"POST"})

    @extend_schema(summary="List teams", responses=people.TeamOut(many=True))
    def get(self, request: Request) -> Response:
        """All of them, by name, in one answer."""
        return Response(people.shape_teams(Team.objects.prefetch_related("members", "categories").order_by("name")))

    @extend_schema(summary="Add a team (admins)", request=people.TeamCreate, responses={201: people.TeamOut})
    def post(self, request: Request) -> Response:
        team, new = Team.objects.get_or_create(name=self.read(people.TeamCreate)["name"])
        if not new:
            raise Problem("already_exists", _("There is a team of this name."), id=team.pk)
        record(self.user, team, _("Added by the API."), act=ADDITION)
        return Response(people.shape_teams([team])[0], 201)


class TeamDetail(ApiView):
    admin_methods = frozenset({"PATCH"})

    @extend_schema(summary="Read a team", responses=people.TeamOut)
    def get(self, request: Request, team_id: int) -> Response:
        return Response(people.shape_teams([self.team(team_id)])[0])

    @extend_schema(
        summary="Change a team (admins)", request=people.TeamChange, responses={200: people.TeamOut, 409: None}
    )
    @transaction.atomic
    def patch(self, request: Request, team_id: int) -> Response:
        team = self.team(team_id)
        given = self.read(people.TeamChange)
        if "name" in given:
            if Team.objects.filter(name=given["name"]).exclude(pk=team.pk).exists():
                raise Problem("already_exists", _("There is a team of this name."))
            team.name = given["name"]
            team.save(update_fields=["name"])
        if "categories" in given:
            team.categories.set(given["categories"])
        record(self.user, team, _changed(given))
        return Response(people.shape_teams([team])[0])

    def team(self, team_id: int) -> Team:
        found = Team.objects.filter(pk=team_id).first()
        if found is None:
            raise Http404
        return found


class Categories(ApiView):
    queryset = Category.objects.none()
    filterset_class = people.CategoryFilters
    admin_methods = frozenset({"POST"})

    @extend_schema(summary="List categories", responses=people.CategoryOut(many=True))
    def get(self, request: Request) -> Response:
        """All of them, by slug, in one answer."""
        rows = self.filter_queryset(Category.objects.order_by("slug"))
        return Response(people.shape_categories(rows))

    @extend_schema(
        summary="Add a category (admins)", request=people.CategoryCreate, responses={201: people.CategoryOut}
    )
    def post(self, request: Request) -> Response:
        given = self.read(people.CategoryCreate)
        category, new = Category.objects.get_or_create(slug=given["slug"], defaults=given)
        if not new:
            raise Problem("already_exists", _("There is a category of this slug."))
        record(self.user, category, _("Added by the API."), act=ADDITION)
        return Response(people.shape_categories([category])[0], 201)


class CategoryDetail(ApiView):
    admin_methods = frozenset({"PATCH"})

    @extend_schema(summary="Read a category", responses=people.CategoryOut)
    def get(self, request: Request, slug: str) -> Response:
        return Response(people.shape_categories([self.category(slug)])[0])

    @extend_schema(summary="Change a category (admins)", request=people.CategoryChange, responses=people.CategoryOut)
    def patch(self, request: Request, slug: str) -> Response:
        category = self.category(slug)
        given = self.read(people.CategoryChange)
        for name, value in given.items():
            setattr(category, name, value)
        if given:
            category.save(update_fields=list(given))
            record(self.user, category, _changed(given))
        return Response(people.shape_categories([category])[0])

    def category(self, slug: str) -> Category:
        found = Category.objects.filter(slug=slug).first()
        if found is None:
            raise Http404
        return found


def _changed(given: dict[str, Any]) -> str:
    return _("Changed by the API: %(fields)s.") % {"fields": ", ".join(given)}


class Tags(ApiView):
    queryset = Tag.objects.none()

    @extend_schema(summary="List tags", responses=people.TagOut(many=True))
    def get(self, request: Request) -> Response:
        """All of them, by name, in one answer."""
        return Response(list(Tag.objects.order_by("name").values("name")))


class Users(ApiView):
    queryset = User.objects.none()

    @extend_schema(summary="List agents", responses=people.UserOut(many=True))
    def get(self, request: Request) -> Response:
        """Those a ticket may be given to, by user name, in one answer."""
        rows = agents().order_by("username").values_list("pk", "username", "first_name", "last_name")
        return Response(
            [{"id": pk, "username": name, "name": display_name(first, last, name)} for pk, name, first, last in rows]
        )


class Me(ApiView):
    @extend_schema(summary="Who am I?", responses=people.MeOut)
    def get(self, request: Request) -> Response:
        """The owner of the token, and what it may do."""
        user, token = self.user, request.auth
        shown: dict[str, Any] | None = None
        if isinstance(token, ApiToken):
            shown = {"name": token.name, "scopes": token.scopes.split(), "expires_at": token.expiry}
        return Response(
            {
                "id": user.pk,
                "username": user.username,
                "name": display_name(user.first_name, user.last_name, user.username),
                "email": user.email,
                "admin": is_admin(user),
                "teams": sorted(Team.objects.filter(members=user).values_list("pk", flat=True)),
                "token": shown,
            }
        )
