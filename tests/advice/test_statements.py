"""What single statements touch."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemamig_tui.sql.locks import Lock
from schemamig_tui.sql.touch import ObjectKind, Right, Touch
from schemamig_tui.sql.touches import touches


def touched(sql: str) -> list[Touch]:
    return list(touches(sql.encode()))


def names(sql: str) -> list[str]:
    return [str(touch.name) for touch in touched(sql)]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("ALTER TABLE t ADD c int", ["t"]),
        ("ALTER TABLE IF EXISTS ONLY s.t ADD c int", ["s.t"]),
        ("ALTER TABLE t * ADD c int", ["t"]),
        ("ALTER TABLE/* a */ -- b\n s /**/ . -- c\n t ADD c int", ["s.t"]),
        ('ALTER TABLE "My ""Schema"""."T" ADD c int', ['"My ""Schema"""."T"']),
        ("ALTER TABLE Users ADD c int", ["users"]),
        ("ALTER TABLE db.s.t ADD c int", ["s.t"]),
        ("ALTER TABLE if ADD c int", ["if"]),
        ("ALTER TABLE t ADD c int REFERENCES s.other (id)", ["t", "s.other"]),
        ("ALTER TABLE t ATTACH PARTITION p FOR VALUES IN (1)", ["p", "t"]),
        ("ALTER TABLE t DETACH PARTITION s.p CONCURRENTLY", ["s.p", "t"]),
        ("ALTER TABLE ALL IN TABLESPACE a SET TABLESPACE b", []),
        ("ALTER INDEX i RENAME TO j", ["i"]),
        ("ALTER TYPE s.mood ADD VALUE 'x'", ["s.mood"]),
        ("DROP TABLE IF EXISTS a, s.b CASCADE", ["a", "s.b"]),
        ("DROP INDEX CONCURRENTLY IF EXISTS i", ["i"]),
        ("DROP MATERIALIZED VIEW m", ["m"]),
        ("DROP TRIGGER IF EXISTS g ON s.t", ["s.t"]),
        ("DROP OWNED BY somebody, CURRENT_USER CASCADE", ["somebody", "current_user"]),
        ("REASSIGN OWNED BY somebody TO joe", ["somebody"]),
        ("DROP OPERATOR CLASS s.c USING btree CASCADE", ["s.c"]),
        ("DROP PROCEDURAL LANGUAGE l", ["l"]),
        ("TRUNCATE a, ONLY s.b RESTART IDENTITY", ["a", "s.b"]),
        ("TRUNCATE TABLE ONLY (a)", ["a"]),
        ("CREATE INDEX ON t (c)", ["t"]),
        ("CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS i ON ONLY s.t (c)", ["s.t"]),
        ("CREATE INDEX i ON t (lower(c))", ["t", "i"]),
        ("CREATE TRIGGER g AFTER INSERT OR UPDATE OF a, b ON s.t EXECUTE FUNCTION f()", ["s.t"]),
        ("CREATE CONSTRAINT TRIGGER g AFTER INSERT ON t FROM o EXECUTE FUNCTION f()", ["t"]),
        ("CREATE EVENT TRIGGER g ON ddl_command_end EXECUTE FUNCTION f()", []),
        ("CREATE POLICY p ON s.t USING (true)", ["s.t"]),
        ("CREATE OR REPLACE RULE r AS ON INSERT TO s.t DO INSTEAD NOTHING", ["s.t"]),
        ("UPDATE ONLY s.t SET a = (SELECT 1 FROM x)", ["s.t"]),
        ("DELETE FROM t USING x WHERE true", ["t"]),
        ("INSERT INTO s.t (a) SELECT 1 FROM x", ["s.t"]),
        ("WITH a AS (DELETE FROM x RETURNING 1), b AS (TABLE y) INSERT INTO t TABLE a", ["x", "t"]),
        ("WITH update AS NOT MATERIALIZED (SELECT 1) SELECT 2", []),
        ("MERGE INTO s.t USING x ON true WHEN MATCHED THEN DELETE", ["s.t", "s.t"]),
        ("COPY s.t (a, b) FROM stdin", ["s.t"]),
        ("COPY (SELECT * FROM x) TO stdout", []),
        ("LOCK TABLE a, s.b IN SHARE ROW EXCLUSIVE MODE", ["a", "s.b"]),
        ("CREATE TABLE s.t (a int REFERENCES o, b int REFERENCES p (c))", ["s.t", "o", "p"]),
        ("CREATE TABLE t PARTITION OF s.parent FOR VALUES IN (1)", ["t", "s.parent"]),
        ("CREATE TEMP TABLE t (a int)", ["t"]),
        ("VACUUM (FULL, ANALYZE) a, s.b (c, d)", ["a", "s.b"]),
        ("VACUUM FULL VERBOSE t", ["t"]),
        ("ANALYZE t (a), u", ["t", "u"]),
        ("REINDEX (VERBOSE) TABLE CONCURRENTLY s.t", ["s.t"]),
        ("REINDEX SCHEMA s", ["s"]),
        ("REINDEX SYSTEM", ["pg_catalog"]),
        ("VACUUM (FULL)", [""]),
        ("ANALYZE VERBOSE", [""]),
        ("CLUSTER", [""]),
        ("CLUSTER VERBOSE t USING i", ["t"]),
        ("REFRESH MATERIALIZED VIEW CONCURRENTLY m", ["m"]),
        ("COMMENT ON TABLE t IS 'x'", ["t"]),
        ("COMMENT ON COLUMN s.t.c IS 'x'", ["s.t"]),
        ("COMMENT ON CONSTRAINT c ON s.t IS NULL", ["s.t"]),
        ("COMMENT ON CONSTRAINT c ON DOMAIN d IS NULL", []),
        ("CREATE SCHEMA IF NOT EXISTS s", ["s"]),
        ("CREATE SCHEMA AUTHORIZATION joe", ["joe"]),
        ("CREATE EXTENSION IF NOT EXISTS \"uuid-ossp\"", ['"uuid-ossp"']),
        ("CREATE USER MAPPING FOR joe SERVER s", []),
        ("CREATE ROLE r", ["r"]),
        ("SELECT * FROM t", []),
        ("DO $$ BEGIN DROP TABLE t; END $$", []),
        ("", []),
    ],
)  # fmt: skip
def test_names(sql: str, expected: list[str]) -> None:
    assert names(sql) == expected


