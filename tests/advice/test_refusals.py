"""What the server refuses to drop or to change for what depends on it is what advice says."""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg.errors import DependentObjectsStillExist, FeatureNotSupported

from schemamig_tui.advice.database import Database as Questions
from schemamig_tui.advice.dropping import in_the_way
from schemamig_tui.advice.objects import find_relations, oids_by_name
from schemamig_tui.advice.targets import Use
from schemamig_tui.sql.prepared import PreparedStatements
from tests.advice import linked_statements, near_statements, rare_statements, statements
from tests.advice.conftest import Desk

TABLES = """
CREATE TABLE used (id int PRIMARY KEY, a int, b int GENERATED ALWAYS AS (a + 1) STORED, c int,
    d int, e int, f mood, g int DEFAULT length('abc'), h used_row);
CREATE VIEW using_c AS SELECT c FROM used;
CREATE VIEW using_all AS SELECT * FROM using_c;
CREATE POLICY using_d ON used USING (d > 0);
CREATE TRIGGER using_e AFTER UPDATE OF e ON used FOR EACH ROW WHEN (NEW.id > 7)
    EXECUTE FUNCTION f();
CREATE INDEX using_g ON used (g) WHERE id > 7;
CREATE TABLE heir (c int) INHERITS (old, used);
CREATE VIEW using_heir AS SELECT id, c, g FROM heir;
CREATE FUNCTION takes(used) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION several(int) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION several(text) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE TABLE calling (id int DEFAULT fixed());
CREATE PUBLICATION pub_used FOR TABLE used;
"""
# Each relation, column, constraint, type, function and schema is dropped, alone; each column gets
# its type once more.
ALONE = r"""
SELECT format('DROP %s %s', CASE relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW'
    WHEN 'S' THEN 'SEQUENCE' WHEN 'f' THEN 'FOREIGN TABLE' WHEN 'i' THEN 'INDEX'
    WHEN 'I' THEN 'INDEX' ELSE 'TABLE' END, oid::regclass)
FROM pg_class WHERE relkind <> 'c' AND relnamespace IN (SELECT oid FROM own)
UNION SELECT format(change, attrelid::regclass, attname, format_type(atttypid, atttypmod))
FROM pg_attribute JOIN pg_class c ON c.oid = attrelid, (VALUES
    ('ALTER TABLE %s DROP COLUMN %I'), ('ALTER TABLE %s ALTER COLUMN %I TYPE %s')) AS t (change)
WHERE relkind IN ('r', 'p', 'f') AND attnum > 0 AND NOT attisdropped
    AND relnamespace IN (SELECT oid FROM own)
UNION SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname)
FROM pg_constraint WHERE conrelid <> 0 AND connamespace IN (SELECT oid FROM own)
UNION SELECT format('DROP %s %s', CASE typtype WHEN 'd' THEN 'DOMAIN' ELSE 'TYPE' END, oid::regtype)
FROM pg_type WHERE typnamespace IN (SELECT oid FROM own)
UNION SELECT format('DROP FUNCTION %s(%s)', oid::regproc, pg_get_function_identity_arguments(oid))
FROM pg_proc WHERE prokind = 'f' AND pronamespace IN (SELECT oid FROM own)
UNION SELECT format('DROP SCHEMA %s', nspname::regnamespace) FROM own
"""
OWN = r"WITH own AS (SELECT * FROM pg_namespace WHERE nspname !~ '^(pg_|information_schema)')"


def test_what_is_in_the_way_of_a_drop_or_a_new_type_is_known(desk: Desk) -> None:
    tables = [one.TABLES for one in (statements, near_statements, rare_statements)]
    desk.prepare(*tables, linked_statements.TABLES, "CREATE TYPE used_row AS (x int)", TABLES)
    with desk.database.connect() as conn:
        tried = [statement for (statement,) in conn.execute(f"{OWN} {ALONE}".encode())]
        said = said_of(conn, tried)
        with conn.transaction(force_rollback=True):
            errors = {one: error for one in tried for error in refusal(conn, one)}
    reasons = (DependentObjectsStillExist, FeatureNotSupported)
    refused = {one for one, error in errors.items() if isinstance(error, reasons)}
    assert len(refused) > 500
    assert refused - said.keys() == set()
    # Where the server names another reason first, it is refused all the same.
    assert said.keys() - errors.keys() == set()


