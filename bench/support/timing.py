"""How long a page takes in the process: by the clock and by the processor, and with how many queries."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from itertools import count
from typing import Any

from django.db import connection

COLUMNS = "queries | p50 ms | p95 ms | p50 of the processor | p95 of the processor"
RULE = "---:|---:|---:|---:|---:"
ENOUGH = 20.0  # seconds for one page: what is slow need not be asked so often


def figures(get: Callable[[], Any], rounds: int) -> list[str]:
    """The cells of COLUMNS for a page that `get` fetches."""
    queries = count()

    def counting(execute: Callable[..., Any], *call: Any) -> Any:
        next(queries)
        return execute(*call)

    with connection.execute_wrapper(counting):
        response = get()
        assert response.status_code == 200, response.status_code
    asked = next(queries)
    taken, worked = [], []
    for _round in range(rounds):
        begun, busy = time.perf_counter(), time.process_time()
        get()
        taken.append((time.perf_counter() - begun) * 1000)
        worked.append((time.process_time() - busy) * 1000)
        time.sleep(taken[-1] / 5000)  # the kernel holds up whoever runs with real-time priority without a pause
        if sum(taken) > ENOUGH * 1000:
            break
    return [str(asked), *(f"{cut:.1f}" for times in (taken, worked) for cut in (_middle(times), _high(times)))]


def _middle(times: list[float]) -> float:
    return statistics.median(times)


def _high(times: list[float]) -> float:
    return statistics.quantiles(times, n=20)[-1]
