"""Refusals and failures of the AI's verbs as problems, with the codes of the websocket."""

from __future__ import annotations

import math

from django.utils.translation import gettext as _

from assistant.drafts.asking import DraftRefused
from assistant.gateway import AIUnavailable
from assistant.relay.errors import RelayError
from assistant.triage.runs import RunError
from tickets.api.problems import CODES, Problem, tells

# What operations that ask the relay may answer beside what all have, for @extend_schema.
SPENDS = {402: None, 502: None, 503: None, 504: None}
STARTS = {402: None, 502: None, 503: None}


def of_refusal(refused: DraftRefused | AIUnavailable) -> Problem:
    return Problem(refused.code, refused.message)


def of_run(error: RunError) -> Problem:
    cause = error.__cause__
    return of_refusal(cause) if isinstance(cause, AIUnavailable) else Problem("conflict", error.message)


def of_relay(error: RelayError) -> Problem:
    headers = {"Retry-After": str(math.ceil(error.retry_after))} if error.retry_after else {}
    code = {"cancelled": "timeout", "not_found": "relay_error"}.get(error.code, error.code)
    if code not in CODES:
        return Problem("relay_error", error.message or _("The relay failed."), headers=headers)
    return Problem(code, error.message, headers=headers)


def of_failure(error: Exception) -> Problem:
    """Of whatever a call ended with."""
    if isinstance(error, RelayError):
        return of_relay(error)
    if isinstance(error, AIUnavailable):
        return of_refusal(error)
    return Problem("server_error", _("Something went wrong here; the log of the server says what."))


tells(DraftRefused, of_refusal)
tells(AIUnavailable, of_refusal)
tells(RunError, of_run)
tells(RelayError, of_relay)
