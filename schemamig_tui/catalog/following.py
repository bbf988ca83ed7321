"""Follows the schema through a transaction, and reads again only what has been touched."""

from collections.abc import Set
from typing import Any

import psycopg
from psycopg.errors import InvalidSqlStatementName

from schemamig_tui.catalog.changes import Change
from schemamig_tui.catalog.diff import diff
from schemamig_tui.catalog.prepared import PreparedQueries
from schemamig_tui.catalog.reading import patiently, prepared
from schemamig_tui.catalog.rereading import Rereading
from schemamig_tui.catalog.snapshot import snapshot
from schemamig_tui.catalog.unseen import unseen
from schemamig_tui.catalog.writes import Writes, catalog_writes

_NUMBER = "SELECT pg_catalog.pg_current_xact_id()"


class SchemaFollower:
    """What an open transaction does to the schema, from now on.

    Tables, types and functions are read again if a row about them was written, or if something
    they name has a new name; of the rarer kinds all is read again if any was written. So it costs
    what was touched, and not what there is. Whatever is done between two calls has to be done in a
    subtransaction of its own, as a file of a rehearsal is.
    """

    def __init__(self, conn: psycopg.Connection[Any]) -> None:
        self._conn = conn
        self._queries = PreparedQueries(conn)
        # The transaction gets its number here, so that all its subtransactions come after it.
        conn.execute(_NUMBER, prepare=False)
        self._mark = 0
        self._read = 0
        with prepared(conn) as self._server:
            pass
        self.schema = snapshot(conn)
        self._writes = catalog_writes(conn)

    def changes(self, *, counted: bool = True) -> tuple[Change, ...]:
        """What has changed since the last call.

        ``counted`` is False if ``track_counts`` may have been off for a while: then all is read.
        Raises what ``snapshot`` does.
        """
        schema, before, now = self.schema, self._writes, catalog_writes(self._conn)
        if now is None or before is None or not counted:
            self.schema, self._writes = snapshot(self._conn), now
            return diff(schema, self.schema)
        written = {name for name in now if now[name] != before.get(name)}
        if not written:
            return ()
        deleted = {name for name in written if now[name].deleted != _deleted(before, name)}
        again = self._again(written, deleted)
        if again.named_everywhere_is_renamed:
            self.schema = snapshot(self._conn)
        else:
            self.schema, self._mark = again.schema, again.mark
        self._writes = now
        changes = diff(schema, self.schema)
        return *changes, *unseen(written, again.extensions, changes)

    def forget_queries(self) -> None:
        """Prepare our queries anew, as the session has lost them. To call it is only faster."""
        self._queries.forget()

    def _replan_in_time(self) -> None:
        """Have the queries planned anew whenever there is much more than they were planned for."""
        self._read += 1
        if not self._read & (self._read - 1):
            self._queries.forget()

    def _again(self, written: Set[str], deleted: Set[str]) -> Rereading:
        self._replan_in_time()
        try:
            return patiently(lambda: self._read_again(written, deleted))
        except InvalidSqlStatementName:
            self._queries.forget()
            return patiently(lambda: self._read_again(written, deleted))

    def _read_again(self, written: Set[str], deleted: Set[str]) -> Rereading:
        with self._queries.settings():
            again = Rereading(self._queries, self._server, self.schema, self._mark)
            again.read(written, deleted)
        return again


def _deleted(writes: Writes, catalog: str) -> int:
    return writes[catalog].deleted if catalog in writes else 0