@pytest.mark.parametrize(
    ("sql", "lock"),
    [
        ("ALTER TABLE t ADD c int", Lock.ACCESS_EXCLUSIVE),
        ("ALTER TABLE t VALIDATE CONSTRAINT c", Lock.SHARE_UPDATE_EXCLUSIVE),
        ("CREATE INDEX ON t (c)", Lock.SHARE),
        ("CREATE INDEX CONCURRENTLY ON t (c)", Lock.SHARE_UPDATE_EXCLUSIVE),
        ("CREATE TRIGGER g AFTER INSERT ON t EXECUTE FUNCTION f()", Lock.SHARE_ROW_EXCLUSIVE),
        ("INSERT INTO t VALUES (1)", Lock.ROW_EXCLUSIVE),
        ("LOCK t", Lock.ACCESS_EXCLUSIVE),
        ("LOCK t IN EXCLUSIVE MODE NOWAIT", Lock.EXCLUSIVE),
        ("VACUUM t", Lock.SHARE_UPDATE_EXCLUSIVE),
        ("VACUUM (FULL) t", Lock.ACCESS_EXCLUSIVE),
        ("COMMENT ON TABLE t IS 'x'", Lock.SHARE_UPDATE_EXCLUSIVE),
    ],
)
def test_the_lock_that_a_statement_takes(sql: str, lock: Lock) -> None:
    assert touched(sql)[0].lock is lock


@pytest.mark.parametrize(
    ("sql", "work"),
    [
        ("ALTER TABLE t ADD c int", None),
        ("ALTER TABLE t ADD type text DEFAULT 'set not null'", None),
        ("ALTER TABLE t ADD c text DEFAULT E'x\\' set not null'", None),
        ("ALTER TABLE t ADD c timestamptz DEFAULT now()", None),
        ("ALTER TABLE t ADD c int, ALTER d SET DEFAULT f()", None),
        ("ALTER TABLE t ALTER c ADD GENERATED ALWAYS AS IDENTITY", None),
        ("ALTER TABLE t ADD c int GENERATED ALWAYS AS (a + 1) VIRTUAL", None),
        ("ALTER TABLE t ADD c int GENERATED ALWAYS AS (a + 1) STORED", "rewrites all of it"),
        ("ALTER TABLE t ADD c uuid DEFAULT gen_random_uuid()", "may rewrite all of it"),
        ("ALTER TABLE t ADD c bigserial", "rewrites all of it"),
        ("ALTER TABLE t ALTER COLUMN \"a b\" TYPE bigint", "may rewrite all of it"),
        ("ALTER TABLE t ALTER c SET DATA TYPE bigint", "may rewrite all of it"),
        ("ALTER TABLE t SET UNLOGGED", "may rewrite all of it"),
        ("ALTER TABLE t ALTER c SET NOT NULL", "reads all of it"),
        ("ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0)", "reads all of it"),
        ("ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0) NOT VALID", None),
        ("ALTER TABLE t ADD CONSTRAINT k UNIQUE USING INDEX i", None),
        ("UPDATE t SET a = 1", "writes all of it anew"),
        ("UPDATE t SET a = 1 WHERE b", None),
        ("DELETE FROM t", "goes through all of it"),
        ("CREATE INDEX ON t (c)", "reads all of it"),
    ],
)  # fmt: skip
def test_what_a_statement_does_with_every_row(sql: str, work: str | None) -> None:
    assert touched(sql)[0].work == work


