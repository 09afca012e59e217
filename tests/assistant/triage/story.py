"""What people, workers, crashes and clocks may do to triage runs, in random order: on the real database, through the
real verbs. Only the relay's words are made up.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from assistant import gateway
from assistant.models import RelayCall, TriageChunk, TriageRun
from assistant.relay.errors import RelayError
from assistant.relay.types import Completion, Usage
from assistant.triage import chunks, outcomes, runs, stopping
from assistant.triage.chunks import Lease
from assistant.triage.parse import parse
from assistant.triage.question import Question, load
from tickets.models import Category, Customer, Message, Team, Ticket

TICKETS = 7
MODELS = [
    "deepseek-v3.2",
    "gpt-4.1",
    "gemini-2.5-flash",
    "claude-sonnet-4.5",
]  # one a run, so that each row says whose it is
SLUGS = ["billing", "technical", "sales", "general"]
PRIORITIES = ["high", "medium", "low"]
FIELDS = ["category_id", "category_by", "priority", "priority_by", "team_id", "team_by", "needs_review"]
ERRORS = {
    "server": RelayError("relay_error", "The relay failed.", retryable=True, status=503),
    "refused": RelayError("bad_request", "The provider objects.", retryable=False, status=422),
    "blocked": RelayError("blocked", "The provider's filter.", retryable=False, status=400),
    "limited": RelayError("rate_limited", "Too many.", retryable=True, status=429),
    "key": RelayError("invalid_key", "No such key.", retryable=False, status=401, stops_run=True),
    "stopped": RelayError("cancelled", "We ended it.", retryable=True),
}

VERBS = st.sampled_from(["pause", "resume", "resume", "cancel", "retry", "undo", "undo", "apply", "apply", "all"])
ENDINGS = st.sampled_from(["all", "all", "all", "unsure", "half", "none", "cut", "crash", *ERRORS])


@dataclass
class Flight:
    """A request that a worker has sent and nobody has answered yet."""

    lease: Lease
    question: Question
    call: RelayCall
    route: gateway.Route


class Story(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.rolled_back = transaction.atomic()
        self.rolled_back.__enter__()
        self.now = timezone.now()
        self.person = User.objects.create_user("alice")
        self.team, other = Team.objects.create(name="Support"), Team.objects.create(name="Accounts")
        self.team.categories.set(Category.objects.filter(slug__in=["technical", "general"]))
        other.categories.set(Category.objects.filter(slug="billing"))
        erin = Customer.objects.create(email="erin@example.com")
        rows = [Ticket(customer=erin, subject=f"Ticket {n}", priority=PRIORITIES[n % 3]) for n in range(TICKETS)]
        self.tickets = Ticket.objects.bulk_create(rows)
        Message.objects.bulk_create([Message(ticket=t, kind="customer", body="The app is broken.") for t in rows])
        self.before = {row["pk"]: row for row in Ticket.objects.values("pk", *FIELDS)}
        self.runs: list[TriageRun] = []
        self.flights: list[Flight] = []
        self.ended: Counter[int] = Counter()  # run -> calls that were answered or failed
        self.by_person: dict[tuple[int, str], object] = {}
        self.history: dict[int, dict] = {}
        self.enqueue(TICKETS, 0, 3, 2, 0)

    def teardown(self):
        transaction.set_rollback(True)
        self.rolled_back.__exit__(None, None, None)

    # What people do

    @precondition(lambda self: len(self.runs) < len(MODELS))
    @rule(count=st.integers(1, TICKETS), first=st.integers(0, TICKETS - 1), batch=st.integers(1, 4),
          concurrency=st.integers(1, 3), sample=st.integers(0, 3))  # fmt: skip
    def enqueue_more(self, count, first, batch, concurrency, sample):
        self.enqueue(count, first, batch, concurrency, sample)

    def enqueue(self, count, first, batch, concurrency, sample):
        chosen = Ticket.objects.filter(pk__in=[ticket.pk for ticket in self.tickets[first : first + count]])
        run = runs.create_run(
            chosen, user=self.person, model=MODELS[len(self.runs)], batch_size=batch, concurrency=concurrency
        )
        self.runs.append(run)
        if sample:
            runs.take_sample(run, size=sample, now=self.now)
        else:
            runs.start(run, now=self.now)

    @precondition(lambda self: self.runs)
    @rule(data=st.data(), verb=VERBS)
    def press(self, data, verb):
        run = data.draw(st.sampled_from(self.runs))
        run.refresh_from_db()
        was = (run.state, list(run.items.order_by("pk").values_list("state", flat=True)))
        try:
            self.act(run, verb)
        except runs.RunError:
            run.refresh_from_db()
            assert (run.state, list(run.items.order_by("pk").values_list("state", flat=True))) == was

    def act(self, run, verb):
        if verb in {"apply", "all"}:
            runs.start(run, now=self.now, apply_sample=verb == "apply" and run.state == "sampled")
        elif verb == "undo":
            runs.undo(run, self.person, self.now)
        elif verb in {"resume", "retry"}:
            {"resume": runs.resume, "retry": runs.retry_failed}[verb](run, now=self.now)
        else:
            {"pause": runs.pause, "cancel": runs.cancel}[verb](run)

    @rule(data=st.data(), slug=st.sampled_from([*SLUGS, ""]), priority=st.sampled_from([*PRIORITIES, ""]),
          moves=st.booleans())  # fmt: skip
    def edit(self, data, slug, priority, moves):
        ticket = Ticket.objects.get(pk=data.draw(st.sampled_from(self.tickets)).pk)
        category = Category.objects.get(slug=slug) if slug else None
        ticket.label(self.person, category=category, priority=priority, now=self.now)
        if moves:
            ticket.move(self.person, self.team, now=self.now)
            self.by_person[ticket.pk, "team_id"] = self.team.pk
        if category:
            self.by_person[ticket.pk, "category_id"] = category.pk
        if priority:
            self.by_person[ticket.pk, "priority"] = priority

    # What workers do, and what befalls them

    @precondition(lambda self: chunks.due_chunks(self.now).exists())
    @rule()
    def claim(self):
        self.take_off(chunks.claim(self.now))

    @precondition(lambda self: self.flights)
    @rule(data=st.data())
    def overtake(self, data):
        """A worker is too slow: another one claims its chunk."""
        slow = data.draw(st.sampled_from(self.flights))
        self.now += timedelta(seconds=61)
        self.take_off(chunks.claim(self.now, chunk_id=slow.lease.chunk_id))

    @precondition(lambda self: chunks.due_chunks(self.now).exists())
    @rule(slug=st.sampled_from(SLUGS))
    def work(self, slug):
        """A worker without troubles does all that is due, and waits for what is not due yet."""
        while lease := chunks.claim(self.now):
            self.take_off(lease)
            self.give(self.flights.pop(), "all", slug, "high")
        self.now += timedelta(seconds=20)

    def take_off(self, lease: Lease | None) -> None:
        question = load(lease) if lease else None
        if question is None:
            return
        route = gateway.route_request(
            use_case="batch", user_waiting=False, messages=question.messages, model=question.run.model
        )
        call = gateway.reserve(route, kind=RelayCall.Kind.TRIAGE, user=self.person, run=question.run)
        self.flights.append(Flight(lease, question, call, route))

    @precondition(lambda self: self.flights)
    @rule(data=st.data(), kind=ENDINGS, slug=st.sampled_from(SLUGS), priority=st.sampled_from(PRIORITIES))
    def land(self, data, kind, slug, priority):
        """A request ends, or its worker does."""
        flight = self.flights.pop(data.draw(st.integers(0, len(self.flights) - 1)))
        if kind in ERRORS:
            self.fail(flight, ERRORS[kind])
        elif kind != "crash":
            self.give(flight, kind, slug, priority)

    def give(self, flight: Flight, kind: str, slug: str, priority: str) -> None:
        keys = list(flight.question.items)
        said = {"none": [], "half": keys[::2], "cut": keys[:1]}.get(kind, keys)
        confidence = 0.2 if kind == "unsure" else 0.9
        found = [
            {"id": key, "category": slug, "priority": priority, "confidence": confidence, "reason": f"as {key}"}
            for key in said
        ]
        text = json.dumps({"results": found})
        finish = "length" if kind == "cut" else "stop"
        result = Completion(text, finish, Usage(100, 20), "", "", 5, simulated=True)
        answer = gateway.Answer(result, flight.call, 1, flight.route.messages[0]["content"])
        parsed = parse(text, keys, SLUGS)
        fences = {"pk": flight.lease.chunk_id, "fence": flight.lease.fence, "state": "leased"}
        counted = TriageChunk.objects.filter(**fences).exists()
        assert outcomes.commit(flight.question, answer, parsed, 0, self.now, Team.by_category()) == counted
        stopping.settle_down(flight.lease.run_id, self.now)
        self.ended[flight.lease.run_id] += 1
        assert answer.settle() == RelayCall.objects.get(pk=flight.call.pk).cost

    def fail(self, flight: Flight, error: RelayError) -> None:
        error.attempts = 1
        gateway.settle_failure(flight.call, error, attempts=1)
        outcomes.fail(flight.question, error, 0, self.now)
        self.ended[flight.lease.run_id] += 1

    @rule(seconds=st.sampled_from([1, 20, 61, 200]))
    def time_passes(self, seconds):
        self.now += timedelta(seconds=seconds)
        chunks.requeue_expired(self.now)
