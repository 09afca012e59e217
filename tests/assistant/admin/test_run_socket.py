"""The websocket of a run's page, against a real server and a real worker's commits."""

import json

import pytest
from django.contrib.auth.models import Group
from django.contrib.sessions.models import Session

from assistant.triage import runs
from tests.assistant.sockets import Server, log_in, open_socket

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def server(transactional_db):
    server = Server("http://127.0.0.1:9/v1").start()
    yield server
    server.kill()


def address(run):
    return f"/ws/triage-runs/{run.pk}/"


def test_the_progress_of_a_running_run_arrives_until_it_is_done(server, carol, bench, make_tickets):
    make_tickets(6)
    run = bench.start(batch_size=2)
    with open_socket(server, address(run), log_in(carol)) as client:
        first = client.until("run.progress")
        assert (first["run"], first["state"], first["total"], first["done"]) == (run.pk, "running", 6, 0)
        assert first["categories"] == []
        bench.step()
        second = client.until("run.progress")
        assert (second["done"], second["pending"], sum(row["tickets"] for row in second["categories"])) == (2, 4, 2)
        bench.drain(run)
        last = client.until("run.progress")
        while last["state"] == "running":
            last = client.until("run.progress")
        assert (last["state"], last["classified"], last["requests"]) == ("done", 6, 3)
        assert last["cost"] == f"{run.cost:f}"


def test_nothing_is_sent_while_nothing_changes(server, carol, bench, make_tickets):
    make_tickets(2)
    run = bench.start()
    with open_socket(server, address(run), log_in(carol)) as client:
        client.until("run.progress")
        runs.pause(run)
        assert client.until("run.progress")["state"] == "paused"
        client.send("ping")
        client.until("pong")
    assert len({json.dumps(json.loads(frame)) for frame in client.seen}) == len(client.seen) == 3


def test_two_pages_of_two_runs_each_hear_of_their_own(server, carol, bench, make_tickets):
    make_tickets(4)
    one, two = bench.start(), bench.start()
    cookie = log_in(carol)
    with open_socket(server, address(one), cookie) as first, open_socket(server, address(two), cookie) as second:
        assert first.until("run.progress")["run"] == one.pk
        assert second.until("run.progress")["run"] == two.pk


def test_agents_strangers_and_unknown_runs_are_closed_with_a_code(server, alice, carol, make_run):
    run = make_run()
    for path, cookie, code in (
        (address(run), "", 4401),
        (address(run), "sessionid=made-up", 4401),
        (address(run), log_in(alice), 4404),
        (f"/ws/triage-runs/{10**30}/", log_in(carol), 4404),
    ):
        with open_socket(server, path, cookie) as client:
            assert client.close_code() == code


def test_who_logs_out_or_is_no_admin_any_more_is_closed(server, carol, make_run):
    run = make_run()
    with open_socket(server, address(run), log_in(carol)) as client:
        client.until("run.progress")
        carol.groups.remove(Group.objects.get(name="Admins"))
        assert client.close_code() == 4404
    carol.groups.add(Group.objects.get(name="Admins"))
    with open_socket(server, address(run), log_in(carol)) as client:
        client.until("run.progress")
        Session.objects.all().delete()
        assert client.close_code() == 4401


@pytest.mark.parametrize("rubbish", ["not json", "[]", '{"type":"pause"}', b"\x00"])
def test_rubbish_is_answered_and_the_socket_stays_open(server, carol, make_run, rubbish):
    with open_socket(server, address(make_run()), log_in(carol)) as client:
        client.until("run.progress")
        client.socket.send(rubbish)
        assert client.until("error")["error"]["code"] == "bad_request"
        client.send("ping")
        client.until("pong")
