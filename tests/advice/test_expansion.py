"""What statements touch that they do not name: others that are in the way, and what is read."""

from collections.abc import Sequence

import pytest

from schemamig_tui.advice import claim_checks, sizes
from schemamig_tui.advice.advise import advise
from schemamig_tui.advice.database import Database as Questions
from schemamig_tui.advice.effects import effects
from schemamig_tui.advice.objects import find_relations, oids_by_name
from schemamig_tui.advice.reading import read_catalog
from schemamig_tui.advice.targets import Use, find
from schemamig_tui.sql.actions import MAY_REWRITE, READS
from tests.advice.conftest import Desk

TABLES = """
CREATE TABLE p (id int PRIMARY KEY);
CREATE TABLE c (id int CONSTRAINT fk REFERENCES p);
CREATE TABLE e (id int) PARTITION BY RANGE (id);
CREATE TABLE ed PARTITION OF e DEFAULT;
CREATE TABLE en PARTITION OF e FOR VALUES FROM (100) TO (200);
CREATE TABLE e1 (id int);
CREATE TABLE plain (id int, n int, CONSTRAINT known CHECK (n IS NOT NULL AND n > 0));
CREATE VIEW v AS SELECT id FROM plain;
CREATE MATERIALIZED VIEW m AS SELECT id FROM v;
CREATE DOMAIN positive AS int;
CREATE TABLE doms (d positive);
"""
IN_THE_WAY = [
    ("p", "DROP TABLE c", "ACCESS SHARE on public.p"),
    ("p", "ALTER TABLE c DROP CONSTRAINT fk", "ACCESS SHARE on public.p"),
    ("c", "ALTER TABLE p ALTER id TYPE bigint", "ACCESS SHARE on public.c"),
    ("c", "TRUNCATE p CASCADE", "ACCESS SHARE on public.c"),
    ("ed", "ALTER TABLE e ATTACH PARTITION e1 FOR VALUES FROM (1) TO (9)", "on public.ed,"),
    ("ed", "CREATE TABLE e2 PARTITION OF e FOR VALUES FROM (1) TO (9)", "on public.ed,"),
    ("en", "ALTER TABLE e ADD COLUMN z int", "ACCESS SHARE on public.en,"),
    ("p", "REINDEX INDEX p_pkey", "on public.p_pkey, which REINDEX"),
    ("p", "REINDEX SCHEMA public", "on public.p_pkey, which REINDEX"),
    ("p", "REINDEX DATABASE", "on public.p_pkey, which REINDEX"),
    ("p", "REINDEX SCHEMA CONCURRENTLY public", "on public.p, which REINDEX CONCURRENTLY"),
    ("p", "REINDEX (CONCURRENTLY) DATABASE", "on public.p, which REINDEX CONCURRENTLY"),
    ("pg_language", "REINDEX SYSTEM", "ACCESS SHARE on pg_catalog.pg_language_"),
    ("pg_shdescription", "REINDEX SYSTEM", "on pg_catalog.pg_shdescription_o_c_index, which"),
    ("v", "DROP TABLE plain CASCADE", "ACCESS SHARE on public.plain and "),
]
NOT_IN_THE_WAY = [
    ("c", "ALTER TABLE p ALTER id SET STATISTICS 7"),
    ("p", "ALTER TABLE c VALIDATE CONSTRAINT fk"),
    ("ed", "ALTER TABLE ONLY e SET (fillfactor = 70)"),
    ("plain", "ALTER SEQUENCE IF EXISTS plain CYCLE"),
    ("plain", "REINDEX DATABASE"),
    ("plain", "REINDEX DATABASE CONCURRENTLY"),
    ("p", "CREATE SCHEMA s; REINDEX SCHEMA s"),
    ("p", "REINDEX SYSTEM"),
    ("plain", "CREATE STATISTICS s ON id, n FROM plain"),
]


def test_a_session_that_is_in_the_way_is_named_with_what_it_holds(desk: Desk) -> None:
    desk.prepare(TABLES)
    for table, file, held in IN_THE_WAY:
        with desk.session(f"SELECT * FROM {table}"):
            messages = desk.warnings(f"{file};", older_than=0)
        assert any(held in message for message in messages), (file, messages)
    for table, file in NOT_IN_THE_WAY:
        with desk.session(f"SELECT * FROM {table}"):
            assert desk.warnings(f"{file};", older_than=0) == [], file


def test_an_index_is_built_concurrently_behind_those_who_have_written(desk: Desk) -> None:
    desk.prepare(TABLES)
    create = "CREATE INDEX CONCURRENTLY i ON plain (id);"
    with desk.session("INSERT INTO plain VALUES (1, 1)"):
        (message,) = desk.warnings(create, older_than=0)
    assert "ROW EXCLUSIVE on public.plain, which CREATE INDEX CONCURRENTLY has to wait" in message
    with desk.session("SELECT * FROM plain"):
        assert desk.warnings(create, older_than=0) == []


