"""Queries whose SQL is made once a process: where Django takes longer to write one than the database to answer it."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import lru_cache
from typing import Any

from django.db import connections
from django.db.models import QuerySet

Row = tuple[Any, ...]

_FIRST = -7_000_000_000_000  # no key is as small: these stand for the numbers that differ from one call to the next


def rows_of(build: Callable[..., QuerySet], *numbers: int, fixed: tuple[Hashable, ...] = ()) -> list[Row]:
    """The rows of `build(*fixed, *numbers)`, a query of `values_list()`. `build` must always make the same query but
    for the numbers, which it only compares with keys."""
    connection = connections["default"]
    sql, parameters, columns = _prepare(build, connection.vendor, fixed, len(numbers))
    told = [numbers[value - _FIRST] if _is_place(value) else value for value in parameters]
    with connection.cursor() as cursor:
        cursor.execute(sql, told)
        rows = cursor.fetchall()
    for at, column in enumerate(columns):
        for convert in [*connection.ops.get_db_converters(column), *column.get_db_converters(connection)]:
            rows = [(*row[:at], convert(row[at], column, connection), *row[at + 1 :]) for row in rows]
    return rows


@lru_cache(maxsize=100)
def _prepare(build: Callable[..., QuerySet], _vendor: str, fixed: tuple[Hashable, ...], count: int) -> Any:
    compiler = build(*fixed, *range(_FIRST, _FIRST + count)).query.get_compiler("default")
    sql, parameters = compiler.as_sql()
    return sql, parameters, [column for column, _sql, _alias in compiler.select[: compiler.col_count]]


def _is_place(parameter: Any) -> bool:
    return isinstance(parameter, int) and _FIRST <= parameter < _FIRST + 100
