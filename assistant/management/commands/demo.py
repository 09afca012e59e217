"""`make demo`: the whole product on one machine, with tickets to try it on and a simulated relay."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from assistant import processes
from assistant.models import TriageRun

MANAGE = [sys.executable, str(settings.BASE_DIR / "manage.py")]
PORTS_TRIED = 50
MAIL_FOLDER = settings.VAR_DIR / "mail"


class Command(BaseCommand):
    help = "Seed, classify in the terminal, then serve desk, worker and simulated relay until Ctrl-C."

    def handle(self, *args: Any, **options: Any) -> None:
        port = processes.chosen_port(os.environ, "demo")
        candidates = range(port + 1, min(port + PORTS_TRIED, processes.LAST_PORT + 1))
        relay_port = next(filter(processes.port_is_free, candidates), 0)
        if not relay_port:
            text = f"No free port for the simulated relay above {port}. Set PORT to another range."
            raise CommandError(text, returncode=2)
        environ = {
            **os.environ,
            "RELAY_BASE_URL": f"http://127.0.0.1:{relay_port}/v1",
            "RELAY_API_KEY": "simulated",
            "EMAIL_URL": f"file://{MAIL_FOLDER}",
        }
        relay = f"simulate_relay --port {relay_port} --latency-ms 400 --ttft-ms 250 --token-ms 25"
        call_command("migrate", verbosity=0)
        call_command("seed_demo", stdout=self.stdout)
        if not TriageRun.objects.exists():
            self._classify(environ, relay.split(), relay_port)
        sys.exit(processes.run_all(environ, port, lambda: self._announce(port), relay=f"python manage.py {relay}"))

    def _classify(self, environ: dict[str, str], relay: list[str], relay_port: int) -> None:
        self.stdout.write("\nClassifying the queue on the simulated relay:\n")
        simulator = subprocess.Popen([*MANAGE, *relay], env=environ, stdout=subprocess.DEVNULL)  # noqa: S603
        try:
            if not processes.wait_for_port(relay_port):
                raise CommandError(
                    "The simulated relay did not start; run `python manage.py simulate_relay` to see why."
                )
            triage = subprocess.run([*MANAGE, "triage", "--all", "--yes"], env=environ, check=False)  # noqa: S603
        finally:
            simulator.terminate()
            simulator.wait()
        if triage.returncode:
            raise CommandError(
                "The queue was not classified; what went wrong is said above. `make demo` tries again."
            )

    def _announce(self, port: int) -> None:
        self.stdout.write(
            f"\n  Collie is at http://127.0.0.1:{port}/   (Ctrl-C ends it)\n\n"
            "  alice / collie-demo   an agent of Support\n"
            "  bob   / collie-demo   an agent of Accounts\n"
            f"  carol / collie-demo   an admin: http://127.0.0.1:{port}/admin/\n\n"
            f"  Mail to customers is written to {MAIL_FOLDER}\n\n"
        )
        self.stdout.flush()
