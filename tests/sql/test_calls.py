"""Which statements may run functions of somebody, and which only make something new."""

import pytest

from schemamig_tui.sql.calls import may_run_code
from schemamig_tui.sql.new_relations import names_beside_new


@pytest.mark.parametrize(
    "sql",
    [
        b"CREATE TABLE t (id int PRIMARY KEY, at timestamptz DEFAULT now())",
        b"CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT g()'",
        b"CREATE TRIGGER a BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION f()",
        b"COMMENT ON TABLE t IS 'f()'",
        b"ALTER TABLE t ADD COLUMN x numeric(10, 2), ADD UNIQUE (x), DROP COLUMN y",
        b"ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES u (id)",
        b"DROP TABLE t",
    ],
)
def test_to_define_something_runs_nothing(sql: bytes) -> None:
    assert not may_run_code(sql)


@pytest.mark.parametrize(
    "sql",
    [
        b"SELECT 1",
        b"INSERT INTO t VALUES (1)",
        b"DO $$BEGIN END$$",
        b"CREATE TABLE t AS SELECT f()",
        b"CREATE INDEX ON t (f(x))",
        b"CREATE EXTENSION citext",
        b"ALTER TABLE t ADD x int DEFAULT f()",
        b"ALTER TABLE t ADD x int DEFAULT app.f()",
        b'ALTER TABLE t ADD x int DEFAULT "F"()',
        b"ALTER TABLE t ALTER x TYPE bigint",
        b"ALTER TABLE t ADD CHECK (x > 0)",
    ],
)
def test_all_else_may_run_something(sql: bytes) -> None:
    assert may_run_code(sql)


@pytest.mark.parametrize(
    ("sql", "names"),
    [
        (
            b'CREATE TABLE "New" (id int REFERENCES app.Old, LIKE u)',
            {"New", "id", "int", "references", "app", "old", "like", "u"},
        ),
        (b"CREATE UNIQUE INDEX ON t (a)", {"on", "t", "a"}),
        (b"CREATE INDEX ON t (lower(a))", None),
        (b"CREATE TABLE t (a) AS SELECT 1", None),
        (b'CREATE TABLE U&"t" (a int)', None),
        (b"CREATE VIEW v AS SELECT 1", None),
        (b"ALTER TABLE t ADD a int", None),
    ],
)
def test_what_is_new_touches_what_it_names(sql: bytes, names: set[str] | None) -> None:
    assert names_beside_new(sql) == names
