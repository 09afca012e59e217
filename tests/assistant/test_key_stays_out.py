"""After everything has failed that can, with a relay that repeats the key at every turn: it is kept nowhere."""

import io
import json
import logging
import random
import traceback

import pytest
from django.core.management import call_command
from django.db import connection

from assistant import gateway
from assistant.models import RelayCall, TriageRun
from assistant.relay.errors import RelayError
from assistant.relay.types import Delta

from .relay.conftest import KEY
from .relay.test_secrets import ECHO, SCRIPTS
from .relay.upstream import Events, Upstream, completion
from .test_gateway_faults import Clock, Stop

# Good answers whose name for themselves is the key.
NAMED = {
    "id": lambda p: p.answer(200, completion(id=KEY, model=KEY)),
    "header": lambda p: p.answer(200, completion(), x_request_id=KEY),
    "streamed id": lambda p: Events(p, "chunked").data({"id": KEY, **chunk("Hello")}).finish().done(),
}


def chunk(text):
    return {"model": KEY, "choices": [{"index": 0, "delta": {"content": text}}]}


@pytest.fixture(autouse=True)
def _key(settings):
    settings.RELAY_API_KEY, settings.RELAY_RPM = f" {KEY} ", 100_000


def assert_nowhere(*told):
    kept = [str(row) for table in connection.introspection.table_names() for row in rows_of(table)]
    for text in (*kept, *told):
        assert KEY not in text
        assert KEY[:9] not in text
        assert KEY[3:] not in text


def rows_of(table):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
        return cursor.fetchall()


def complete():
    clock = Clock()
    route = gateway.route_request(use_case="batch", user_waiting=False, prompt="Hello")
    return gateway.complete(route, kind="triage", clock=clock, stop=Stop(clock), rng=random.Random(1)).settle()


def stream():
    route = gateway.route_request(use_case="writing", user_waiting=True, prompt="Hello")
    call = gateway.reserve(route, kind="draft")
    text = ""
    try:
        for item in gateway.client().stream(route.request()):
            text += item.text if isinstance(item, Delta) else ""
    except RelayError as error:
        gateway.settle_failure(call, error, attempts=1, prompt=route.prompt, text=text)
        raise
    gateway.settle(call, item, attempts=1, prompt=route.prompt, text=text)


@pytest.mark.django_db
@pytest.mark.parametrize("ask", [complete, stream])
@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
def test_a_failed_call_leaves_no_key_in_database_log_or_error(settings, caplog, ask, script):
    caplog.set_level(logging.DEBUG)
    with Upstream(script) as upstream:
        settings.RELAY_BASE_URL = upstream.url
        with pytest.raises(RelayError) as failed:
            ask()
    assert RelayCall.objects.exists()
    trace = "".join(traceback.format_exception(failed.value))
    assert_nowhere(caplog.text, trace, json.dumps(vars(failed.value)))


@pytest.mark.django_db
@pytest.mark.parametrize("name", NAMED)
def test_a_good_answer_leaves_no_key_either(settings, caplog, name):
    caplog.set_level(logging.DEBUG)
    with Upstream(NAMED[name]) as upstream:
        settings.RELAY_BASE_URL = upstream.url
        stream() if name == "streamed id" else complete()
    assert RelayCall.objects.filter(outcome="ok").exists()
    assert_nowhere(caplog.text)


@pytest.mark.django_db(transaction=True)
def test_a_failed_run_leaves_no_key_in_database_log_or_output(settings, caplog, ticket):
    caplog.set_level(logging.DEBUG)
    out, err = io.StringIO(), io.StringIO()
    with Upstream(lambda p: p.answer(401, {"error": {"message": ECHO}})) as upstream:
        settings.RELAY_BASE_URL = upstream.url
        with pytest.raises(SystemExit) as ended:
            call_command("triage", "--all", "--yes", stdout=out, stderr=err)
    assert ended.value.code == 1
    run = TriageRun.objects.get()
    assert "Incorrect API key provided" in run.pause_reason
    assert_nowhere(caplog.text, out.getvalue(), err.getvalue())
