"""What files touch that was there before them."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import postgast
import pytest

from schemamig_tui.advice import targets
from schemamig_tui.advice.targets import Targets, find
from schemamig_tui.engine.script.files import scan
from schemamig_tui.engine.script.script import parse
from schemamig_tui.sql.touch import ObjectKind
from schemamig_tui.sql.touches import touches
from tests.advice.conftest import Pending

ROOT = Path(__file__).parents[2]
CORPUS = ROOT / "tests/equivalence/corpus"
# Its later files can only be read when the earlier ones have run.
READ_LATER = CORPUS / "strings_of_the_database"
SAMPLES = [
    ROOT / "migrations",
    *(path for path in sorted(CORPUS.iterdir()) if path.is_dir() and path != READ_LATER),
]


def found(pending: Pending, *files: str | bytes) -> Targets:
    return find(pending.write(*files))


def unknown(targets: Targets) -> list[str]:
    """What is said not to be known, by file and line."""
    return [f"{one.place}: {one.message}" for one in targets.unread]


def judged(pending: Pending, *files: str) -> list[str]:
    """What the role needs, by file and line."""
    return [
        f"{use.file}:{use.line} {use.touch.right} {use.touch.name}"
        for use in found(pending, *files).uses
        if use.touch.right
    ]


def names(pending: Pending, *files: str) -> list[str]:
    return [str(use.touch.name) for use in found(pending, *files).uses]


def test_each_thing_is_named_once_with_its_first_place(pending: Pending) -> None:
    first = "-- about\nALTER TABLE t ADD a int;\nALTER TABLE t ADD b int;\n"
    assert judged(pending, first, "ALTER TABLE t ADD c int;\nINSERT INTO t VALUES (1);") == [
        "0001.sql:2 OWNER t",
        "0002.sql:2 INSERT t",
    ]


def test_what_an_earlier_file_creates_is_left_out(pending: Pending) -> None:
    create = "CREATE TABLE s.t (id int REFERENCES s.t); CREATE TYPE mood AS ENUM ('a');"
    use = """ALTER TABLE t ADD c int; INSERT INTO s.t VALUES (1); CREATE INDEX i ON s.t (id);
        ALTER TYPE mood ADD VALUE 'b'; DROP INDEX s.i; ALTER TABLE other.t ADD c int;"""
    assert judged(pending, create, use) == [
        "0001.sql:1 CREATE s.t",
        "0001.sql:1 CREATE mood",
        "0002.sql:2 OWNER other.t",
    ]


def test_what_may_have_been_there_is_not_left_out(pending: Pending) -> None:
    file = "CREATE TABLE IF NOT EXISTS t (id int); ALTER TABLE t ADD c int;"
    assert judged(pending, file) == ["0001.sql:1 CREATE t", "0001.sql:1 OWNER t"]


def test_what_is_behind_a_new_view_is_said_to_be_unknown(pending: Pending) -> None:
    file = """CREATE VIEW v AS SELECT * FROM t; COMMENT ON VIEW v IS 'x';
        ALTER VIEW v RENAME TO w;
        UPDATE w SET a = 1;
        DELETE FROM w;"""
    assert unknown(found(pending, file)) == [
        "0001.sql:3: What UPDATE locks behind the new view w cannot be told."
    ]


def test_what_a_block_with_ddl_locks_is_said_to_be_unknown(pending: Pending) -> None:
    file = """DO $$ BEGIN PERFORM 1; END $$;
        DO $$ BEGIN IF true THEN ALTER TABLE t ADD a int; END IF; END $$;
        DO $$ BEGIN CREATE TYPE e AS ENUM (); EXCEPTION WHEN duplicate_object THEN END $$;
        DO $$ BEGIN EXECUTE 'CREATE ROLE r'; EXECUTE format('DROP TABLE %I', 't'); END $$;"""
    assert unknown(found(pending, file)) == [
        "0001.sql:2: What ALTER in this DO block locks cannot be told.",
        "0001.sql:4: What DROP in this DO block locks cannot be told.",
    ]


def test_what_is_rolled_back_was_not_done(pending: Pending) -> None:
    back = """BEGIN; CREATE TABLE a (id int); ROLLBACK; TRUNCATE a; BEGIN; CREATE TABLE b (id int);
        COMMIT AND CHAIN; CREATE TABLE c (id int); ROLLBACK AND CHAIN; TRUNCATE b, c; COMMIT;
        CREATE TABLE d (id int); ROLLBACK; TRUNCATE d;"""
    assert [one for one in judged(pending, back) if "TRUNCATE" in one] == [
        "0001.sql:1 TRUNCATE a",
        "0001.sql:2 TRUNCATE c",
    ]


def test_what_is_dropped_first_was_there(pending: Pending) -> None:
    file = "DROP TABLE t; CREATE TABLE t (id int); ALTER TABLE t ADD c int;"
    assert judged(pending, file) == ["0001.sql:1 DROP t", "0001.sql:1 CREATE t"]


def test_a_new_schema_is_open_to_who_made_it(pending: Pending) -> None:
    file = "CREATE SCHEMA s; CREATE TABLE s.t (id int); CREATE VIEW s.v AS TABLE t;"
    assert judged(pending, file) == ["0001.sql:1 CREATE s"]


def test_a_temporary_table_is_gone_with_its_file(pending: Pending) -> None:
    first = "CREATE TEMP TABLE t (a int); INSERT INTO t VALUES (1);"
    assert judged(pending, first, "INSERT INTO t VALUES (1);") == ["0002.sql:1 INSERT t"]


@pytest.mark.parametrize(
    "change",
    [
        "SET ROLE admin",
        "SET LOCAL ROLE admin",
        "SET SESSION AUTHORIZATION admin",
        "SELECT set_config('role', 'admin', false)",
    ],
)
def test_what_another_role_does_is_not_judged(pending: Pending, change: str) -> None:
    first = f"ALTER TABLE a ADD c int;\n{change};\nALTER TABLE b ADD c int;\n"
    second = "ALTER TABLE c ADD c int;"
    assert judged(pending, first, second) == ["0001.sql:1 OWNER a", "0002.sql:1 OWNER c"]
    assert names(pending, first, second) == ["a", "b", "c"]


@pytest.mark.parametrize(
    "giving",
    [
        "GRANT admin TO CURRENT_USER",
        "SET ROLE admin; GRANT ALL ON t TO app",
        "DO $$ BEGIN EXECUTE 'GRANT ALL ON t TO app'; END $$",
        "ALTER ROLE app SUPERUSER",
        "SET ROLE admin; ALTER TABLE t OWNER TO app",
    ],
)
def test_after_rights_may_have_been_given_nothing_is_judged(pending: Pending, giving: str) -> None:
    assert judged(pending, f"{giving};", "ALTER TABLE t ADD c int;") == []


def test_granting_to_others_changes_nothing(pending: Pending) -> None:
    first = "GRANT SELECT ON t TO reader; DO $$ BEGIN PERFORM 1; END $$; SELECT role FROM t;"
    assert judged(pending, first, "ALTER TABLE t ADD c int;") == ["0002.sql:1 OWNER t"]


def test_under_another_search_path_only_full_names_are_known(pending: Pending) -> None:
    first = """SELECT pg_catalog.set_config('search_path', '', false);
        ALTER TABLE a ADD c int; ALTER TABLE s.b ADD c int; CREATE SCHEMA x;"""
    assert names(pending, first, "ALTER TABLE c ADD c int;") == ["s.b", "x", "c"]


def test_what_is_not_looked_at_for_another_search_path_is_said_once_for_each_file(
    pending: Pending,
) -> None:
    first = "ALTER TABLE a ADD c int;\nSET search_path = x, y;\n"
    first += "ALTER TABLE b ADD c int;\nALTER TABLE d ADD c int;\n"
    (said,) = unknown(found(pending, first, "ALTER TABLE a ADD c int;"))
    assert said.startswith("0001.sql:3: What names without a schema mean cannot be told from here")


def test_a_search_path_that_stays_makes_names_unknown_for_good(pending: Pending) -> None:
    first = "ALTER DATABASE d SET search_path = other;"
    assert names(pending, first, "ALTER TABLE c ADD c int; ALTER TABLE s.c ADD c int;") == ["s.c"]


def test_long_lists_of_inserts_are_one_use(pending: Pending) -> None:
    rows = "".join(f"INSERT INTO t VALUES ({i});\n" for i in range(1000))
    other = 'INSERT INTO t .u VALUES (1);\nINSERT INTO "T" (a) VALUES (1);\n'
    assert names(pending, rows + other + rows) == ["t", "t.u", '"T"']


def test_one_update_of_all_rows_is_found_among_many_of_one_row(pending: Pending) -> None:
    rows = "".join(f"UPDATE t SET a = 1 WHERE id = {i};\n" for i in range(100))
    uses = found(pending, rows + "UPDATE t SET a = 2;\n" + rows).uses
    assert [(use.line, use.touch.work) for use in uses] == [
        (1, None),
        (101, "writes all of it anew"),
    ]


def test_updates_of_other_columns_are_told_apart_among_many(pending: Pending) -> None:
    one = "".join(f"UPDATE t SET a = 1 WHERE id = {i};\n" for i in range(100))
    others = 'UPDATE t SET a = 1, b = 2 WHERE id = 1;\nUPDATE t SET "B"=1 WHERE id = 1;\n'
    both = "UPDATE t SET a = 1, (c, d[2]) = (SELECT 1, 2) WHERE id IS DISTINCT FROM 1;\n"
    uses = found(pending, one + others + one + both).uses
    assert [use.touch.sets for use in uses] == [("a",), ("a", "b"), ("B",), ("a", "c", "d")]


def test_what_is_set_in_the_place_of_a_row_that_is_there_is_found_among_many(
    pending: Pending,
) -> None:
    rows = "".join(f"INSERT INTO t VALUES ({i});\n" for i in range(100))
    upsert = "INSERT INTO t VALUES (1) ON CONFLICT (id) DO UPDATE SET n = 1;\n"
    assert judged(pending, rows + upsert + rows) == ["0001.sql:1 INSERT t", "0001.sql:101 UPDATE t"]


def test_what_is_executed_was_prepared_in_the_same_file(pending: Pending) -> None:
    prepare = "PREPARE p (int) AS DELETE FROM t WHERE id = $1;\n"
    execute = "EXECUTE p (1);\nEXPLAIN ANALYZE EXECUTE p (2);\nEXECUTE other;\n"
    assert judged(pending, prepare + execute, execute) == ["0001.sql:2 DELETE t"]


def test_what_select_into_and_create_schema_make_is_new(pending: Pending) -> None:
    make = """SELECT 1 AS id INTO made; WITH x AS (SELECT 1 AS id) SELECT id INTO TABLE more FROM x;
        CREATE SCHEMA s CREATE TABLE t (id int) CREATE VIEW v AS SELECT id FROM t;"""
    use = "ALTER TABLE made ADD a int; DROP TABLE more; ALTER TABLE s.t ADD a int; DROP VIEW s.v;"
    assert judged(pending, make, use) == [
        "0001.sql:1 CREATE made",
        "0001.sql:1 CREATE more",
        "0001.sql:2 CREATE s",
    ]


def test_a_long_file_is_read_to_a_limit_and_says_so(
    pending: Pending, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(targets, "READ", 1 << 20)
    row = f"INSERT INTO t VALUES ('{'x' * 1000}');\n"
    result = found(pending, row * 2000 + "ALTER TABLE late ADD c int;", "TRUNCATE later")
    assert [str(use.touch.name) for use in result.uses] == ["t", "later"]
    assert unknown(result) == ["0001.sql: Only the first 1 MB were looked at."]


def test_a_file_that_has_changed_is_said_and_not_raised(pending: Pending) -> None:
    scripts = pending.write("SELECT 1;\n" * 10_000, "TRUNCATE t")
    (pending.folder / "0001.sql").write_text("SELECT 2;\n" * 10_000)
    result = find(scripts)
    assert unknown(result) == ["0001.sql: This file was changed while it was in use."]
    assert [str(use.touch.name) for use in result.uses] == ["t"]


@pytest.mark.parametrize("folder", SAMPLES, ids=lambda folder: folder.name)
def test_what_is_named_is_a_relation_for_the_servers_own_parser_too(folder: Path) -> None:
    for script in map(parse, scan(folder)):
        for i in range(len(script)):
            sql = script.sql(i)
            named = {t.name.name for t in touches(sql) if t.target is ObjectKind.RELATION}
            # It knows one encoding, and one way to write strings.
            with contextlib.suppress(UnicodeDecodeError, postgast.PgQueryError):
                assert named <= set(_relations(sql.decode()))


def _relations(sql: str) -> Iterator[str]:
    """What may be a relation in the parse tree: its relations, and what DROP and COMMENT name."""
    for _, node in postgast.walk(postgast.parse(sql)):
        kind = type(node).__name__
        if kind == "RangeVar":
            yield node.relname
        elif kind == "IndexStmt":
            yield node.idxname
        elif kind == "String" and sql.lstrip()[:4].upper() in ("DROP", "COMM"):
            yield node.sval
