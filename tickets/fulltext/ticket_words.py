# ruff: noqa: S608  (our own names, nothing of it comes from outside)
"""The words of tickets: one document a ticket, out of its subject, its customer and all its messages, notes too.

Triggers keep the documents, so that bulk imports, edits and deletes are covered, whoever makes them. SQLite's are for
each row, Postgres's for each statement.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.db.backends.base.base import BaseDatabaseWrapper

from tickets.fulltext.index import LONGEST, Index
from tickets.text import html_to_text

TICKETS = Index("tickets_ticketwords", "ticket_id", ("subject", "people", "body"), version=2)

_PEOPLE = "SELECT name || ' ' || email FROM tickets_customer WHERE id = {}"
_PLAIN_OF = "CASE WHEN {0}format = 'html' THEN collie_plain({0}body, {0}format) ELSE {0}body END"
_ALL = f"""substr(coalesce((SELECT {{join}} FROM (SELECT {_PLAIN_OF.format("")} AS words FROM tickets_message
    WHERE ticket_id = {{ticket}} ORDER BY created, id) said), ''), -{LONGEST})"""


def plain(body: str | None, format: str | None) -> str:
    """What SQLite calls as collie_plain(): a message without its markup."""
    return html_to_text(body or "") if format == "html" else body or ""


def _sqlite() -> dict[str, str]:
    everything = _ALL.format(join="group_concat(words, char(10))", ticket="{ticket}")
    anew = "UPDATE tickets_ticketwords SET body = " + everything + " WHERE ticket_id = {ticket};"
    of_old, of_new = anew.format(ticket="OLD.ticket_id"), anew.format(ticket="NEW.ticket_id")
    return {
        "ticket_words_opened": f"""AFTER INSERT ON tickets_ticket BEGIN
            INSERT INTO tickets_ticketwords (ticket_id, subject, people, body)
            VALUES (NEW.id, NEW.subject, coalesce(({_PEOPLE.format("NEW.customer_id")}), ''), ''); END""",
        "ticket_words_changed": f"""AFTER UPDATE OF subject, customer_id ON tickets_ticket
            WHEN OLD.subject <> NEW.subject OR OLD.customer_id <> NEW.customer_id BEGIN
            UPDATE tickets_ticketwords SET subject = NEW.subject,
            people = coalesce(({_PEOPLE.format("NEW.customer_id")}), '') WHERE ticket_id = NEW.id; END""",
        "ticket_words_deleted": """AFTER DELETE ON tickets_ticket BEGIN
            DELETE FROM tickets_ticketwords WHERE ticket_id = OLD.id; END""",
        "ticket_words_said": f"""AFTER INSERT ON tickets_message BEGIN
            UPDATE tickets_ticketwords
            SET body = substr(body || char(10) || {_PLAIN_OF.format("NEW.")}, -{LONGEST})
            WHERE ticket_id = NEW.ticket_id; END""",
        "ticket_words_edited": f"""AFTER UPDATE OF body, format, ticket_id ON tickets_message
            WHEN OLD.body <> NEW.body OR OLD.format <> NEW.format OR OLD.ticket_id <> NEW.ticket_id
            BEGIN {of_old} {of_new} END""",
        "ticket_words_unsaid": f"""AFTER DELETE ON tickets_message BEGIN {of_old} END""",
        "ticket_words_renamed": f"""AFTER UPDATE OF name, email ON tickets_customer
            WHEN OLD.name <> NEW.name OR OLD.email <> NEW.email BEGIN
            UPDATE tickets_ticketwords SET people = ({_PEOPLE.format("NEW.id")})
            WHERE ticket_id IN (SELECT id FROM tickets_ticket WHERE customer_id = NEW.id); END""",
    }


_FILL = f"""INSERT INTO tickets_ticketwords (ticket_id, subject, people, body)
    SELECT t.id, t.subject, coalesce(({_PEOPLE.format("t.customer_id")}), ''), {_ALL}
    FROM tickets_ticket t"""


def install(connection: BaseDatabaseWrapper) -> None:
    """Make triggers and index where they are missing. The documents are made anew only with another version of the
    index; where triggers alone were away, those documents are mended that no longer fit their tickets."""
    if connection.vendor == "sqlite":
        _install_sqlite(connection)
    else:
        _install_postgres(connection)


def uninstall(connection: BaseDatabaseWrapper) -> None:
    """Take SQLite's triggers away before migrations, which cannot make a table anew that a trigger speaks of."""
    TICKETS.uninstall(connection)
    with connection.cursor() as cursor:
        for name in _sqlite():
            cursor.execute(f"DROP TRIGGER IF EXISTS {name}")


def _install_sqlite(connection: BaseDatabaseWrapper) -> None:
    triggers, current = _sqlite(), TICKETS.is_current(connection)
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        if current and {*triggers, *TICKETS.triggers()} <= {row[0] for row in cursor.fetchall()}:
            return
    uninstall(connection)
    with connection.cursor() as cursor:
        if not current:
            cursor.execute("DELETE FROM tickets_ticketwords")
            cursor.execute(_FILL.format(join="group_concat(words, char(10))", ticket="t.id"))
    TICKETS.install(connection)
    with connection.cursor() as cursor:
        for sql in _mending() if current else ():
            cursor.execute(sql)
        for name, sql in triggers.items():
            cursor.execute(f"CREATE TRIGGER {name} {sql}")


