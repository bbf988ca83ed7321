"""The locks that advice expects of statements are those that the server takes for them."""

import pytest

from schemamig_tui.sql.locks import Lock
from schemamig_tui.sql.touch import ObjectKind
from schemamig_tui.sql.touches import touches
from tests.advice.conftest import Desk

TABLES = (
    "CREATE TABLE o (id int PRIMARY KEY)",
    "CREATE TABLE t (id int PRIMARY KEY, a int NOT NULL, b text, CONSTRAINT k CHECK (a > 0))",
    "ALTER TABLE t ADD CONSTRAINT late CHECK (a > 1) NOT VALID",
    "CREATE INDEX i ON t (b)",
    "CREATE TABLE parent (id int) PARTITION BY LIST (id)",
    "CREATE TABLE part (id int)",
    "CREATE TABLE former PARTITION OF parent FOR VALUES IN (7)",
    "CREATE MATERIALIZED VIEW m AS SELECT id FROM t",
    "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
    "CREATE TRIGGER g AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()",
)
_HELD = """
SELECT c.relname, l.mode FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
WHERE l.pid = %s AND c.relnamespace = 'public'::regnamespace AND c.relkind <> 'i'
"""
_MODES = {f"{lock!s} Lock".title().replace(" ", ""): lock for lock in Lock}


@pytest.mark.parametrize(
    "statements",
    [
        (
            "ALTER TABLE t ADD x int",
            "ALTER TABLE t ADD x int REFERENCES o",
            "ALTER TABLE t ADD CHECK (a > 2)",
            "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES o",
            'ALTER TABLE t ADD CONSTRAINT "odd one" FOREIGN KEY (a) REFERENCES o NOT VALID',
            "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES o, ADD y int",
            "ALTER TABLE t VALIDATE CONSTRAINT late",
            "ALTER TABLE t VALIDATE CONSTRAINT late, VALIDATE CONSTRAINT k",
            "ALTER TABLE t VALIDATE CONSTRAINT late, DROP b",
            "ALTER TABLE t DROP CONSTRAINT late",
            "ALTER TABLE t ALTER a DROP NOT NULL",
            "ALTER TABLE t ALTER COLUMN a SET STATISTICS 100",
            "ALTER TABLE t ALTER a SET (n_distinct = 5)",
            "ALTER TABLE t ALTER a RESET (n_distinct)",
            "ALTER TABLE t ALTER b SET STORAGE EXTERNAL",
            "ALTER TABLE t SET (fillfactor = 70)",
            "ALTER TABLE t RESET (fillfactor), ALTER a SET STATISTICS 5",
            "ALTER TABLE t CLUSTER ON i",
            "ALTER TABLE t SET WITHOUT CLUSTER",
            "ALTER TABLE t DISABLE TRIGGER g",
            "ALTER TABLE t ENABLE ALWAYS TRIGGER g",
            "ALTER TABLE t ENABLE ROW LEVEL SECURITY",
            "ALTER TABLE t SET UNLOGGED",
            "ALTER TABLE t OWNER TO CURRENT_USER",
            "ALTER TABLE t RENAME COLUMN a TO c",
            "ALTER TABLE parent ATTACH PARTITION part FOR VALUES IN (1)",
            "ALTER TABLE parent DETACH PARTITION former",
        ),
        (
            "CREATE TABLE x (id int REFERENCES o)",
            "CREATE TABLE x PARTITION OF parent FOR VALUES IN (1)",
            "CREATE INDEX ON t (a)",
            "CREATE TRIGGER h AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()",
            "CREATE POLICY p ON t USING (true)",
            "CREATE RULE r AS ON INSERT TO t DO ALSO NOTHING",
            "COMMENT ON TABLE t IS 'x'",
            "COMMENT ON COLUMN t.a IS 'x'",
            "DROP TRIGGER g ON t",
            "DROP TABLE part",
            "TRUNCATE o, part",
            "LOCK t IN SHARE ROW EXCLUSIVE MODE",
            "CLUSTER t USING i",
            "REINDEX TABLE t",
            "REFRESH MATERIALIZED VIEW m",
            "ANALYZE t",
        ),
        (
            "INSERT INTO t VALUES (1, 2)",
            "UPDATE t SET a = 1",
            "DELETE FROM t",
            "COPY t TO '/dev/null'",
            "WITH x AS (SELECT 1) DELETE FROM o",
        ),
    ],
    ids=["alter table", "other definitions", "rows"],
)
def test_the_server_takes_these_locks(desk: Desk, statements: tuple[str, ...]) -> None:
    desk.prepare(*TABLES)
    with desk.database.connect() as conn:
        for statement in statements:
            expected = {
                touch.name.name: touch.lock
                for touch in touches(statement.encode())
                if touch.target is ObjectKind.RELATION and touch.lock
            }
            with conn.transaction(force_rollback=True):
                conn.execute(statement.encode())
                # As it was before: the statement may have dropped what it has locked.
                with desk.database.connect() as other:
                    rows = other.execute(_HELD, (conn.info.backend_pid,)).fetchall()
            held = {name: max(_MODES[mode] for of, mode in rows if of == name) for name, _ in rows}
            assert expected.items() <= held.items(), statement
