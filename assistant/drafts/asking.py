"""Asking for a draft: what an agent wishes, and the rows that are written before anything leaves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from assistant import gateway
from assistant.drafts.masking import Masking
from assistant.drafts.prompt import TONES, reply_messages, summary_messages, translation_messages
from assistant.drafts.sources import Source, sources_for
from assistant.models import Draft, DraftPreset, Preferences, RelayCall
from assistant.relay.errors import RelayError
from tickets.access import ticket_or_404
from tickets.models import Profile, Ticket

LONGEST_TEXT = 10_000  # characters of a text to translate
COMPOSED = (Draft.Kind.REPLY, Draft.Kind.TRANSLATION)  # what is written into the composer
# An interrupted one may have been taken for an orphan whose process lives on; to any other no wish to stop matters.
MAY_RUN = (Draft.State.STREAMING, Draft.State.INTERRUPTED)
TONE_NAMES = {"friendly": gettext_lazy("Friendly"), "formal": gettext_lazy("Formal"), "brief": gettext_lazy("Brief")}
_CALLS = {
    Draft.Kind.REPLY: RelayCall.Kind.DRAFT,
    Draft.Kind.TRANSLATION: RelayCall.Kind.TRANSLATION,
    Draft.Kind.SUMMARY: RelayCall.Kind.SUMMARY,
}
_LENGTHS: Mapping[str, dict[str, Any]] = {
    Draft.Kind.REPLY: {"use_case": "writing"},
    Draft.Kind.TRANSLATION: {"use_case": "translation", "temperature": 0.2, "max_tokens": 6000},
    Draft.Kind.SUMMARY: {"use_case": "summary", "temperature": 0.2, "max_tokens": 1000},
}


class DraftRefused(Exception):
    """A draft that cannot begin. `code` is one of the public error codes; `message` is for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True)
class Wish:
    """What an agent asks for. `kind` is one of Draft.Kind. An empty model is the default one; `preset` is the id of a
    DraftPreset, 0 for none; `text` is what a translation translates."""

    instruction: str = ""
    tone: str = "friendly"
    model: str = ""
    kind: str = Draft.Kind.REPLY
    preset: int = 0
    text: str = ""

    @property
    def rivals(self) -> tuple[str, ...]:
        """The kinds of which a person has at most one running in a ticket."""
        return COMPOSED if self.kind in COMPOSED else (self.kind,)


@dataclass(frozen=True)
class Plan:
    """A draft about to be streamed, with its reserved ledger row and the placeholders in what is sent."""

    draft: Draft
    call: RelayCall
    route: gateway.Route
    masking: Masking = field(default_factory=Masking)


def start(user: User, ticket_id: int, wish: Wish, now: datetime) -> Plan:
    """Write the draft and its reserved ledger row; an earlier one of this person for the ticket is told to stop.

    Raises DraftRefused (bad_request, ai_disabled, invalid_key, budget_reached) and Http404.
    """
    _check(wish)
    ticket = ticket_or_404(user, ticket_id)
    preset = _preset(wish.preset)
    masking = Masking()
    sources = sources_for(ticket, user) if wish.kind == Draft.Kind.REPLY else []
    messages = _ask(user, ticket, wish, preset, sources, masking if Preferences.current().mask_drafts else None)
    route = gateway.route_request(
        messages=messages, user_waiting=True, model=wish.model or settings.DRAFT_MODEL, **_LENGTHS[wish.kind]
    )
    draft = Draft(
        ticket=ticket, author=user, kind=wish.kind, model=route.model, instruction=wish.instruction, tone=wish.tone,
        preset=preset, original=wish.text, sources=[source.for_page for source in sources],
        up_to=ticket.messages.order_by("-created", "-id").first() if wish.kind == Draft.Kind.SUMMARY else None,
        created=now, saved=now,
    )  # fmt: skip
    try:
        with transaction.atomic():
            draft.call = gateway.reserve(route, kind=_CALLS[Draft.Kind(wish.kind)], user=user)
            Draft.objects.filter(ticket=ticket, author=user, state__in=MAY_RUN, kind__in=wish.rivals).update(
                stop_requested=True
            )
            draft.save(force_insert=True)
    except gateway.AIUnavailable as error:
        raise DraftRefused(error.code, error.message) from error
    return Plan(draft, draft.call, route, masking)


def pay_again(plan: Plan, error: RelayError, attempts: int) -> Plan | None:
    """Reserve another ledger row for the next try and settle the one whose `attempts` requests failed with `error`.

    None when the next try is refused; then nothing has changed.
    """
    try:
        with transaction.atomic():
            call = gateway.reserve(plan.route, kind=plan.call.kind, user=plan.draft.author)
            gateway.settle_failure(plan.call, error, attempts=attempts, prompt=plan.route.prompt)
            Draft.objects.filter(pk=plan.draft.pk).update(call=call)
    except gateway.AIUnavailable:
        return None
    return replace(plan, call=call)


def _check(wish: Wish) -> None:
    if wish.kind not in Draft.Kind.values:
        text = _("The kind must be one of: %(kinds)s.")
        raise DraftRefused("bad_request", text % {"kinds": ", ".join(Draft.Kind.values)})
    if wish.tone not in TONES:
        raise DraftRefused("bad_request", _("The tone must be one of: %(tones)s.") % {"tones": ", ".join(TONES)})
    if wish.kind == Draft.Kind.TRANSLATION and not wish.text.strip():
        raise DraftRefused("bad_request", _("Write what is to be translated first."))
    if len(wish.text) > LONGEST_TEXT:
        text = _("A text to translate may have at most %(longest)d characters.")
        raise DraftRefused("bad_request", text % {"longest": LONGEST_TEXT})


def _preset(pk: int) -> DraftPreset | None:
    if not pk:
        return None
    preset = DraftPreset.objects.filter(pk=pk, active=True).first()
    if preset is None:
        raise DraftRefused("bad_request", _("There is no such preset any more. Reload the page."))
    return preset


def _ask(
    user: User,
    ticket: Ticket,
    wish: Wish,
    preset: DraftPreset | None,
    sources: Sequence[Source],
    masking: Masking | None,
) -> tuple[Mapping[str, str], ...]:
    if wish.kind == Draft.Kind.TRANSLATION:
        return translation_messages(ticket, wish.text, masking=masking)
    if wish.kind == Draft.Kind.SUMMARY:
        language = Profile.of(user).language or settings.LANGUAGE_CODE
        return summary_messages(ticket, language=language, masking=masking)
    instruction = "\n".join(filter(None, [preset.instruction if preset else "", wish.instruction]))
    return reply_messages(ticket, instruction=instruction, tone=wish.tone, sources=sources, masking=masking)