def _mending() -> Iterator[str]:
    """SQLite: for documents of tickets that are gone, new or changed. One pass; some seconds for a million."""
    join, people = "group_concat(words, char(10))", f"coalesce(({_PEOPLE.format('t.customer_id')}), '')"
    yield "DELETE FROM tickets_ticketwords WHERE ticket_id NOT IN (SELECT id FROM tickets_ticket)"
    yield _FILL.format(join=join, ticket="t.id") + " WHERE t.id NOT IN (SELECT ticket_id FROM tickets_ticketwords)"
    yield f"""UPDATE tickets_ticketwords SET (subject, people) =
        (SELECT t.subject, {people} FROM tickets_ticket t WHERE t.id = ticket_id)
        WHERE ticket_id IN (SELECT t.id FROM tickets_ticket t JOIN tickets_ticketwords w ON w.ticket_id = t.id
            WHERE w.subject <> t.subject OR w.people <> {people})"""
    said = _ALL.format(join=join, ticket="tickets_ticketwords.ticket_id")
    yield f"UPDATE tickets_ticketwords SET body = {said} WHERE ltrim(body, char(10)) <> ltrim({said}, char(10))"


def _install_postgres(connection: BaseDatabaseWrapper) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_trigger WHERE tgname = 'ticket_words_unsaid'")
        if cursor.fetchone() and TICKETS.is_current(connection):
            return
        cursor.execute(_PLAIN)
        cursor.execute("DELETE FROM tickets_ticketwords")
    TICKETS.install(connection)
    fill = _FILL.format(join="string_agg(words, chr(10))", ticket="t.id").replace("substr(", "right(")
    with connection.cursor() as cursor:
        cursor.execute(fill.replace(f"-{LONGEST}", f"{LONGEST}"))
        for name, (event, body) in _POSTGRES.items():
            cursor.execute(
                f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS "
                f"$$ BEGIN {body}; RETURN NULL; END $$"
            )
            table = event.split(" ON ")[1].split()[0]
            cursor.execute(f"DROP TRIGGER IF EXISTS {name} ON {table}")
            cursor.execute(f"CREATE TRIGGER {name} {event} FOR EACH STATEMENT EXECUTE FUNCTION {name}()")


_PLAIN = r"""
CREATE OR REPLACE FUNCTION collie_plain(body text, format text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN format <> 'html' THEN body ELSE regexp_replace(regexp_replace(regexp_replace(body,
    '<(style|script|head|title|template)\M.*?</\1>', ' ', 'gi'), '<[^>]*>', ' ', 'g'), '&#?\w+;', ' ', 'g') END
$$"""
_ANEW = f"""UPDATE tickets_ticketwords w SET body = right(coalesce((SELECT string_agg(
    collie_plain(m.body, m.format), chr(10) ORDER BY m.created, m.id) FROM tickets_message m
    WHERE m.ticket_id = w.ticket_id), ''), {LONGEST}) WHERE w.ticket_id IN """
_POSTGRES = {
    "ticket_words_opened": (
        "AFTER INSERT ON tickets_ticket REFERENCING NEW TABLE AS fresh",
        """INSERT INTO tickets_ticketwords (ticket_id, subject, people, body)
        SELECT f.id, f.subject, c.name || ' ' || c.email, ''
        FROM fresh f JOIN tickets_customer c ON c.id = f.customer_id""",
    ),
    "ticket_words_changed": (
        "AFTER UPDATE ON tickets_ticket REFERENCING OLD TABLE AS stale NEW TABLE AS fresh",
        """UPDATE tickets_ticketwords w SET subject = f.subject, people = c.name || ' ' || c.email
        FROM fresh f JOIN stale s ON s.id = f.id JOIN tickets_customer c ON c.id = f.customer_id
        WHERE w.ticket_id = f.id AND (s.subject <> f.subject OR s.customer_id <> f.customer_id)""",
    ),
    "ticket_words_deleted": (
        "AFTER DELETE ON tickets_ticket REFERENCING OLD TABLE AS stale",
        "DELETE FROM tickets_ticketwords WHERE ticket_id IN (SELECT id FROM stale)",
    ),
    "ticket_words_said": (
        "AFTER INSERT ON tickets_message REFERENCING NEW TABLE AS fresh",
        f"""UPDATE tickets_ticketwords w SET body = right(w.body || chr(10) || said.words, {LONGEST})
        FROM (SELECT ticket_id, string_agg(collie_plain(body, format), chr(10) ORDER BY created, id) AS words
        FROM fresh GROUP BY ticket_id) said WHERE said.ticket_id = w.ticket_id""",
    ),
    "ticket_words_edited": (
        "AFTER UPDATE ON tickets_message REFERENCING OLD TABLE AS stale NEW TABLE AS fresh",
        _ANEW
        + """(SELECT unnest(ARRAY[s.ticket_id, f.ticket_id]) FROM stale s JOIN fresh f ON f.id = s.id
        WHERE s.body <> f.body OR s.format <> f.format OR s.ticket_id <> f.ticket_id)""",
    ),
    "ticket_words_unsaid": (
        "AFTER DELETE ON tickets_message REFERENCING OLD TABLE AS stale",
        _ANEW + "(SELECT ticket_id FROM stale)",
    ),
    "ticket_words_renamed": (
        "AFTER UPDATE ON tickets_customer REFERENCING OLD TABLE AS stale NEW TABLE AS fresh",
        """UPDATE tickets_ticketwords w SET people = f.name || ' ' || f.email
        FROM fresh f JOIN stale s ON s.id = f.id JOIN tickets_ticket t ON t.customer_id = f.id
        WHERE w.ticket_id = t.id AND (s.name <> f.name OR s.email <> f.email)""",
    ),
}
