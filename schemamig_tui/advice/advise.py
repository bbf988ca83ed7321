"""Advice before a run: sessions in the way, rows in the way, large tables, missing rights."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import psycopg

from schemamig_tui.advice.advice import Advice, note
from schemamig_tui.advice.catalog import Catalog
from schemamig_tui.advice.claim_checks import check_claims
from schemamig_tui.advice.claims import claims
from schemamig_tui.advice.database import TIMEOUT, Database
from schemamig_tui.advice.effects import effects
from schemamig_tui.advice.left_behind import left_behind
from schemamig_tui.advice.objects import TouchedRelation, find_relations, oids_by_name
from schemamig_tui.advice.privileges import find_role, privilege_advice
from schemamig_tui.advice.reading import read_catalog
from schemamig_tui.advice.refusals import refusals
from schemamig_tui.advice.sessions import session_advice
from schemamig_tui.advice.sizes import size_advice
from schemamig_tui.advice.targets import Targets, Use, find
from schemamig_tui.engine import Script
from schemamig_tui.text import one_line, visible

OLD = 60.0
"""From this age on, in seconds, a transaction is reported."""


def advise(
    conn: psycopg.Connection[Any],
    scripts: Iterable[Script],
    *,
    older_than: float = OLD,
    timeout: float | None = TIMEOUT,
) -> tuple[Advice, ...]:
    """The advice on running ``scripts`` in this order: warnings first, then as they are run.

    ``conn`` is a connection in autocommit mode whose session is as good as new. However much the
    files touch, the database gets a handful of queries, and one for each claim about rows, which
    may take ``timeout`` seconds (see ``check_claims``). They change nothing, and wait for no lock
    for longer than a moment. A query that fails becomes a note. Raises psycopg.OperationalError
    when the connection is lost.
    """
    database = Database(conn, timeout)
    targets = find(scripts, database.search_path())
    if not targets.files:
        return ()
    advice = [*targets.unread]
    try:
        advice += _ask(database, targets, older_than)
    except psycopg.Error as error:
        if conn.closed:
            raise
        what = f"The database could not be looked at: {one_line(error)}."
        database.unknown.append(note(what))
    advice += database.unknown
    files = [*dict.fromkeys(visible(use.file) for use in targets.uses)]

    def place(one: Advice) -> tuple[bool, int, int]:
        file = files.index(one.file) if one.file in files else -1
        return one.severity == "note", file, one.line or 0

    return tuple(sorted(advice, key=place))


def _judged(
    found: Sequence[TouchedRelation], uses: Sequence[Use], catalog: Catalog
) -> tuple[list[TouchedRelation], list[Use]]:
    """The same without what needs no right, as it does nothing; an index asks for that first."""
    idle = {uses[number] for number in catalog.idle}
    idle = {use for use in idle if not use.touch.statement.startswith("CREATE INDEX")}
    left = [replace(one, uses=[use for use in one.uses if use not in idle]) for one in found]
    return left, [use for use in uses if use not in idle]


def _ask(database: Database, targets: Targets, older_than: float) -> list[Advice]:
    uses = targets.uses
    with database.asking():
        role = find_role(database)
        if role is None:
            return []
        found = find_relations(database, uses)
        catalog = read_catalog(database, uses, oids_by_name(found))
        expected = effects(enumerate(uses), catalog)
        advice = session_advice(database, role, expected, uses, older_than)
        advice += privilege_advice(database, role, *_judged(found, uses, catalog))
        advice += refusals(uses, catalog)
        advice += left_behind(uses, catalog)
    # Not in one transaction: each of them locks its table, and may take a while.
    about_rows = check_claims(database, claims(enumerate(uses), catalog))
    with database.asking():
        advice += size_advice(database, found, expected, about_rows.quick)
    return [*about_rows.advice, *advice]
