"""One ticket classified now; what the AI said of it accepted or corrected."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.http import Http404
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from assistant.api import examples, forms, serializers
from assistant.api.problems import SPENDS
from assistant.triage.single import classify_now
from tickets.access import ticket_or_404
from tickets.api.base import ApiView
from tickets.api.problems import Problem
from tickets.api.serializers import ClassificationOut
from tickets.api.shapes import shape_classifications
from tickets.api.views.tickets import IF_MATCH, compare
from tickets.models import Classification, Ticket
from tickets.models.api_token import Scope
from tickets.models.choices import SetBy


class Classify(ApiView):
    write_scope = Scope.AI
    network = True

    @extend_schema(
        summary="Classify a ticket now", request=forms.ClassifyWish,
        responses={200: serializers.ClassifyOut, **SPENDS}, examples=[examples.CLASSIFIED],
    )  # fmt: skip
    def post(self, request: Request, ticket_id: int) -> Response:
        """Asks the AI about this ticket and waits for the answer, as a triage run over it alone. A label that a
        person has set stays; the AI's is stored beside it. A doubtful one is stored, and waits for review."""
        ticket = ticket_or_404(self.user, ticket_id)
        item = classify_now(ticket, self.user, self.read(forms.ClassifyWish).get("model", ""))
        found = item.classification
        return Response(
            {
                "outcome": item.state,
                "reason": found.reason if found else item.reason,
                "run": item.run_id,
                "classification": shape_classifications([found])[0] if found else None,
            }
        )


class _Decision(ApiView):
    """What a person makes of an opinion of the AI's, on a ticket that is as they saw it."""

    def seen(self, request: Request, ticket_id: int, classification_id: int) -> tuple[Ticket, Classification]:
        ticket = ticket_or_404(self.user, ticket_id)
        ticket.refresh_from_db(from_queryset=Ticket.objects.select_for_update())
        compare(request, ticket)
        said = ticket.classifications.select_related("category").filter(pk=classification_id).first()
        if said is None:
            raise Http404
        if said.source != SetBy.RELAY:
            raise Problem("conflict", _("This is a person's label already; only the AI's can be decided on."))
        return ticket, said

    def labelled(self, ticket: Ticket, labels: dict[str, Any]) -> Response:
        label = ticket.label(self.user, **labels)
        assert label is not None
        return Response(shape_classifications([label])[0], 201)


class Accept(_Decision):
    @extend_schema(
        summary="Accept a classification", request=forms.Nothing, responses={201: ClassificationOut},
        parameters=[IF_MATCH],
    )  # fmt: skip
    @transaction.atomic
    def post(self, request: Request, ticket_id: int, classification_id: int) -> Response:
        """Makes the AI's labels the token's owner's own: the ticket leaves the review queue, and the AI never changes
        them again. The answer is that person's classification."""
        ticket, said = self.seen(request, ticket_id, classification_id)
        self.read(forms.Nothing)
        if said.category is None or not said.category.active:
            raise Problem("conflict", _("Its category is switched off: correct it to another."))
        return self.labelled(ticket, {"category": said.category, "priority": said.priority})


class Correct(_Decision):
    @extend_schema(
        summary="Correct a classification", request=forms.Correction, responses={201: ClassificationOut},
        parameters=[IF_MATCH], examples=[examples.CORRECTION],
    )  # fmt: skip
    @transaction.atomic
    def post(self, request: Request, ticket_id: int, classification_id: int) -> Response:
        """Sets what is given, and accepts the rest, as the token's owner's choice. The reports on quality count it
        against the model that was corrected."""
        ticket, said = self.seen(request, ticket_id, classification_id)
        given = self.read(forms.Correction)
        usable = said.category if said.category and said.category.active else None
        return self.labelled(ticket, {"category": usable, "priority": said.priority, **given})
