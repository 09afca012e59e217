from __future__ import annotations


class ImportRefused(Exception):
    """The file or the arguments cannot be imported at all; the message says what to do."""


class RowError(ValueError):
    """One row cannot be imported; the message says why."""
