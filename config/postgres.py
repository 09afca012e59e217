"""How connections to PostgreSQL are kept: pooled, tried again, and given up when their other end has vanished."""

from __future__ import annotations

from typing import Any


def options(asked_for: dict[str, Any]) -> dict[str, Any]:
    """Django's OPTIONS. What the address asks for, as ?sslmode=verify-full, stays."""
    return {
        # An address that does not answer, a line that stays silent: noticed in seconds.
        "connect_timeout": 5,
        "keepalives_idle": 20,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 20_000,  # ms
        # No transaction waits for anything: an idle one has lost its machine, and would keep its locks for hours.
        # Compiling a query (jit) takes longer than any of ours takes to run.
        "options": "-c idle_in_transaction_session_timeout=60000 -c jit=off",  # ms
        **asked_for,
        # It tries again every few seconds, not with pauses that double up to minutes.
        "pool": {"min_size": 0, "max_size": 20, "timeout": 20, "reconnect_timeout": 5},
    }
