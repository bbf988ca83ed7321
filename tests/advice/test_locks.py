"""The locks, rewrites and scans that advice expects of statements are what a rehearsal sees."""

import re
from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import Any, NamedTuple

import psycopg
import pytest
from psycopg.pq.abc import PGresult

from schemamig_tui.advice.alterations import REWRITES
from schemamig_tui.advice.conditions import idle
from schemamig_tui.advice.database import Database as Questions
from schemamig_tui.advice.effects import effects
from schemamig_tui.advice.objects import find_relations, oids_by_name
from schemamig_tui.advice.reading import read_catalog
from schemamig_tui.advice.targets import Use
from schemamig_tui.rehearsal import probe
from schemamig_tui.sql.actions import EMPTIES
from schemamig_tui.sql.locks import BY_SERVER_NAME, Lock
from schemamig_tui.sql.prepared import PreparedStatements
from tests.advice import linked_statements, near_statements, rare_statements, statements
from tests.advice.conftest import Desk
from tests.advice.statements import MERGE


class Seen(NamedTuple):
    """What a statement does to a relation from before."""

    lock: Lock
    new_data: bool
    scanned: bool

    def __str__(self) -> str:
        return f"{self.lock}{', new data' * self.new_data}{', scanned' * self.scanned}"

    def with_all_of(self, other: "Seen") -> "Seen":
        """Both together: the file is only known where the lock is the strongest one."""
        new_data = self.new_data or other.new_data
        return Seen(max(self.lock, other.lock), new_data, self.scanned and not new_data)


_KNOWN = """
SELECT c.oid::int8, c.relkind::text,
    CASE n.nspname WHEN 'public' THEN '' ELSE n.nspname || '.' END || c.relname,
    coalesce(x.indrelid, d.refobjid)::int8, pg_relation_filenode(c.oid)::int8
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_index x ON x.indexrelid = c.oid
    LEFT JOIN pg_depend d ON c.relkind = 'S' AND d.classid = 'pg_class'::regclass
        AND d.objid = c.oid AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
WHERE n.nspname !~ '^(pg_|information_schema)' AND c.relkind <> 'c'
"""
_DATABASE = "SELECT oid::int8 FROM pg_database WHERE datname = current_database()"
_TABLES = ("r", "m")


class Trial:
    """Runs statements that are rolled back, and sees what each does as a rehearsal sees it."""

    def __init__(self, conn: psycopg.Connection[Any]) -> None:
        self._conn = conn
        rows = conn.execute(_KNOWN).fetchall()
        self.names = {oid: name for oid, _, name, _, _ in rows}
        self._kinds = {oid: kind for oid, kind, _, _, _ in rows}
        self._belongs_to = {oid: table for oid, _, _, table, _ in rows}
        self._files = {oid: file for oid, _, _, _, file in rows}
        # The counters go on when a savepoint is rolled back to.
        self._scans: dict[int, int] = {}
        ((database,),) = conn.execute(_DATABASE).fetchall()
        self._probe = probe.whole(database, max(self.names))

    def run(self, statement: str) -> dict[str, Seen]:
        """What the statement does to which relation; what implies nothing new is left out."""
        self._conn.execute("SAVEPOINT before")
        # The lock on a sequence stays behind when a savepoint is rolled back to.
        before = {(oid, mode) for oid, mode, _ in probe.locks(self._look())}
        self._conn.execute(statement.encode())
        after = self._look()
        self._conn.execute("ROLLBACK TO before; RELEASE before")
        scans = {oid: counts.scans for oid, counts in probe.counts(after).items()}
        found: dict[int, Seen] = {}
        for oid, mode, file in probe.locks(after):
            if oid in self.names and (oid, mode) not in before:
                has_rows = self._kinds[oid] in _TABLES
                is_new = has_rows and file not in (None, self._files[oid])
                is_read = scans.get(oid, 0) > self._scans.get(oid, 0)
                seen = Seen(BY_SERVER_NAME[mode], is_new, has_rows and is_read and not is_new)
                found[oid] = seen.with_all_of(found.get(oid, seen))
        self._scans |= scans
        return self.shown(found)

    def _look(self) -> PGresult:
        return self._conn.pgconn.exec_(self._probe)

    def shown(self, found: dict[int, Seen]) -> dict[str, Seen]:
        """By name, without indexes and sequences that the lock on their table implies."""
        return {
            self.names[oid]: seen
            for oid, seen in found.items()
            if (table := self._belongs_to[oid]) not in found or found[table].lock < seen.lock
        }


# What a statement in front of it has prepared.
_PREPARED = re.compile("; (?=EXECUTE|EXPLAIN)")


