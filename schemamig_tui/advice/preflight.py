"""Advice before a run: sessions in the way, large tables, missing rights."""

from collections.abc import Iterable
from typing import Any

import psycopg

from schemamig_tui.advice.advice import Advice, note
from schemamig_tui.advice.database import Database
from schemamig_tui.advice.effects import effects
from schemamig_tui.advice.objects import find_relations, oids_by_name
from schemamig_tui.advice.privileges import find_role, privilege_advice
from schemamig_tui.advice.reading import read_catalog
from schemamig_tui.advice.sessions import session_advice
from schemamig_tui.advice.sizes import size_advice
from schemamig_tui.advice.targets import Targets, find
from schemamig_tui.engine import Script
from schemamig_tui.text import one_line

__all__ = ["OLD", "Advice", "preflight"]

OLD = 60.0
"""From this age on, in seconds, a transaction is reported."""


def preflight(
    conn: psycopg.Connection[Any], scripts: Iterable[Script], *, older_than: float = OLD
) -> tuple[Advice, ...]:
    """The advice on running ``scripts`` in this order; warnings come first.

    ``conn`` is a connection in autocommit mode whose session is as good as new. However much the
    files touch, the database gets a handful of queries; they wait for no lock and change nothing.
    A query that fails becomes a note. Raises psycopg.OperationalError when the connection is lost.
    """
    targets = find(scripts)
    if not targets.files:
        return ()
    database = Database(conn)
    advice = [*(note(f"{unread}.") for unread in targets.unread)]
    try:
        with database.asking():
            advice += _ask(database, targets, older_than)
    except psycopg.Error as error:
        if conn.closed:
            raise
        what = f"The database could not be looked at: {one_line(error)}."
        database.unknown.append(note(what))
    advice += database.unknown
    return tuple(sorted(advice, key=lambda item: item.severity == "note"))


def _ask(database: Database, targets: Targets, older_than: float) -> list[Advice]:
    role = find_role(database)
    if role is None:
        return []
    uses = targets.uses
    found = find_relations(database, uses)
    catalog = read_catalog(database, uses, oids_by_name(found))
    expected = effects(enumerate(uses), catalog)
    return [
        *session_advice(database, role, expected, uses, older_than),
        *privilege_advice(database, role, found, uses),
        *size_advice(database, found, expected),
    ]
