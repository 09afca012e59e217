"""The schema is kept: requests made from it, good and bad, are answered as it says.

A few for each operation here; thousands in `make soak`.
"""

from __future__ import annotations

import warnings

import pytest
import schemathesis
from schemathesis import engine
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events

from tickets.attachments import attach
from tickets.models import ApiToken, Ticket, Webhook

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def known(carol, alice, support, erin) -> dict[str, object]:
    """Names of things that are there, so that requests get further than 404."""
    ticket = Ticket.objects.open(erin, "Where is my parcel?", team=support)
    ticket.label(alice, priority="high")
    file = attach(ticket.messages.get(), "receipt.txt", b"4711")
    hook = Webhook.objects.make(carol, name="Shop", url="https://93.184.215.14/", events=["run.finished"])
    told = hook.deliveries.create(event="run.finished", body='{"type":"run.finished"}')
    return {"ticket_id": ticket.pk, "attachment_id": file.pk, "customer_id": erin.pk, "team_id": support.pk,
            "slug": "billing", "webhook_id": hook.pk, "delivery_id": told.pk}  # fmt: skip


def run(
    address: str, owner, known: dict[str, object], *, examples: int, phases: tuple[str, ...]
) -> tuple[int, list[str]]:
    """Cases sent, and a line for each failure. All checks but positive_data_acceptance: what is well-formed can be
    refused all the same, such as a category that does not exist."""
    _token, text = ApiToken.issue(owner, "schemathesis")
    config = SchemathesisConfig.from_dict(
        {
            "seed": 1,
            "continue-on-failure": True,
            "checks": {"positive_data_acceptance": {"enabled": False}},
            "base-url": address,
            "headers": {"Authorization": f"Token {text}"},
            "parameters": known,
            "generation": {"max-examples": examples, "database": "none", "no-shrink": True, "deterministic": True},
            "phases": {name: {"enabled": name in phases} for name in ("examples", "coverage", "fuzzing", "stateful")},
        }
    )
    schema = schemathesis.openapi.from_url(f"{address}/api/schema/?format=json", config=config)
    sent, wrong = 0, {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for event in engine.from_schema(schema).execute():
            if isinstance(event, events.ScenarioFinished):
                sent += len(event.recorder.interactions)
                for checks in event.recorder.checks.values():
                    for check in checks:
                        if check.failure_info:
                            failure = check.failure_info.failure
                            wrong.setdefault(f"{event.label} {check.name}: {failure.title}", f"{failure}\n"
                                             f"{check.failure_info.code_sample}")  # fmt: skip
            elif isinstance(event, events.NonFatalError | events.FatalError):
                wrong[str(event)] = ""
    return sent, [f"{title}\n{more}" for title, more in wrong.items()]


def errors_in(log: list[str]) -> list[str]:
    """What the server has logged of its own errors."""
    lines = "".join(log).splitlines()
    places = [place for place, line in enumerate(lines) if " ERROR " in line]
    return ["\n".join(lines[place : place + 80]) for place in places[:2]]


def test_a_few_requests_for_each_operation(whole_server, carol, known):
    sent, wrong = run(whole_server.origin, carol, known, examples=2, phases=("examples", "fuzzing"))
    assert not wrong, "\n\n".join([*wrong, *errors_in(whole_server.log)])
    assert sent > 60


@pytest.mark.soak
def test_thousands_of_requests(whole_server, carol, known):
    sent, wrong = run(
        whole_server.origin, carol, known, examples=60, phases=("examples", "coverage", "fuzzing", "stateful")
    )
    print(f"{sent} requests")  # noqa: T201  (soaks tell what they did)
    assert not wrong, "\n\n".join(wrong)
    assert sent >= 2000
