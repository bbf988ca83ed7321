"""Follows the changes of a schema in an open transaction; it only reads again what was touched."""

from collections.abc import Set
from typing import Any, NamedTuple

import psycopg
from psycopg.errors import InvalidSqlStatementName

from schemamig_tui.catalog.changes import Change
from schemamig_tui.catalog.diff import diff
from schemamig_tui.catalog.prepared import PreparedQueries, Query
from schemamig_tui.catalog.reading import patiently, prepared
from schemamig_tui.catalog.rereading import Reading, Rereading
from schemamig_tui.catalog.snapshot import snapshot
from schemamig_tui.catalog.unseen import unseen
from schemamig_tui.catalog.writes import Writes, catalog_writes, writes_of, writes_query

_NUMBER = "SELECT pg_catalog.pg_current_xact_id()"


class ReadAgain(NamedTuple):
    """What was written by now, to which catalogs since the last call, and what that has changed."""

    writes: Writes
    written: Set[str]
    reading: Rereading


class SchemaFollower:
    """What an open transaction does to the schema, from now on.

    Tables, types and functions are read again if a row about them was written, or if something
    they name has a new name; of the rarer kinds all is read again if any was written. So it costs
    what was touched, and not what there is. Whatever is done between two calls has to be done in a
    subtransaction of its own, as a file of a rehearsal is.
    """

    def __init__(self, conn: psycopg.Connection[Any]) -> None:
        self._conn = conn
        self.queries = PreparedQueries(conn)
        # The transaction gets its number here, so that all its subtransactions come after it.
        conn.execute(_NUMBER, prepare=False)
        self._mark = 0
        with prepared(conn) as self._server:
            pass
        self.schema = snapshot(conn)
        self._writes = catalog_writes(conn)
        self.writes_query = writes_query(conn)
        """Tells what ``reading`` has to know."""

    def changes(self, *, counted: bool = True) -> tuple[Change, ...]:
        """What has changed since the last call.

        ``counted`` is False if ``track_counts`` may have been off for a while: then all is read.
        Raises what ``snapshot`` does.
        """
        again = self._again() if counted and self._writes is not None else None
        if again:
            return self.changed(again)
        schema = self.schema
        self.schema, self._writes = snapshot(self._conn), catalog_writes(self._conn)
        return diff(schema, self.schema)

    def reading(self, writes: Writes) -> Reading[ReadAgain]:
        """Read again what was touched, where ``writes`` are all that there have been by now.

        The result is for ``changed``. What is yielded is to be asked between the ``opening`` and
        the ``closing`` of ``queries``. It may be given up and begun anew.
        """
        before = self._writes or {}
        written = {name for name in writes if writes[name] != before.get(name)}
        deleted = {name for name in written if writes[name].deleted != _deleted(before, name)}
        again = Rereading(self._server, self.schema, self._mark)
        if written:
            yield from again.read(written, deleted)
        return ReadAgain(writes, written, again)

    def changed(self, again: ReadAgain) -> tuple[Change, ...]:
        """What has changed by what was read again."""
        self._writes = again.writes
        if not again.written:
            return ()
        schema = self.schema
        if again.reading.named_everywhere_is_renamed:
            self.schema = snapshot(self._conn)
        else:
            self.schema, self._mark = again.reading.schema, again.reading.mark
        changes = diff(schema, self.schema)
        return *changes, *unseen(again.written, again.reading.extensions, changes)

    def _again(self) -> ReadAgain | None:
        """What was touched, read again; None where the server does not count what is written."""
        try:
            return patiently(self._read_again)
        except InvalidSqlStatementName:
            self.queries.forget()
            return patiently(self._read_again)

    def _read_again(self) -> ReadAgain | None:
        with self.queries.settings():
            ((found,),) = self.queries.ask({"writes": Query(self.writes_query)})["writes"].rows
            now = writes_of(found)
            if now is None:
                return None
            reading = self.reading(now)
            try:
                asked = next(reading)
                while True:
                    asked = reading.send(self.queries.ask(asked.queries))
            except StopIteration as end:
                again: ReadAgain = end.value
                return again


def _deleted(writes: Writes, catalog: str) -> int:
    return writes[catalog].deleted if catalog in writes else 0
