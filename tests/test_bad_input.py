"""What goes wrong in a terminal is said in a sentence which tells what to do, never in a traceback."""

from __future__ import annotations

import re
import socket
from contextlib import suppress

import pytest
from websockets.exceptions import ConnectionClosed

from assistant.models import TriageItem, TriageRun
from assistant.simulator import SimulatedRelay
from tests.assistant.sockets import KEY, Server, database_url, log_in, open_socket
from tests.stack import manage
from tickets.models import Ticket

pytestmark = pytest.mark.django_db(transaction=True)

NOBODY = "http://127.0.0.1:9/v1"  # the discard port: nothing listens


def run(*arguments: str, **environ: str) -> tuple[int, str]:
    """Exit code and what the person at the terminal reads."""
    known = {"DATABASE_URL": database_url(), "RELAY_BASE_URL": NOBODY, "RELAY_API_KEY": KEY, "RELAY_RPM": "6000"}
    done = manage(*arguments, **{**known, **environ})
    said = done.stdout + done.stderr
    assert "Traceback" not in said and KEY not in said, said
    return done.returncode, " ".join(said.split())


def refused(*arguments: str, **environ: str) -> str:
    """The one sentence, or two, of a command that cannot begin: exit code 2."""
    code, said = run(*arguments, **environ)
    assert code == 2, said
    assert re.search(r"\w+ .*\w[.:]", said) and len(said) < 2000
    return said


@pytest.fixture
def relay():
    with SimulatedRelay(seed=1) as relay:
        yield relay


class TestTriage:
    def test_no_key(self, ticket):
        assert "RELAY_API_KEY" in refused("triage", "--all", "--yes", RELAY_API_KEY="")
        assert not TriageRun.objects.exists()

    def test_a_wrong_key(self, ticket, relay):
        relay.set(key="another")
        code, said = run("triage", "--all", "--yes", RELAY_BASE_URL=relay.base_url)
        assert code == 1 and "Incorrect API key provided" in said and "RELAY_API_KEY" in said
        assert "--resume" in said
        assert TriageItem.objects.get().state == "failed"
        assert len(relay.books) == 1

    def test_a_relay_that_is_not_there(self, erin):
        for number in range(3):
            Ticket.objects.open(erin, f"Where is parcel {number}?")
        code, said = run("triage", "--all", "--yes", "--batch-size", "1")
        assert code == 1 and "could not be reached (Connection refused). Check RELAY_BASE_URL" in said
        assert "--resume" in said
        assert {item.state for item in TriageItem.objects.all()} == {"failed"}

    def test_an_unknown_model(self, ticket, relay):
        code, said = run("triage", "--all", "--yes", "--model", "gpt-99", RELAY_BASE_URL=relay.base_url)
        assert code == 1 and "gpt-99" in said and "does not exist" in said
        assert len(relay.books) == 1

    def test_a_ticket_that_does_not_exist(self, ticket):
        assert "There is no ticket 999999." in refused("triage", "--ids", "999999", "--yes")

    @pytest.mark.parametrize(
        ("option", "value", "words"),
        [
            ("--batch-size", "-1", "from 1 to 100, not -1"),
            ("--concurrency", "0", "from 1 to 64, not 0"),
            ("--max-cost", "-2", "above 0"),
        ],
    )
    def test_a_number_that_makes_no_sense(self, ticket, option, value, words):
        said = refused("triage", "--all", "--yes", option, value)
        assert option in said and words in said
        assert not TriageRun.objects.exists()


class TestImport:
    @pytest.mark.parametrize(
        ("text", "arguments", "words"),
        [
            (None, [], "There is no file"),
            ("", [], "is empty"),
            ("text,topic\nx,y\n", ["--map", "body=words"], "no column “words”"),
            ("text\nx\n", ["--encoding", "klingon"], "klingon"),
        ],
    )
    def test_a_file_that_cannot_be_read(self, tmp_path, text, arguments, words):
        path = tmp_path / "export.csv"
        if text is not None:
            path.write_text(text)
        assert words in refused("import_tickets", str(path), *arguments)


class TestSettings:
    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("TRIAGE_BATCH_SIZE", "-20"), ("RELAY_BASE_URL", "api.example.com/v1"), ("MONTHLY_BUDGET_USD", "lots"),
            ("AI_ENABLED", "maybe"), ("RELAY_CA_BUNDLE", "/no/such/file.pem"),
        ],
    )  # fmt: skip
    def test_a_bad_value_names_its_variable(self, name, value):
        code, said = run("check", **{name: value})
        assert code == 1 and said.startswith(f"Collie cannot start: {name} must ")

    def test_a_database_in_a_folder_that_does_not_exist(self, tmp_path):
        code, said = run("check", DATABASE_URL=f"sqlite:///{tmp_path}/missing/collie.sqlite3")
        assert code == 1 and said.startswith("Collie cannot start: DATABASE_URL must ")
        assert f"{tmp_path}/missing does not" in said


class TestPorts:
    def test_a_port_in_use(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = str(taken.getsockname()[1])
            assert f"{port}: " in refused("simulate_relay", "--port", port)
            for command in ("demo", "serve"):
                assert f"Port {port} is in use. Choose another" in refused(command, PORT=port)

    @pytest.mark.parametrize("fault", ["gremlins:0.1", "reset:2", "reset"])
    def test_a_fault_that_does_not_exist(self, fault):
        assert fault.partition(":")[0] in refused("simulate_relay", "--port", "0", "--fault", fault)


def test_a_draft_on_a_ticket_of_another_team_is_refused_by_closing_the_socket(bob, alice, ticket, support, relay):
    ticket.move(alice, support)
    server = Server(relay.base_url).start()
    try:
        for number in (ticket.pk, 999999):
            with open_socket(server, f"/ws/tickets/{number}/", log_in(bob)) as page:
                with suppress(ConnectionClosed):  # it may be closed already
                    page.send("draft.start", instruction="")
                assert page.close_code() == 4404
    finally:
        server.kill()
    assert not relay.books and "Traceback" not in "".join(server.log)