def test_too_long_a_statement_is_not_said_to_write_every_row() -> None:
    values = ", ".join(f"({i})" for i in range(20_000))
    long = f"UPDATE t SET a = 1 FROM (VALUES {values}) v WHERE t.id = v.column1"
    flat = "UPDATE t SET a = 1" + " + 1" * 20_000 + " WHERE b"
    assert [touch.work for sql in (long, flat) for touch in touched(sql)] == [None, None]


def test_a_unicode_escape_is_not_guessed_at() -> None:
    assert names(r'ALTER TABLE U&"\0061" ADD c int') == []


def test_a_name_that_is_not_utf_8_is_not_known() -> None:
    assert list(touches(b"ALTER TABLE gr\xf6\xdfe ADD c int")) == []


def test_a_temporary_table_needs_no_right_in_a_schema() -> None:
    (touch,) = touched("CREATE TEMPORARY TABLE t (a int)")
    assert touch.temporary
    assert touch.right is None


def test_replacing_a_view_needs_its_owner() -> None:
    rights = [touch.right for touch in touched("CREATE OR REPLACE VIEW v AS SELECT 1")]
    assert rights == [Right.OWNER, Right.CREATE]


def test_locks_conflict_as_the_manual_says() -> None:
    assert Lock.SHARE.waits_for(Lock.ROW_EXCLUSIVE)
    assert not Lock.SHARE.waits_for(Lock.SHARE)
    assert Lock.ACCESS_EXCLUSIVE.waits_for(Lock.ACCESS_SHARE)
    assert all(a.waits_for(b) == b.waits_for(a) for a in Lock for b in Lock)


VERBS = [
    "ALTER TABLE", "DROP TABLE IF EXISTS", "TRUNCATE", "UPDATE", "DELETE FROM", "INSERT INTO",
    "CREATE TABLE", "CREATE INDEX ON", "CREATE TRIGGER g AFTER INSERT ON", "COPY", "LOCK TABLE",
    "COMMENT ON TABLE", "VACUUM", "WITH a AS (SELECT 1) INSERT INTO", "CREATE POLICY", "MERGE INTO",
]  # fmt: skip
WORDS = st.sampled_from(
    ["t", "s", ".", ",", "(", ")", "ON", "ONLY", "TO", "FROM", "IF EXISTS", "REFERENCES", "WHERE",
     "PARTITION OF", "AS", "*", '"Quoted"', "IN", "MODE", ";", "=", "1", "AUTHORIZATION", "'"]
)  # fmt: skip
HIDDEN = st.sampled_from(
    ["'hidden'", "'a''hidden'", r"E'\'hidden'", "$$hidden$$", "$x$ $$ hidden $x$", "-- hidden\n",
     "/* hidden /* hidden */ hidden */", "'REFERENCES hidden'", "$$ ALTER TABLE hidden $$"]
)  # fmt: skip


@given(st.sampled_from(VERBS), st.lists(WORDS.filter(lambda w: w != "'") | HIDDEN, max_size=12))
def test_nothing_in_strings_and_comments_is_a_name(verb: str, words: list[str]) -> None:
    assert "hidden" not in " ".join(names(" ".join([verb, *words])))


@given(st.sampled_from([*VERBS, ""]), st.lists(WORDS | HIDDEN | st.text(max_size=3)), st.binary())
def test_no_text_is_an_error(verb: str, words: list[str], rest: bytes) -> None:
    list(touches(" ".join([verb, *words]).encode() + rest))


def test_kinds_of_objects() -> None:
    assert [touch.target for touch in touched("DROP SCHEMA a, b")] == [ObjectKind.SCHEMA] * 2
    assert [touch.target for touch in touched("CREATE DOMAIN d AS int")] == [ObjectKind.TYPE]
