"""Decides between which files a run needs a new session: psql has a new one for every file.

Most of what a file leaves in the session is undone there: see ``pipeline.session``. For the rest:

- where the text of two files, or stored code that they mention, shows that the first leaves such a
  thing, or that the second would notice one, the session ends at once;
- triggers of the ledger run later, with the row of a file: they end the session as well, and where
  files may make such triggers, the server is asked for them;
- where the text only makes that possible, a query behind the COMMIT of the first file fails unless
  the session is as good as new. So the server itself skips the next file, which is under way
  already, and the run goes on with that file in a new session.

With most files nothing of that is possible, and nothing is asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import psycopg
from psycopg import errors as pg_errors

from schemamig_tui.engine.events import Mode
from schemamig_tui.engine.ledger.table import Ledger
from schemamig_tui.engine.run.file_run import FileRun
from schemamig_tui.engine.run.notes import stores_code
from schemamig_tui.engine.script.script import Kind, Script
from schemamig_tui.sql.new_session import ANY_TRACES
from schemamig_tui.sql.type_changes import NO_TYPES, declared_names

if TYPE_CHECKING:  # a run of one file has no use for it
    from schemamig_tui.engine.run.stored_code import StoredCode

# Readers of the server's log find this beside the error.
_WHY = (
    "/* schemamig-tui asks whether its session is as good as new. It is not where this fails:"
    " then the next migration gets a new session, and nothing else is wrong. */ "
)
# What this session has written to pg_db_role_setting, pg_authid and pg_database: a change of what
# new sessions start with. The server forgets the counts when it waits for a client, but within a
# pipeline it never does; and it has to be told to count.
_WRITES = " OPERATOR(pg_catalog.+) ".join(
    f"pg_catalog.pg_stat_get_xact_tuples_{done}({catalog})"
    for catalog, ways in (
        (2964, ("inserted", "updated", "deleted")),
        (1260, ("updated",)),
        (1262, ("updated",)),
    )
    for done in ways
)
_HAS_WRITTEN_NO_START = (
    f"({_WRITES}) OPERATOR(pg_catalog.=) 0"
    " AND pg_catalog.current_setting('track_counts') OPERATOR(pg_catalog.=) 'on'"
)
# The same from the catalogs themselves: that takes longer, but it also holds after a pause.
_START = """pg_catalog.md5((SELECT pg_catalog.concat(
    (SELECT pg_catalog.string_agg(s::text, ',' ORDER BY s.setdatabase, s.setrole)
        FROM pg_catalog.pg_db_role_setting s
        WHERE s.setdatabase OPERATOR(pg_catalog.=) ANY (ARRAY[0::pg_catalog.oid, d.oid])
            AND s.setrole OPERATOR(pg_catalog.=) ANY (ARRAY[0::pg_catalog.oid, r.oid])),
    r::text, d.datallowconn, d.datconnlimit, d.datacl)
    FROM pg_catalog.pg_database d, pg_catalog.pg_roles r
    WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()
        AND r.rolname OPERATOR(pg_catalog.=) session_user))"""
_PLPGSQL_IS_NOT_LOADED = "pg_catalog.current_setting('plpgsql.check_asserts', true) IS NULL"
# Where a name is that of types in two schemas, it depends on the search_path which of them a
# compiled function has found. A table is a type as well. Objects of the server's own are below.
_TYPES_HAVE_ONE_SCHEMA = """NOT EXISTS (SELECT FROM pg_catalog.pg_type
    WHERE oid OPERATOR(pg_catalog.>=) 16384 AND pg_catalog.lower(typname::pg_catalog.text)
        OPERATOR(pg_catalog.=) ANY (pg_catalog.string_to_array('{names}', ' '))
    GROUP BY typname HAVING pg_catalog.count(*) OPERATOR(pg_catalog.>) 1)"""


class Housekeeping(NamedTuple):
    """The run's own query between two files. Where it ``may_fail``, that asks for a new session."""

    sql: bytes
    may_fail: bool


