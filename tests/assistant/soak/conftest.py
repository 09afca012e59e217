"""A simulated relay, and processes on the test's own database which call it through the gateway."""

from __future__ import annotations

import os
import subprocess
import sys
from decimal import Decimal

import pytest
from django.conf import settings as django_settings

from assistant.models import RelayCall, Spending
from assistant.simulator import SimulatedRelay

from ..sockets import KEY, database_url


@pytest.fixture
def relay(settings):
    with SimulatedRelay(seed=3) as relay:
        settings.RELAY_BASE_URL = relay.base_url
        yield relay


class Callers:
    """Starts callers and lets none of them outlive the test."""

    def __init__(self, relay: SimulatedRelay) -> None:
        self._relay = relay
        self._all: list[subprocess.Popen[str]] = []

    def start(self, threads: int = 2, **environ: str) -> subprocess.Popen[str]:
        env = os.environ | {
            "DATABASE_URL": database_url(), "DJANGO_SETTINGS_MODULE": "config.settings", "RELAY_API_KEY": KEY,
            "RELAY_BASE_URL": self._relay.base_url, "RELAY_RPM": "100000", **environ,
        }  # fmt: skip
        command = [sys.executable, "-m", "tests.assistant.soak.caller", str(threads)]
        process = subprocess.Popen(command, cwd=django_settings.BASE_DIR, env=env, stdout=subprocess.PIPE, text=True)
        self._all.append(process)
        return process

    def kill(self) -> None:
        for process in self._all:
            process.kill()
            process.wait()
            process.stdout.close()


@pytest.fixture
def callers(relay, transactional_db):
    callers = Callers(relay)
    yield callers
    callers.kill()


@pytest.fixture
def assert_spending_is_the_sum_of_the_rows():
    """Settled rows count at their cost, all others at what was reserved for them."""

    def check() -> Decimal:
        total = Decimal(0)
        for cost, reserved in RelayCall.objects.values_list("cost", "reserved_cost"):
            total += reserved if cost is None else cost
        assert Spending.objects.get().amount == total
        return total

    return check
