# ruff: noqa: S608  (our own names, nothing of it comes from outside)
"""Since when a customer waits: the oldest message of theirs that no reply has followed.

`Ticket.waiting_since` is kept by triggers on the messages, so that every way of writing one is covered. Automatic
mail waits for nobody. That a solved ticket waits no longer is a matter of its status, which lists ask for.
"""

from __future__ import annotations

from django.db.backends.base.base import BaseDatabaseWrapper

_OLDEST = """(SELECT min(m.created) FROM tickets_message m WHERE m.ticket_id = {0} AND m.kind = 'customer'
    AND NOT m.automatic AND m.created > coalesce((SELECT max(r.created) FROM tickets_message r
    WHERE r.ticket_id = {0} AND r.kind = 'reply'), '{1}'))"""
_SQLITE = "UPDATE tickets_ticket SET waiting_since = " + _OLDEST + " WHERE id = {0};"
_POSTGRES = (
    "UPDATE tickets_ticket t SET waiting_since = " + _OLDEST.format("t.id", "-infinity") + " WHERE t.id IN ({0})"
)

_ON = {
    "ticket_waits_said": ("INSERT", "WHEN NEW.kind <> 'note'", "NEW TABLE AS fresh", "SELECT ticket_id FROM fresh"),
    "ticket_waits_unsaid": ("DELETE", "WHEN OLD.kind <> 'note'", "OLD TABLE AS stale", "SELECT ticket_id FROM stale"),
}


def install(connection: BaseDatabaseWrapper) -> None:
    """Make the triggers where they are missing, and reckon anew; only rows that are wrong are written."""
    sqlite = connection.vendor == "sqlite"
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'" if sqlite else "SELECT tgname FROM pg_trigger"
        )
        if set(_ON) <= {row[0] for row in cursor.fetchall()}:
            return
        oldest = _OLDEST.format("tickets_ticket.id", "" if sqlite else "-infinity")
        other = "IS NOT" if sqlite else "IS DISTINCT FROM"
        cursor.execute(f"UPDATE tickets_ticket SET waiting_since = {oldest} WHERE waiting_since {other} {oldest}")
        for name, (event, when, tables, ids) in _ON.items():
            cursor.execute(f"DROP TRIGGER IF EXISTS {name}{'' if sqlite else ' ON tickets_message'}")
            if sqlite:
                body = _SQLITE.format("NEW.ticket_id" if event == "INSERT" else "OLD.ticket_id", "")
                cursor.execute(f"CREATE TRIGGER {name} AFTER {event} ON tickets_message {when} BEGIN {body} END")
                continue
            cursor.execute(
                f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS "
                f"$$ BEGIN {_POSTGRES.format(ids)}; RETURN NULL; END $$"
            )
            cursor.execute(
                f"CREATE TRIGGER {name} AFTER {event} ON tickets_message REFERENCING {tables} "
                f"FOR EACH STATEMENT EXECUTE FUNCTION {name}()"
            )


def uninstall(connection: BaseDatabaseWrapper) -> None:
    """Take SQLite's triggers away before migrations, see fulltext/setup.py."""
    with connection.cursor() as cursor:
        for name in _ON:
            cursor.execute(f"DROP TRIGGER IF EXISTS {name}")