@pytest.fixture
def tables(desk: Desk) -> Desk:
    """A database with tables."""
    desk.prepare(statements.TABLES)
    return desk


def said_of(conn: psycopg.Connection, tried: list[str]) -> dict[str, list[str]]:
    """What is said to be in the way of each statement."""
    uses = [
        Use(touch, one, 1) for one in tried for touch in PreparedStatements().touches(one.encode())
    ]
    database = Questions(conn)
    with database.asking():
        oids = oids_by_name(find_relations(database, uses))
        found = in_the_way(database, uses, oids)
    assert database.unknown == []
    said: dict[str, list[str]] = {}
    for one in found:
        said.setdefault(uses[one.number].file, []).append(one.description)
    return said


def refusal(conn: psycopg.Connection, statement: str) -> Iterator[psycopg.Error]:
    """The error of the server, if it refuses the statement."""
    try:
        with conn.transaction(force_rollback=True):
            conn.execute(statement.encode())
    except psycopg.Error as error:
        yield error


MENDED = """
DROP VIEW v2; DROP VIEW v1; DROP MATERIALIZED VIEW m; DROP TABLE t
DROP TABLE c, cc
DROP TABLE c CASCADE
DROP FUNCTION vague(), f() CASCADE
DROP OWNED BY CURRENT_USER CASCADE
DROP VIEW v1 CASCADE; ALTER TABLE t ALTER b TYPE varchar
ALTER TABLE seqs ALTER id DROP DEFAULT; DROP SEQUENCE s
ALTER TABLE moods ALTER m TYPE text; DROP TYPE mood
ALTER TABLE c DROP CONSTRAINT fk; ALTER TABLE p DROP COLUMN id
ALTER TABLE p DROP CONSTRAINT p_pkey CASCADE
ALTER TABLE p DROP COLUMN id CASCADE, DROP COLUMN x
DROP TRIGGER g ON t; DROP FUNCTION f()
DROP TABLE IF EXISTS nothing; DROP VIEW IF EXISTS v2; DROP VIEW v1
CREATE OR REPLACE VIEW v2 AS SELECT 1 AS id; DROP VIEW v1
ALTER VIEW v2 RENAME TO v3; DROP VIEW v3; DROP VIEW v1
"""


def test_what_goes_first_is_not_in_the_way(tables: Desk) -> None:
    with tables.database.connect() as conn:
        for file in MENDED.strip().splitlines():
            warnings = tables.warnings(f"{file};")
            assert [one for one in warnings if "this will fail" in one] == [], file
            if "OWNED" not in file:  # that is the superuser, who owns the catalog
                with conn.transaction(force_rollback=True):
                    conn.execute(file.encode())


def test_what_is_in_the_way_is_named_with_the_way_out(tables: Desk) -> None:
    file = "ALTER TABLE t ALTER b TYPE varchar; DROP TABLE t;\nDROP FUNCTION f();"
    found = [one for one in tables.advice(file) if "this will fail" in one.message]
    assert [(one.severity, one.place, one.message) for one in found] == [
        ("warning", "0001.sql:1", "view v1 uses b, whose type changes: this will fail."),
        (
            "warning",
            "0001.sql:1",
            "materialized view m, view v1, view v2 depend on what DROP TABLE drops:"
            " this will fail.",
        ),
    ]
    assert [one.hint for one in found] == [
        "Drop what uses it in front of the statement, and create it again behind it.",
        "Drop that before, or let it go with it: CASCADE.",
    ]


def test_code_that_runs_before_may_have_dropped_what_is_in_the_way(tables: Desk) -> None:
    files = "DO $$BEGIN EXECUTE 'DROP VIEW v2'; END$$;", "DROP VIEW v1;"
    (found,) = [one for one in tables.advice(*files) if "this will fail" in one.message]
    assert (found.severity, found.message) == (
        "note",
        "view v2 depends on what DROP VIEW drops: this will fail, unless the code that runs before"
        " mends it.",
    )


def test_warnings_stand_in_the_order_of_the_statements(tables: Desk) -> None:
    found = tables.advice("DROP VIEW v1;\nALTER TABLE t ADD q int NOT NULL;", "DROP TABLE p;")
    places = [one.place for one in found if one.severity == "warning" and one.place]
    assert places == ["0001.sql:1", "0001.sql:2", "0002.sql:1"]
