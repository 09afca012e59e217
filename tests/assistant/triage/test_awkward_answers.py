"""Answers that are not as asked for: what is kept, and what is asked again. Each row is one way and its outcome."""

from __future__ import annotations

import json
import re

import pytest

from assistant.models import RelayCall
from tests.assistant.relay.upstream import Peer, Upstream, completion
from tests.assistant.triage.conftest import Bench
from tickets.models import Classification, Ticket

pytestmark = pytest.mark.django_db

TICKETS = 6


def right(ids):
    return [
        {"id": key, "category": "billing", "priority": "low", "confidence": 0.9, "reason": f"About {key}."}
        for key in ids
    ]


def plain(results) -> str:
    return json.dumps({"results": results}, ensure_ascii=False)


def first(**changes):
    """The first result changed, the others right."""
    return lambda results: plain([results[0] | changes, *results[1:]])


def every(**changes):
    return lambda results: plain([result | changes for result in results])


def renamed(**names):
    def spell(results) -> str:
        return plain([{names.get(name, name): value for name, value in result.items()} for result in results])

    return spell


def without(field):
    return lambda results: plain([{k: v for k, v in result.items() if k != field} for result in results])


def cut(share):
    return lambda results: plain(results)[: int(len(plain(results)) * share)]


ONCE = [TICKETS]  # one request about all
ALL_AGAIN = [TICKETS, TICKETS]  # nothing of the answer could be used
ONE_AGAIN = [TICKETS, 1]  # one result could not be used

OUTCOMES = {
    # Wrapped: read all the same.
    "fenced": (lambda r: f"```json\n{plain(r)}\n```", ONCE),
    "fenced without a language": (lambda r: f"```\n{plain(r)}\n```", ONCE),
    "fenced and never closed": (lambda r: f"```json\n{plain(r)}", ONCE),
    "prose before and after": (lambda r: f"Sure! Here you go:\n{plain(r)}\nAnything {{else}}?", ONCE),
    "prose in another language": (lambda r: f"Gerne, hier die Ergebnisse:\n{plain(r)}\nViele Grüße", ONCE),
    "a byte order mark": (lambda r: "\ufeff" + plain(r), ONCE),
    "a bare list": (lambda r: json.dumps(r), ONCE),
    "one object a line": (lambda r: "\n".join(json.dumps(it) for it in r), ONCE),
    "the wrapper's name in another language": (lambda r: json.dumps({"resultados": r}), ONCE),
    "thoughts before": (lambda r: f"<think>t1 is about {{money}}</think>{plain(r)}", ONCE),
    "fields nobody asked for": (every(sentiment="angry", close=True), ONCE),
    "labels in capitals": (every(category="BILLING", priority="Low"), ONCE),
    # Cut off: what is whole is kept, the rest is asked again together, or in halves where the length was at fault.
    "cut off in the middle": (cut(0.5), [TICKETS, 4]),
    "cut off before the first": (cut(0.05), ALL_AGAIN),
    "cut off just before its end": (lambda r: plain(r)[:-2], ONCE),
    "cut off at the length limit": ((cut(0.5), "length"), [TICKETS, 2, 2]),
    "cut off by a filter": ((cut(0.5), "content_filter"), [TICKETS, 2, 2]),
    # Ids: matched by name, never by place.
    "a result twice and the same": (lambda r: plain([*r, r[0]]), ONCE),
    "a result twice, with other words": (lambda r: plain([*r, r[0] | {"reason": "Money."}]), ONCE),
    "a result twice and different": (lambda r: plain([*r, r[0] | {"category": "sales"}]), ONE_AGAIN),
    "an id nobody sent, besides": (lambda r: plain([*r, r[0] | {"id": "t99"}]), ONCE),
    "an id nobody sent, instead": (first(id="t99"), ONE_AGAIN),
    "an id as a number": (first(id=1), ONE_AGAIN),
    "no ids": (without("id"), ALL_AGAIN),
    "in another order": (lambda r: plain(r[::-1]), ONCE),
    "a result left out": (lambda r: plain(r[1:]), ONE_AGAIN),
    "by id instead of in a list": (lambda r: json.dumps({"results": {it.pop("id"): it for it in r}}), ALL_AGAIN),
    # Labels: from the closed sets or not at all.
    "a category in another language": (first(category="Facturación"), ONE_AGAIN),
    "a category by its description": (first(category="Billing."), ONE_AGAIN),
    "a category that does not exist": (first(category="hacked"), ONE_AGAIN),
    "two categories": (first(category=["billing", "sales"]), ONE_AGAIN),
    "no category": (first(category=None), ONE_AGAIN),
    "a priority in another language": (first(priority="niedrig"), ONE_AGAIN),
    "a priority that does not exist": (first(priority="urgent"), ONE_AGAIN),
    "field names in another language": (renamed(category="categoria", priority="prioridad"), ALL_AGAIN),
    # Confidence: a number from 0 to 1, or the result is not used.
    "confidence high": (first(confidence="high"), ONE_AGAIN),
    "confidence 1.7": (first(confidence=1.7), ONE_AGAIN),
    "confidence in percent": (every(confidence=90), ALL_AGAIN),
    "confidence as text": (first(confidence="0.9"), ONE_AGAIN),
    "confidence true": (first(confidence=True), ONE_AGAIN),
    "confidence below zero": (first(confidence=-0.1), ONE_AGAIN),
    "confidence NaN": (first(confidence=float("nan")), ONE_AGAIN),
    "confidence 1": (every(confidence=1), ONCE),
    "no confidence": (without("confidence"), ALL_AGAIN),
    # Reasons: any words, bounded.
    "reasons in another language": (lambda r: plain([it | {"reason": f"请退款 {it['id']}"} for it in r]), ONCE),
    "no reasons": (
        lambda r: plain([it | {"reason": "", "confidence": 0.8 + n / 100} for n, it in enumerate(r)]),
        ONCE,
    ),
    "a reason without end": (first(reason="money " * 5000), ONCE),
    # Nothing.
    "an apology": (lambda r: "I'm sorry, but I can't help with that.", ALL_AGAIN),
    "an empty list": (lambda r: '{"results":[]}', ALL_AGAIN),
    "null": (lambda r: "null", ALL_AGAIN),
}


@pytest.mark.parametrize(("way", "sizes"), OUTCOMES.values(), ids=OUTCOMES.keys())
def test_the_outcome(make_tickets, settings, way, sizes):
    """After the first answer all others are right, so that every ticket ends with the right label."""
    spell, finish = way if isinstance(way, tuple) else (way, "stop")
    asked: list[int] = []

    def answer(peer: Peer) -> None:
        ids = re.findall(r'"id":"(t\d+)"', peer.json()["messages"][-1]["content"])
        asked.append(len(ids))
        awkward = len(asked) == 1
        text = spell(right(ids)) if awkward else plain(right(ids))
        peer.answer(body=completion(text, finish if awkward else "stop"))

    make_tickets(TICKETS)
    with Upstream(answer) as upstream:
        settings.RELAY_BASE_URL, settings.RELAY_RPM = upstream.url, 100_000
        run = Bench().run()
    assert asked == sizes
    assert (run.state, run.classified, run.needs_human, run.failed) == ("done", TICKETS, 0, 0)
    assert set(Ticket.objects.values_list("category__slug", "priority", "category_by")) == {
        ("billing", "low", "relay")
    }
    assert Classification.objects.count() == TICKETS
    assert all(len(reason) <= 300 for reason in Classification.objects.values_list("reason", flat=True))
    assert RelayCall.objects.filter(outcome="ok", state="settled").count() == len(sizes)
