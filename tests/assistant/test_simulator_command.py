import errno
import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--fault", "gremlins:0.1"], "no fault gremlins"),
        (["--fault", "reset:1.5"], "between 0 and 1"),
        (["--fault", "reset"], "KIND:RATE"),
        (["--rpm", "-1"], "--rpm must be 0 or more"),
        (["--token-ms", "-5"], "--token-ms must be 0 or more"),
    ],
)
def test_wrong_arguments_are_one_sentence_and_exit_2(arguments, said):
    with pytest.raises(CommandError, match=said) as refused:
        call_command("simulate_relay", "--port", "0", *arguments)
    assert refused.value.returncode == 2


def test_a_taken_port_is_said_and_exits_2():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CommandError, match=f":{port}: {os.strerror(errno.EADDRINUSE)}. Choose") as refused:
            call_command("simulate_relay", "--port", str(port))
    assert refused.value.returncode == 2


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_it_says_where_it_listens_and_stops_cleanly(stop):
    command = [sys.executable, "manage.py", "simulate_relay", "--port", "0", "--rpm", "60"]
    with subprocess.Popen(command, cwd=ROOT, env=os.environ, stdout=subprocess.PIPE, text=True) as process:
        base_url = re.search(r"http://\S+/v1", process.stdout.readline())[0]
        with urllib.request.urlopen(base_url.removesuffix("/v1") + "/books", timeout=5) as response:
            assert json.load(response)["requests"] == 0
        process.send_signal(stop)
        assert process.wait(timeout=10) == 0
