"""Webhooks, their log, and sending again: for admins."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from tickets.api import webhooks as shapes
from tickets.api.base import ApiView
from tickets.api.paging import KeysetPagination
from tickets.api.problems import Problem
from tickets.audit import ADDITION, DELETION, record
from tickets.models import Webhook, WebhookDelivery
from tickets.models.webhook import in_order


class _ForAdmins(ApiView):
    admin_methods = frozenset({"GET", "POST", "PATCH", "DELETE"})
    queryset: Any = Webhook.objects.none()

    def webhook(self) -> Webhook:
        found = Webhook.objects.filter(pk=self.kwargs["webhook_id"]).first()
        if found is None:
            raise Http404
        return found

    def delivery(self) -> WebhookDelivery:
        kwargs = self.kwargs
        found = WebhookDelivery.objects.filter(pk=kwargs["delivery_id"], webhook=kwargs["webhook_id"]).first()
        if found is None:
            raise Http404
        return found


class Webhooks(_ForAdmins):
    network = True  # the host of an address is looked up

    @extend_schema(summary="List webhooks (admins)", responses=shapes.WebhookOut(many=True))
    def get(self, request: Request) -> Response:
        """All of them, by name, in one answer."""
        return Response([shapes.shape_webhook(row) for row in Webhook.objects.order_by("name", "pk")])

    @extend_schema(
        summary="Add a webhook (admins)", request=shapes.WebhookCreate, responses={201: shapes.WebhookWithSecretOut}
    )
    def post(self, request: Request) -> Response:
        """The answer holds the secret that signs its messages; it is not shown again."""
        made = Webhook.objects.make(self.user, **self.read(shapes.WebhookCreate))
        record(self.user, made, _("Added by the API."), act=ADDITION)
        answer = {**shapes.shape_webhook(made), "secret": made.secret}
        return Response(answer, 201, headers={"Location": f"/api/v1/webhooks/{made.pk}/"})


class WebhookDetail(_ForAdmins):
    @extend_schema(summary="Read a webhook (admins)", responses=shapes.WebhookOut)
    def get(self, request: Request, webhook_id: int) -> Response:
        return Response(shapes.shape_webhook(self.webhook()))

    @extend_schema(summary="Change a webhook (admins)", request=shapes.WebhookChange, responses=shapes.WebhookOut)
    def patch(self, request: Request, webhook_id: int) -> Response:
        self.webhook()
        given = self.read(shapes.WebhookChange)
        with transaction.atomic():
            webhook = self.webhook()
            what = _("Changed by the API: %(fields)s.") % {"fields": ", ".join(given)}
            self._change(webhook, given)
            record(self.user, webhook, what)
        return Response(shapes.shape_webhook(webhook))

    @extend_schema(summary="Delete a webhook with its log (admins)", responses={204: None})
    def delete(self, request: Request, webhook_id: int) -> Response:
        webhook = self.webhook()
        record(self.user, webhook, _("Deleted by the API."), act=DELETION)
        webhook.delete()
        return Response(status=204)

    def _change(self, webhook: Webhook, given: dict[str, Any]) -> None:
        enabled = given.pop("enabled", None)
        if "events" in given:
            given["events"] = in_order(given["events"])
        for name, value in given.items():
            setattr(webhook, name, value)
        if given:
            webhook.save(update_fields=list(given))
        if enabled is True and not webhook.enabled:
            webhook.switch_on()
        elif enabled is False:
            webhook.switch_off()


class WebhookSecret(_ForAdmins):
    @extend_schema(
        summary="Renew a webhook's secret (admins)", request=None, responses={200: shapes.WebhookWithSecretOut}
    )
    @transaction.atomic
    def post(self, request: Request, webhook_id: int) -> Response:
        """For 24 hours messages are signed with the old secret too."""
        webhook = self.webhook()
        secret = webhook.renew_secret(timezone.now())
        record(self.user, webhook, _("Made a new secret."))
        return Response({**shapes.shape_webhook(webhook), "secret": secret})


class Deliveries(_ForAdmins):
    queryset = WebhookDelivery.objects.none()
    serializer_class = shapes.DeliveryOut
    filterset_class = shapes.DeliveryFilters
    pagination_class = KeysetPagination

    @extend_schema(summary="List a webhook's messages (admins)", responses=shapes.DeliveryOut(many=True))
    def get(self, request: Request, webhook_id: int) -> Response:
        """What was sent or waits, the newest first, for 30 days."""
        return self.page(WebhookDelivery.objects.filter(webhook=self.webhook()), shapes.shape_deliveries)


class DeliveryDetail(_ForAdmins):
    queryset = WebhookDelivery.objects.none()

    @extend_schema(summary="Read a webhook's message (admins)", responses=shapes.DeliveryWithBodyOut)
    def get(self, request: Request, webhook_id: int, delivery_id: int) -> Response:
        return Response(shapes.shape_with_body(self.delivery()))


class Resend(_ForAdmins):
    queryset = WebhookDelivery.objects.none()

    @extend_schema(
        summary="Send a webhook's message again (admins)", request=None, responses={202: shapes.DeliveryWithBodyOut}
    )
    def post(self, request: Request, webhook_id: int, delivery_id: int) -> Response:
        """At once, under the same id, with all attempts before it."""
        delivery = self.delivery()
        if not delivery.resend(timezone.now()):
            raise Problem("conflict", shapes.off_sentence())
        delivery.refresh_from_db()
        return Response(shapes.shape_with_body(delivery), 202)
