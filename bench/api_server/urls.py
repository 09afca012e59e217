"""What bench/api.py compares with: the list as anybody would write it with Django REST framework, of the same fields
and with the same authentication. Also the settings and addresses of the server that has both."""

from __future__ import annotations

from django.urls import include, path
from rest_framework import generics, pagination, permissions, serializers

from tickets.access import tickets_for
from tickets.api.authentication import TokenAuthentication
from tickets.models import Customer, Ticket


class PlainCustomer(serializers.ModelSerializer):
    class Meta:
        model = Customer
        fields = ["id", "email", "name"]


class PlainTicket(serializers.ModelSerializer):
    category = serializers.SlugRelatedField("slug", read_only=True)
    tags = serializers.SlugRelatedField("name", many=True, read_only=True)
    customer = PlainCustomer()

    class Meta:
        model = Ticket
        fields = [
            "id", "subject", "status", "priority", "priority_by", "category", "category_by", "needs_review", "team",
            "team_by", "assignee", "customer", "tags", "channel", "source", "external_id", "version", "snoozed_until",
            "created", "updated", "last_message", "first_response", "resolved",
        ]  # fmt: skip


class Pages(pagination.CursorPagination):
    ordering = "-created"
    page_size = 50


class PlainList(generics.ListAPIView):
    authentication_classes = [TokenAuthentication]
    permission_classes = [permissions.IsAuthenticated]
    filter_backends = []
    schema = None
    serializer_class = PlainTicket
    pagination_class = Pages

    def get_queryset(self):
        return tickets_for(self.request.user).select_related("customer", "category").prefetch_related("tags")


urlpatterns = [path("plain/", PlainList.as_view()), path("", include("config.urls"))]