WORK = [
    ("ALTER TABLE t ADD u uuid DEFAULT (gen_random_uuid())", "ALTER TABLE rewrites all of it"),
    ("ALTER TABLE t ADD u text DEFAULT 'a' || random()", "ALTER TABLE rewrites all of it"),
    ("ALTER TABLE t ADD u text DEFAULT nowhere()", "ALTER TABLE may rewrite all of it"),
    ("ALTER TABLE t ADD r int REFERENCES q", None),
    ("ALTER TABLE t ADD u timestamptz DEFAULT CURRENT_TIMESTAMP(3)", None),
    ("ALTER TABLE t ADD u int DEFAULT length('abc')", None),
    ("ALTER TABLE t ALTER v TYPE varchar(20)", None),
    ("ALTER TABLE t ALTER v TYPE varchar(5)", "ALTER TABLE rewrites all of it"),
    ("ALTER TABLE t ALTER n SET NOT NULL", None),
    ("ALTER TABLE t ALTER v SET NOT NULL", "reads all of it, and blocks everybody else"),
    (
        "BEGIN; ALTER TABLE t ADD CONSTRAINT k CHECK (n > 0) NOT VALID;"
        " ALTER TABLE t VALIDATE CONSTRAINT k; COMMIT",
        "reads all of it, and blocks everybody else meanwhile",
    ),
    (
        "ALTER TABLE t ADD CONSTRAINT a CHECK (n > 0) NOT VALID, ADD CONSTRAINT b CHECK (n > 0)",
        "ALTER TABLE reads all of it, and blocks everybody else",
    ),
    ("ALTER DOMAIN d ADD CHECK (VALUE > 0)", "ALTER DOMAIN reads all of it, and blocks writes"),
    (
        "ALTER TABLE t ADD CONSTRAINT k CHECK (v IS NOT NULL); ALTER TABLE t ALTER v SET NOT NULL",
        "ALTER TABLE reads all of it",
    ),
    ("REFRESH MATERIALIZED VIEW m", "REFRESH MATERIALIZED VIEW rewrites all of it"),
    ("VACUUM (FULL false) t", None),
    ("ALTER TABLE t ALTER n SET STATISTICS 5", None),
]


def test_what_is_read_or_rewritten_is_asked_of_the_catalog(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sizes, "LARGE_BYTES", 1)
    monkeypatch.setattr(claim_checks, "QUICK_MS", 0)
    desk.prepare(
        "CREATE TABLE q (id int PRIMARY KEY)",
        "CREATE DOMAIN d AS int",
        "CREATE TABLE t (n int, v varchar(10), x d, CONSTRAINT known CHECK ((n IS NOT NULL)))",
        "CREATE MATERIALIZED VIEW m AS SELECT * FROM t",
        "INSERT INTO q VALUES (1); INSERT INTO t VALUES (1); REFRESH MATERIALIZED VIEW m",
    )
    with desk.database.connect() as conn:
        found = [advise(conn, desk.write(f"{file};")) for file, _ in WORK]
    for (file, expected), advice in zip(WORK, found, strict=True):
        large = [one.message for one in advice if " is large " in one.message]
        if expected:
            assert expected in large[0], (file, large)
        else:
            assert large == [], file


def works(desk: Desk, uses: Sequence[Use]) -> list[tuple[str, str | None]]:
    """The number of each file, and what it does with the rows."""
    with desk.database.connect() as conn:
        database = Questions(conn)
        with database.asking():
            named = oids_by_name(find_relations(database, uses))
            catalog = read_catalog(database, uses, named)
    return [(one.use.file[3:4], one.work) for one in effects(enumerate(uses), catalog)]


def test_what_an_earlier_file_proves_is_known_and_what_it_changes_is_not(desk: Desk) -> None:
    desk.prepare("CREATE TABLE t (v text, n varchar(5), w int)")
    scripts = desk.write(
        "ALTER TABLE t ADD CONSTRAINT k CHECK (v IS NOT NULL) NOT VALID;",
        "ALTER TABLE t VALIDATE CONSTRAINT k;",
        "ALTER TABLE t ALTER v SET NOT NULL;",
        "ALTER TABLE t DROP CONSTRAINT k;",
        "ALTER TABLE t ALTER n TYPE varchar(9);",
        "ALTER TABLE t ALTER n TYPE varchar(7);",
        "ALTER TABLE t ALTER w SET NOT NULL;",
        "ALTER TABLE t ADD PRIMARY KEY (w);",
    )
    assert works(desk, find(scripts).uses) == [
        *[("1", None), ("2", READS), ("3", None), ("4", None)],
        *[("5", None), ("6", MAY_REWRITE), ("7", READS), ("8", READS)],
    ]