def predictions(
    conn: psycopg.Connection[Any], statements: Sequence[str]
) -> Iterator[dict[int, Seen]]:
    """What is expected of each statement, from one look at the database."""
    uses = [
        Use(touch, str(number), 1)
        for number, statement in enumerate(statements)
        for session in [PreparedStatements()]
        for part in _PREPARED.split(statement)
        for touch in session.touches(part.encode())
    ]
    database = Questions(conn)
    with database.asking():
        oids = oids_by_name(find_relations(database, uses))
        catalog = read_catalog(database, uses, oids)
        # Each statement is the first one: it is rolled back before the next.
        by_statement = [
            [(i, use) for i, use in enumerate(uses) if use.file == str(number)]
            for number in range(len(statements))
        ]
        catalog.idle = {
            own[i][0] for own in by_statement for i in idle(database, [use for _, use in own], oids)
        }
    assert database.unknown == []
    for own in by_statement:
        yield {
            one.relation.oid: Seen(
                one.lock,
                one.work in (REWRITES, EMPTIES),
                one.work not in (None, REWRITES, EMPTIES),
            )
            for one in effects(own, catalog)
        }


class Difference(NamedTuple):
    """What a rehearsal sees that is not expected, on all versions or up to one, and why."""

    statement: str
    relations: tuple[str, ...]
    reason: str
    first: int = 14
    last: int = 99


_QUERY = "what a query reads is not looked for: ACCESS SHARE waits for ACCESS EXCLUSIVE alone"
_LOOKUP = "how a row is looked up is decided by the planner, which reads a small table whole"
_VALUE = "which partition a row goes to is decided by its values"
_ROWS = "where no row is written, none is looked up"
_TRIGGER = "only partitions that have such a trigger are locked"
_DEFAULT = "a sequence that a new column draws from is not looked for"
_ONE_END = "in 14 a foreign key has triggers on the partitions it refers to, not on their parent"
_PROOF = "that a CHECK proves the bounds is found out by the server; it is said that it may"
DIFFERENCES = (
    Difference("ALTER TABLE bare ATTACH PARTITION proving FOR VALUES IN (8)", ("proving",), _PROOF),
    Difference("ALTER SEQUENCE s OWNED BY seqs.id", ("seqs",), _QUERY),
    Difference("CREATE OR REPLACE VIEW v2 AS SELECT id FROM v1", ("v1",), _QUERY),
    Difference("CREATE TABLE x (LIKE t)", ("t",), _QUERY),
    Difference("GRANT SELECT ON t TO PUBLIC", ("t",), _QUERY, first=18),
    Difference(MERGE, ("loose", "near"), _LOOKUP, first=15),
    Difference("INSERT INTO c VALUES (100, 1, 1)", ("o", "p"), _LOOKUP),
    Difference("DELETE FROM c", ("cc",), _LOOKUP),
    Difference("INSERT INTO parent VALUES (1, 1)", ("part1",), _VALUE),
    Difference("COPY c FROM '/dev/null'", ("o", "p"), _ROWS),
    Difference(
        "INSERT INTO upd VALUES (5) ON CONFLICT (id) DO UPDATE SET id = 6", ("updc",), _ROWS
    ),
    Difference("ALTER TABLE parent DISABLE TRIGGER USER", ("part1", "part2", "rest"), _TRIGGER),
    Difference("ALTER TABLE refs ALTER pp TYPE bigint", ("pp",), _ONE_END, last=14),
    Difference("DROP TABLE refs", ("pp",), _ONE_END, last=14),
    Difference("DROP TABLE fkp", ("pa", "pa1"), _ONE_END, last=14),
    Difference("ALTER TABLE fkp DROP CONSTRAINT fkp_a_b_fkey", ("pa1",), _ONE_END, last=14),
    Difference(
        "ALTER TABLE fkp DETACH PARTITION fkp1",
        ("pa", "pa1", "pa1rest", "pa1x", "pa2"),
        _ONE_END,
        last=14,
    ),
    Difference("CREATE TABLE x (LIKE g1 INCLUDING ALL)", ("g1",), _QUERY),
    Difference(
        'CREATE TABLE x (LIKE "Odd ""Name" INCLUDING INDEXES, other int REFERENCES upd)',
        ('Odd "Name',),
        _QUERY,
    ),
    Difference("CREATE TABLE x AS SELECT * FROM g1", ("g1", "g2", "g3"), _QUERY),
    Difference(
        'CREATE OR REPLACE VIEW w1 AS SELECT id, n, 1 AS z FROM "Odd ""Name"',
        ('Odd "Name',),
        _QUERY,
    ),
    Difference("INSERT INTO echo1 VALUES (3)", ("echo3",), _LOOKUP),
    Difference("INSERT INTO echo2 VALUES (3)", ("echo3",), _LOOKUP),
    Difference("UPDATE echo3 SET id = 4", ("echo3",), _LOOKUP),
    Difference("ALTER TABLE dd ADD q int DEFAULT nextval('s')", ("s",), _DEFAULT),
    Difference("UPDATE upd SET id = 5", ("updc",), _LOOKUP),
    Difference("DELETE FROM upd", ("updc",), _LOOKUP),
    Difference("INSERT INTO own SELECT id, 1 FROM trg", ("trg",), _QUERY),
    Difference("SELECT * FROM upd FOR UPDATE", ("upd",), _QUERY),
    Difference("GRANT SELECT (id) ON trg TO PUBLIC", ("trg",), _QUERY, first=18),
    Difference("GRANT USAGE ON SEQUENCE s2 TO PUBLIC", ("s2",), _QUERY, first=18),
    Difference("ALTER SEQUENCE s3 OWNED BY own.k", ("own",), _QUERY),
    Difference("ALTER POLICY rp ON rlsx USING (id IN (SELECT id FROM own))", ("own",), _QUERY),
    Difference(
        "CREATE POLICY q ON rlsx FOR SELECT USING (EXISTS (SELECT FROM own))", ("own",), _QUERY
    ),
    Difference(
        "MERGE INTO upd USING trg ON upd.id = trg.id WHEN NOT MATCHED THEN INSERT VALUES (trg.id)",
        ("upd", "trg"),
        _LOOKUP,
        first=15,
    ),
    Difference("UPDATE c SET p = 3, z = 4", ("p", "o"), _LOOKUP),
    Difference("INSERT INTO followers VALUES (1)", ("three",), _QUERY),
    Difference(linked_statements.MERGES[0], ("keyed",), _LOOKUP, first=15),
    Difference(linked_statements.INTO_VIEWS[0], ("keyed",), _LOOKUP, first=17),
    Difference(linked_statements.MERGES[1], ("tops", "subs"), _LOOKUP, first=15),
    Difference("DELETE FROM one", ("two",), _LOOKUP),
    Difference("COPY (SELECT * FROM upd) TO '/dev/null'", ("upd",), _QUERY),
    Difference("CREATE TEMP VIEW x AS SELECT * FROM trg", ("trg",), _QUERY),
)