class Renewals:
    """Finds, for one session after the other, the last file that it can run.

    ``files`` are those of the run, ``housekeeping`` is the run's own SELECT behind each file.
    ``row_fires``: the ``ledger`` has triggers, which may do anything to the session.
    """

    def __init__(
        self, files: Sequence[FileRun], housekeeping: bytes, ledger: Ledger, *, row_fires: bool
    ) -> None:
        self._files = files
        self._housekeeping = housekeeping
        self._ledger = ledger
        self._row_fires = row_fires
        self._may_make_triggers = False
        self._stored: StoredCode | None = None
        self._is_stale = False
        self._notes_follow = False
        self.stores_code = False
        """Whether files may have stored code, for checkpoints, since it was asked for."""
        self._stored_declarations: bytes | None = None
        self._declarations = b""
        self._names: set[str] = set()
        self._defined: frozenset[str] = frozenset()
        self._start = ""

    def begin(self, conn: psycopg.Connection[Any], first: int) -> None:
        """Begin a session at the file of this number, from 0: ask what has to be known first."""
        files = self._files[first:]
        if len(files) < 2:
            return
        self._notes_follow = any(file.script.mode is Mode.NO_TRANSACTION for file in files[1:])
        if self._stored is None or self._is_stale or self.stores_code:
            from schemamig_tui.engine.run.stored_code import StoredCode

            self._stored, self._stored_declarations = StoredCode.ask(conn), None
            self._is_stale = self.stores_code = False
        self._names = {*self._stored.names}
        self._declarations = b""
        if not self._stored.always:
            self._ask_declarations(conn, files)
            self._ask_start(conn, files)

    @property
    def stored(self) -> StoredCode | None:
        """What stored code can do; None where that is not known for this session."""
        return None if self._is_stale or self.stores_code else self._stored

    def _ask_declarations(self, conn: psycopg.Connection[Any], files: Sequence[FileRun]) -> None:
        if self._sets_path or any(file.script.traces.types is not NO_TYPES for file in files):
            from schemamig_tui.engine.run.stored_code import ask_declarations

            if self._stored_declarations is None:
                self._stored_declarations = ask_declarations(conn)
            self._declarations = self._stored_declarations

    def _ask_start(self, conn: psycopg.Connection[Any], files: Sequence[FileRun]) -> None:
        """Ask which settings with a dot exist already, and what the session has started with."""
        from schemamig_tui.engine.run.stored_code import ask_as_postgres

        names = self._names.union(*map(_names_in, files))
        leave = any(self._may_alter_start(f) and _leaves_pipeline(f.script) for f in files)
        self._defined, self._start = frozenset(), ""
        if not (names or leave):
            return
        query = f"SELECT {_START if leave else 'NULL'}, ARRAY({_DEFINED})"
        try:
            (((start, defined),),) = ask_as_postgres(conn, query, {"names": sorted(names)})
        except pg_errors.InsufficientPrivilege:
            # A setting that this role may not see: the query behind the files will fail as well.
            conn.execute("ROLLBACK")
        else:
            self._defined, self._start = frozenset(defined), start or ""

    def ends_behind(self, file: FileRun, following: FileRun) -> bool:
        """Whether the session has to end between two files, by their text alone."""
        stored = self._stored
        assert stored is not None  # asked when the session began
        one, other = file.script, following.script
        mentioned = stored.functions.mentioned_in(one)
        self._may_make_triggers = self._may_make_triggers or self._makes_triggers(one)
        self._is_stale |= mentioned or one.traces.stores_code
        if self._notes_follow and not self.stores_code:
            self.stores_code = stores_code(one, stored.functions)
        return (
            self._row_fires
            or stored.always
            or one.traces.leaves
            or other.traces.sees
            # What it stores may notice, in any later file, that the session was in use.
            or (one.traces.sees and one.traces.stores_code)
            or one.changes_reading
            or mentioned
            or stored.functions.mentioned_in(other)
            or self._surely_leaves(one)
        )

    def _makes_triggers(self, script: Script) -> bool:
        """Whether a file may give the ledger a trigger, by its name or by code that it executes."""
        traces = script.traces
        if traces is ANY_TRACES:
            return True
        return script.contains("trigger") and (
            traces.alters_start or script.contains(self._ledger.table)
        )

    def _surely_leaves(self, script: Script) -> bool:
        """Whether a statement surely leaves what the query would look for, so it need not run."""
        for traits in script.special.values():
            assigns = traits.assigns
            if traits.alters_defaults:
                return True
            if assigns and assigns.name and assigns.value is not None:
                placeholder = "." in assigns.name and assigns.name not in self._defined
                if placeholder:
                    return True
        return False

    def query_behind(self, file: FileRun, following: FileRun) -> Housekeeping:
        """The run's own SELECT between two files, which fails if the next needs a new session."""
        self._names |= _names_in(file)
        self._declarations += file.script.traces.declarations
        clean = " AND ".join(self._conditions(file, following))
        if not clean:
            return Housekeeping(self._housekeeping, may_fail=False)
        probe = f", 1 OPERATOR(pg_catalog./) CASE WHEN {clean} THEN 1 ELSE 0 END"
        sql = _WHY.encode() + self._housekeeping + probe.encode()
        return Housekeeping(sql, may_fail=True)

    def _conditions(self, file: FileRun, following: FileRun) -> Iterator[str]:
        """The conditions of a session as good as new which the files so far may have broken."""
        yield from self._stored.questions if self._stored else ()
        if self._may_make_triggers:
            yield self._ledger.has_no_triggers
        for name in sorted(self._names.union(_names_in(following)) - self._defined):
            yield f"pg_catalog.current_setting('{name}', true) IS NULL"
        changes = (file.script.traces.types, following.script.traces.types)
        if any(types.held_by(self._declarations) for types in changes):
            yield _PLPGSQL_IS_NOT_LOADED
        elif self._declarations and (self._sets_path or any(types.path for types in changes)):
            names = " ".join(sorted(declared_names(self._declarations)))
            one = _TYPES_HAVE_ONE_SCHEMA.format(names=names)
            yield f"({_PLPGSQL_IS_NOT_LOADED} OR {one})"
        if self._may_alter_start(file):
            if _leaves_pipeline(file.script):
                yield f"{_START} OPERATOR(pg_catalog.=) '{self._start}'"
            else:
                yield _HAS_WRITTEN_NO_START

    @property
    def _sets_path(self) -> bool:
        return self._stored is not None and self._stored.sets_path

    def _may_alter_start(self, file: FileRun) -> bool:
        stored = self._stored is not None and self._stored.alters_start
        return stored or file.script.traces.alters_start


_DEFINED = """SELECT name FROM unnest(%(names)s::text[]) AS name
    WHERE current_setting(name, true) IS NOT NULL"""


def may_show(script: Script, later: Script, *, only_named: bool) -> bool:
    """Whether a file may leave something in the session at which a later file fails.

    ``only_named``: only a setting that both of them name.
    """
    one, other = script.traces, later.traces
    named = not one.names.isdisjoint(other.names)
    return named or (not only_named and (one.leaves or other.sees))


def _names_in(file: FileRun) -> set[str]:
    """The settings with a dot that a file sets or reads, or that its checkpoint restores."""
    return {*file.script.traces.names, *(name for name in file.state if "." in name)}


def _leaves_pipeline(script: Script) -> bool:
    """Whether some statement runs outside of a pipeline, so that the server has to wait for us."""
    return script.mode is Mode.NO_TRANSACTION or any(
        traits.kind in (Kind.COPY_IN, Kind.COPY_OUT) for traits in script.special.values()
    )