@pytest.mark.postgres(min=18)
def test_not_null_is_proven_by_a_constraint_only_once_that_is_validated(desk: Desk) -> None:
    desk.prepare(
        "CREATE TABLE t (a int, b int, c int)",
        "ALTER TABLE t ADD CONSTRAINT old NOT NULL b NOT VALID",
    )
    scripts = desk.write(
        "ALTER TABLE t ADD CONSTRAINT k NOT NULL a NOT VALID;",
        "ALTER TABLE t VALIDATE CONSTRAINT k;",
        "ALTER TABLE t ALTER a SET NOT NULL;",
        "ALTER TABLE t VALIDATE CONSTRAINT old;",
        "ALTER TABLE t ALTER b SET NOT NULL;",
        "ALTER TABLE t ADD NOT NULL c NOT VALID;",
        "ALTER TABLE t ALTER c SET NOT NULL;",
    )
    assert works(desk, find(scripts).uses) == [
        *[("1", None), ("2", READS), ("3", None), ("4", READS)],
        *[("5", None), ("6", None), ("7", READS)],
    ]


def test_a_sequence_that_does_not_grow_with_its_column_is_told(desk: Desk) -> None:
    desk.prepare(
        "CREATE TABLE t (a serial, b bigserial, c int GENERATED ALWAYS AS IDENTITY, d int)"
    )
    file = "".join(f"\nALTER TABLE t ALTER {column} TYPE bigint;" for column in "abcd")
    found = [a for a in desk.advice(file) if a.message.startswith("The sequence ")]
    assert [(a.severity, a.place, a.hint) for a in found] == [
        ("note", "0001.sql:2", "ALTER SEQUENCE public.t_a_seq AS bigint;")
    ]
    with desk.database.connect() as conn:
        conn.execute(file.encode())
        small = conn.execute("SELECT seqrelid::regclass::text FROM pg_sequence WHERE seqtypid = 23")
        assert small.fetchall() == [("t_a_seq",)]
        conn.execute((found[0].hint or "").encode())
    also = "ALTER TABLE t ALTER a TYPE int; ALTER TABLE t ALTER d TYPE bigint;"
    assert not [a for a in desk.advice(also) if a.message.startswith("The sequence ")]


INDEX = "CREATE INDEX IF NOT EXISTS there ON t (n)"
TABLE = "CREATE TABLE IF NOT EXISTS t (n int REFERENCES o)"
COLUMN = "ALTER TABLE u ADD IF NOT EXISTS m int REFERENCES o"
TRIGGER = "DROP TRIGGER IF EXISTS missing ON t"


@pytest.mark.parametrize(
    ("before", "statement", "is_idle"),
    [
        ("INSERT INTO t VALUES (1)", INDEX, True),
        ("DROP INDEX there", INDEX, False),
        ("DROP SCHEMA s CASCADE", INDEX, False),
        ("ALTER INDEX there RENAME TO other", INDEX, False),
        ("ALTER TABLE t DROP COLUMN n", INDEX, False),
        ("ALTER TABLE t ADD x int", INDEX, True),
        ("DO $$BEGIN EXECUTE 'DROP INDEX there'; END$$", INDEX, False),
        ("ALTER TABLE t ADD x int", TABLE, True),
        ("DROP TABLE t CASCADE", TABLE, False),
        ("ALTER TABLE t RENAME TO other", TABLE, False),
        ("ALTER TABLE u ADD IF NOT EXISTS n int", COLUMN, True),
        ("ALTER TABLE u DROP m", COLUMN, False),
        ("ALTER TABLE u RENAME m TO l", COLUMN, False),
        ("INSERT INTO t VALUES (1)", TRIGGER, True),
        ("DROP TRIGGER IF EXISTS other ON t", TRIGGER, True),
        ("CREATE TRIGGER missing AFTER INSERT ON t EXECUTE FUNCTION f()", TRIGGER, False),
    ],
)
def test_if_exists_counts_only_where_no_earlier_statement_may_have_changed_that(
    desk: Desk, before: str, statement: str, is_idle: bool
) -> None:
    desk.prepare(
        "CREATE SCHEMA s; CREATE TABLE o (id int PRIMARY KEY); CREATE TABLE t (n int);"
        "CREATE INDEX there ON t (n); CREATE TABLE u (n int, m int)"
    )
    uses = find(desk.write(f"{before};", f"{statement};")).uses
    with desk.database.connect() as conn:
        database = Questions(conn)
        with database.asking():
            named = oids_by_name(find_relations(database, uses))
            catalog = read_catalog(database, uses, named)
    conditioned = {number for number, use in enumerate(uses) if use.touch.condition}
    assert catalog.idle == (conditioned if is_idle else conditioned & {-1}), uses
