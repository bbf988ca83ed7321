"""Runs many single changes in one database, and says what pg_dump and our diff show of each."""

import contextlib
import re
import subprocess
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import psycopg

from schemamig_tui.catalog.changes import Change
from schemamig_tui.catalog.diff import diff
from schemamig_tui.catalog.render import render, text
from schemamig_tui.catalog.snapshot import snapshot
from schemamig_tui.connect.embedded import Embedded
from tests import tools
from tests.catalog.single_changes import Case
from tests.conftest import Database

# pg_dump writes one of these above each object. See _printTocEntry() in pg_backup_archiver.c.
_HEADER = re.compile(r"^--\n-- (?=Name: )", re.M)
# It sets these whenever they differ from those of the object before, above the header.
_SETTING = re.compile(r"^SET default_\w+ = .*$|^\\(un)?restrict .*$", re.M)
_HAS_METHOD = re.compile(r"; Type: (TABLE|MATERIALIZED VIEW); ")
_ACCESS_METHOD = re.compile(r"^SET default_table_access_method = (.*);$", re.M)
_END = "--\n-- PostgreSQL database dump complete"
IN_PLACE = "-c allow_in_place_tablespaces=on"
"""Options of a connection that can make tablespaces without a folder of their own."""
_TABLESPACES = "SELECT quote_ident(spcname) FROM pg_tablespace WHERE oid >= 16384"
# No word of SQL begins so, nor does a digest in hex have it: it is looked for in texts.
_SCHEMA = "g{:03}"
_HAS_ICU = "SELECT EXISTS (SELECT FROM pg_collation WHERE collname = 'und-x-icu')"


@dataclass(frozen=True)
class Seen:
    """What a case has led to: whether pg_dump shows something else, and our diff as text."""

    case: Case
    schema: str
    dumped: list[str]
    diff: str

    @property
    def shown(self) -> str:
        """What has to be in our diff."""
        return self.case.shown.replace("@", self.schema)


def observe(server: Embedded, database: Database, cases: Sequence[Case]) -> list[Seen]:
    """Run what the server can do, and find out what each change has led to.

    It fails if something has changed that no case is known to have done.
    """
    with database.connect(options=IN_PLACE) as conn, given(conn, cases) as schemas:
        before, dump = snapshot(conn), pg_dump(server, database)
        for schema, case in schemas.items():
            run(conn, schema, case.change)
        changes = list(diff(before, snapshot(conn)))
        new_dump = pg_dump(server, database)
    entries = [*(dump - new_dump).elements(), *(new_dump - dump).elements()]
    seen = []
    for schema, case in schemas.items():
        ours = _take(changes, [schema, *case.also])
        dumped = [entry for entry in entries if _mentions(entry, [schema, *case.also])]
        entries = [entry for entry in entries if entry not in dumped]
        seen.append(Seen(case, schema, dumped, text(render(ours))))
    assert not changes + entries, changes + entries
    return seen


def observe_in_turn(
    server: Embedded, database: Database, cases: Sequence[Case], dump: Callable[[], Counter[str]]
) -> list[Seen]:
    """Run one change after the other, and find out what each has led to."""
    seen = []
    with database.connect(options=IN_PLACE) as conn, cluster_as_before(conn):
        run(conn, database.name, "\n".join(case.given for case in cases))
        before, dump_before = snapshot(conn), dump()
        for case in (case for case in cases if case.since <= server.major):
            run(conn, database.name, case.change)
            after, dump_after = snapshot(conn), dump()
            changed = [*(dump_before - dump_after), *(dump_after - dump_before)]
            seen.append(Seen(case, database.name, changed, text(render(diff(before, after)))))
            before, dump_before = after, dump_after
    return seen


@contextlib.contextmanager
def given(conn: psycopg.Connection, cases: Sequence[Case]) -> Iterator[dict[str, Case]]:
    """Those cases that the server can do, by their schemas, with all that has to be there."""
    with cluster_as_before(conn):
        conn.execute("CREATE TABLESPACE elsewhere LOCATION ''")
        ((icu,),) = conn.execute(_HAS_ICU)
        major = conn.info.server_version // 10000
        possible = (case for case in cases if case.since <= major and case.icu <= icu)
        schemas = {_SCHEMA.format(number): case for number, case in enumerate(possible)}
        for schema, case in schemas.items():
            conn.execute(f"CREATE SCHEMA {schema}".encode())
            run(conn, schema, case.given)
        yield schemas


@contextlib.contextmanager
def cluster_as_before(conn: psycopg.Connection) -> Iterator[None]:
    """Drop what would outlive the database, or keep it from being dropped."""
    roles = "SELECT quote_ident(rolname) FROM pg_roles WHERE rolname !~ '^pg_'"
    before = conn.execute(roles).fetchall()
    try:
        yield
    finally:
        for (name,) in conn.execute("SELECT subname FROM pg_subscription").fetchall():
            conn.execute(f"ALTER SUBSCRIPTION {name} SET (slot_name = NONE)".encode())
            conn.execute(f"DROP SUBSCRIPTION {name}".encode())
        for (name,) in conn.execute(_TABLESPACES).fetchall():
            for kind in "TABLE", "INDEX", "MATERIALIZED VIEW":
                move = f"ALTER {kind} ALL IN TABLESPACE {name} SET TABLESPACE pg_default"
                conn.execute(move.encode())
            conn.execute(f"DROP TABLESPACE {name}".encode())
        made = set(conn.execute(roles)) - set(before)
        # First all that they have, because one may have given it to another.
        for command in (
            "REASSIGN OWNED BY {} TO postgres",
            "DROP OWNED BY {} CASCADE",
            "DROP ROLE {}",
        ):
            for (role,) in made:
                conn.execute(command.format(role).encode())


def pg_dump(server: Embedded, database: Database, *options: str) -> Counter[str]:
    """The text of each object of a schema."""
    program = tools.client("pg_dump", server.bindir)
    command = [program, "--schema-only", *options, "-d", database.conninfo]
    dump, _, _ = _output(command).partition(_END)
    preamble, *entries = _HEADER.split(dump)
    found, method = [], ""
    for before, entry in pairwise([preamble, *entries]):
        method = (_ACCESS_METHOD.findall(before) or [method])[-1]
        using = f"\nUSING {method}" if _HAS_METHOD.search(entry) else ""
        found.append(_SETTING.sub("", entry).strip() + using)
    return Counter(found)


def pg_dumpall(server: Embedded) -> Counter[str]:
    """The lines about the cluster."""
    program = tools.client("pg_dumpall", server.bindir)
    dump = _output([program, "--globals-only", "-d", server.conninfo])
    return Counter(_SETTING.sub("", dump).split("\n"))


def _output(command: Sequence[str | Path]) -> str:
    done = subprocess.run(command, stdout=subprocess.PIPE, encoding="utf-8", check=True)
    return done.stdout


def run(conn: psycopg.Connection, schema: str, script: str) -> None:
    """Run what stands in a case."""
    if script:
        conn.execute(f"SET search_path = {schema}")
        conn.execute(script.replace("@", schema).encode())


def _take(changes: list[Change], words: Iterable[str]) -> list[Change]:
    """Take those changes out of the list that name one of the words."""
    found = [
        change
        for change in changes
        if _mentions(f"{change.name} {change.parent} {change.was}", words)
    ]
    changes[:] = [change for change in changes if change not in found]
    return found


def _mentions(text: str, words: Iterable[str]) -> bool:
    return any(word in text for word in words)