GIVEN = (statements, near_statements, linked_statements, rare_statements)


@pytest.mark.parametrize("given", GIVEN)
def test_a_rehearsal_sees_what_is_expected(desk: Desk, given: ModuleType) -> None:
    desk.prepare(statements.TABLES, *([] if given is statements else [given.TABLES]))
    with desk.database.connect() as conn:
        major = conn.info.server_version // 10000
        newer_tables = getattr(given, "NEWER_TABLES", {})
        desk.prepare(*(text for first, text in newer_tables.items() if major >= first))
        newer = (text.strip().splitlines() for first, text in given.NEWER.items() if major >= first)
        tried = [*given.STATEMENTS, *(one for lines in newer for one in lines)]
        expected = list(predictions(conn, tried))
        trial = Trial(conn)
        conn.execute("BEGIN")
        different = {
            (statement, name): f"{statement}: {name}: {is_.get(name)}, expected {said.get(name)}"
            for statement, prediction in zip(tried, expected, strict=True)
            for is_, said in [(trial.run(statement), trial.shown(prediction))]
            for name in is_.keys() | said.keys()
            if is_.get(name) != said.get(name)
        }
    allowed = {
        (one.statement, name)
        for one in DIFFERENCES
        for name in one.relations
        if one.statement in tried and one.first <= major <= one.last
    }
    assert different.keys() == allowed, "\n".join(
        text for key, text in sorted(different.items()) if key not in allowed
    )


@pytest.mark.postgres(min=15)
def test_what_follows_a_change_of_rows_is_looked_for_without_other_statements(desk: Desk) -> None:
    desk.prepare(statements.TABLES, linked_statements.TABLES)
    with desk.database.connect() as conn:
        ((last,),) = conn.execute("SELECT 'last'::regclass::int8").fetchall()
        for statement in (
            "DELETE FROM keyed WHERE n = 2",
            "INSERT INTO keyed VALUES (2) ON CONFLICT (id) DO UPDATE SET id = -2",
            *(linked_statements.MERGES[number] for number in (0, 3)),
        ):
            (alone,) = predictions(conn, [statement])
            assert last in alone, statement
