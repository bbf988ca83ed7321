"""Every kind of key that a backfill can walk along, and every one that it refuses."""

from pathlib import Path

import pytest

from schemamig_tui.engine.batch_events import BatchesFinished, BatchesStarted
from tests.conftest import Database
from tests.engine.conftest import Workshop

CLEAR = """
DROP SCHEMA IF EXISTS public, kb, ext, old CASCADE;
CREATE SCHEMA public;
GRANT USAGE ON SCHEMA public TO PUBLIC;
"""

# By name: the type of the column, and an expression for the g-th of 400 keys.
TYPES = {
    "smallint": ("smallint", "g - 200"),
    "integer from the lowest": ("int", "-2147483649 + g"),
    "bigint": ("bigint", "g * 10000000000"),
    "numeric": ("numeric", "CASE g WHEN 1 THEN '-Infinity' WHEN 400 THEN 'NaN' ELSE g / 3.0 END"),
    "float": ("float8", "CASE g WHEN 1 THEN '-Infinity' WHEN 400 THEN 'NaN' ELSE g / 3.0 END"),
    "uuid from nil": (
        "uuid",
        "CASE g WHEN 1 THEN '00000000-0000-0000-0000-000000000000' ELSE md5(g::text)::uuid END",
    ),
    "text from the empty one": (
        "text",
        "CASE g WHEN 1 THEN '' ELSE md5(g::text) || E' ''\\\\é' END",
    ),
    "text in C": ('text COLLATE "C"', "chr(g + 64) || g"),
    "varchar": ("varchar(40)", "'ab' || g"),
    "char": ("char(8)", "'a' || g"),
    "date": ("date", "CASE g WHEN 1 THEN '-infinity' ELSE '0044-03-15 BC'::date + g * 10000 END"),
    "timestamp": (
        "timestamp",
        "CASE g WHEN 400 THEN 'infinity' ELSE '2024-01-01'::timestamp + g * interval '1.1 h' END",
    ),
    "timestamptz": ("timestamptz", "'1900-01-01'::timestamptz + g * interval '100 d 0.123456 s'"),
    "time": ("time", "'00:00'::time + g * interval '1.5 s'"),
    "interval": ("interval", "(g - 200) * interval '-1 day +2:03:04'"),
    "boolean and more": ("boolean", "g % 2 = 0"),
    "enum": ("mood", "('{sad,ok,happy}'::mood[])[1 + g % 3]"),
    "domain": ("positive", "g"),
    "domain of a domain": ("large", "g"),
    "inet": ("inet", "'10.0.0.0'::inet + g"),
    "array": ("text[]", "ARRAY['a,b' || g, NULL, E'\"\\\\']"),
    "range": ("int4range", "int4range(g, g + 3)"),
    "row": ("pair", "ROW(g, 'x'',\"(' || g)::pair"),
    "bytea": ("bytea", "decode(md5(g::text), 'hex')"),
}
SETUP = (
    "CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy'); CREATE TYPE pair AS (a int, b text);"
    "CREATE DOMAIN positive AS int CHECK (VALUE > 0); CREATE DOMAIN large AS positive;"
)
NOT_UNIQUE = ("boolean and more", "enum")


@pytest.fixture
def shop(tmp_path: Path, one_database: Database) -> Workshop:
    """An empty folder and a database that is cleared."""
    made = Workshop(tmp_path, one_database)
    made.ask(CLEAR)
    return made


def backfill(key: str = "k", where: str = "k BETWEEN :from AND :to", more: str = "") -> str:
    """A file that counts up each row in batches of about 37."""
    return (
        f"-- schemamig: backfill table=docs key={key} batch=37 {more}\n"
        f"UPDATE docs SET n = n + 1 WHERE {where};"
    )


def counts(shop: Workshop) -> list[object]:
    """How often the rows have been changed: ``[1]`` if each was once."""
    return shop.ask("SELECT DISTINCT n FROM docs")


def refused(shop: Workshop, sql: str | None = None) -> str:
    """Why a backfill is refused, with the way out."""
    failed = shop.fails("0001_a.sql", backfill() if sql is None else sql)
    assert failed.recorded
    assert failed.failure.place is not None
    assert failed.failure.place.line == 1
    assert failed.failure.hint
    assert shop.ask("SELECT n FROM docs WHERE n > 0") == []
    return f"{failed.failure.message} {failed.failure.hint}"


@pytest.mark.parametrize("form", ["k BETWEEN :from AND :to", "k > :'from' AND k <= :'to'"])
@pytest.mark.parametrize("name", TYPES)
def test_each_row_is_changed_once_whatever_the_type_of_its_key(
    shop: Workshop, name: str, form: str
) -> None:
    kind, value = TYPES[name]
    unique = "" if name in NOT_UNIQUE else "UNIQUE"
    shop.ask(
        f"{SETUP} CREATE TABLE docs (k {kind} NOT NULL, n int DEFAULT 0);"
        f"INSERT INTO docs SELECT ({value})::{kind.split(' COLLATE')[0]} FROM"
        f" generate_series(1, 400) g ORDER BY random(); CREATE {unique} INDEX i ON docs (k)"
    )
    head = "SET timezone = 'Asia/Kolkata'; SET datestyle = 'SQL, DMY';\n" if "BET" in form else ""
    shop.applies("0001_a.sql", head + backfill(where=form))
    assert counts(shop) == [1]
    (finished,) = shop.events_of(BatchesFinished)
    assert (finished.done.walked, finished.done.changed) == (400, 400)
    assert finished.done.batches > 5 or name in NOT_UNIQUE


def test_rows_of_any_key_of_two_columns_are_changed_once(shop: Workshop) -> None:
    shop.ask(
        "CREATE TABLE docs (tenant text, id bigint, n int DEFAULT 0, PRIMARY KEY (tenant, id));"
        "INSERT INTO docs SELECT 't' || g % 3, g FROM generate_series(1, 400) g"
    )
    where = "(tenant, id) > (:from_tenant, :from_id) AND (tenant, id) <= (:to_tenant, :to_id)"
    shop.applies("0001_a.sql", backfill("(tenant, id)", where))
    assert counts(shop) == [1]
    assert shop.events_of(BatchesStarted)[0].key == ("tenant", "id")


def test_a_value_of_a_key_that_is_not_unique_is_never_divided(shop: Workshop) -> None:
    shop.ask(
        "CREATE TABLE docs (k int NOT NULL, n int DEFAULT 0); CREATE INDEX ON docs (k);"
        "INSERT INTO docs SELECT g / 50 FROM generate_series(1, 1000) g"
    )
    shop.applies("0001_a.sql", backfill())
    assert counts(shop) == [1]
    (finished,) = shop.events_of(BatchesFinished)
    assert finished.done.walked == 1000


@pytest.mark.parametrize("columns", ["k DESC", "k, n", "k DESC NULLS FIRST, n"])
def test_an_index_from_the_other_end_or_with_more_columns_will_do(
    shop: Workshop, columns: str
) -> None:
    shop.ask(
        f"CREATE TABLE docs (k int NOT NULL, n int DEFAULT 0); CREATE INDEX ON docs ({columns});"
        "INSERT INTO docs SELECT g FROM generate_series(1, 400) g"
    )
    shop.applies("0001_a.sql", backfill())
    assert counts(shop) == [1]


@pytest.mark.parametrize("by", ["RANGE (k)", "LIST (n)", "HASH (k)"])
def test_a_partitioned_table_is_walked_as_a_whole(shop: Workshop, by: str) -> None:
    shop.ask(f"CREATE TABLE docs (k int NOT NULL, n int DEFAULT 0) PARTITION BY {by}")
    parts = {
        "RANGE (k)": ["FROM (0) TO (150)", "FROM (150) TO (1000)"],
        "LIST (n)": ["IN (0)", "IN (1)"],
        "HASH (k)": [f"WITH (MODULUS 3, REMAINDER {i})" for i in range(3)],
    }
    for i, part in enumerate(parts[by]):
        shop.ask(f"CREATE TABLE docs{i} PARTITION OF docs FOR VALUES {part}")
    shop.ask("CREATE INDEX ON docs (k); INSERT INTO docs SELECT g FROM generate_series(1, 400) g")
    shop.applies("0001_a.sql", backfill())
    assert counts(shop) == [1]


def test_an_empty_table_is_done_at_once(shop: Workshop) -> None:
    shop.ask("CREATE TABLE docs (k int PRIMARY KEY, n int)")
    shop.applies("0001_a.sql", backfill())
    assert shop.events_of(BatchesFinished)[0].done.batches == 0


def test_a_key_of_an_extension_is_compared_as_the_extension_does(shop: Workshop) -> None:
    shop.ask(
        "CREATE SCHEMA ext; CREATE EXTENSION citext SCHEMA ext;"
        "CREATE TABLE docs (k ext.citext PRIMARY KEY, n int DEFAULT 0);"
        "INSERT INTO docs SELECT CASE g % 2 WHEN 0 THEN 'A' ELSE 'b' END || g"
        " FROM generate_series(1, 400) g"
    )
    shop.applies("0001_a.sql", "SET search_path = public, ext;\n" + backfill())
    assert counts(shop) == [1]


def test_rows_left_out_by_the_statement_are_walked_all_the_same(shop: Workshop) -> None:
    shop.ask(
        "CREATE TABLE docs (k int PRIMARY KEY, n int DEFAULT 0);"
        "INSERT INTO docs SELECT g FROM generate_series(1, 400) g"
    )
    shop.applies("0001_a.sql", backfill(where="k BETWEEN :from AND :to AND k % 4 = 0"))
    (finished,) = shop.events_of(BatchesFinished)
    assert (finished.done.walked, finished.done.changed) == (400, 100)


def test_a_procedure_gets_both_ends_of_each_range(shop: Workshop) -> None:
    shop.ask(
        "CREATE TABLE docs (k int PRIMARY KEY, n int DEFAULT 0);"
        "INSERT INTO docs SELECT g FROM generate_series(1, 400) g;"
        "CREATE PROCEDURE fill(a int, b int) LANGUAGE sql BEGIN ATOMIC"
        " UPDATE docs SET n = n + 1 WHERE k BETWEEN a AND b; END;"
        "CREATE PROCEDURE fill(a text, b text) LANGUAGE plpgsql AS 'BEGIN RAISE $$x$$; END'"
    )
    shop.applies(
        "0001_a.sql", "-- schemamig: backfill table=docs key=k batch=37\nCALL fill(:from, :to);"
    )
    assert counts(shop) == [1]


def test_a_procedure_that_commits_is_refused_by_the_server(shop: Workshop) -> None:
    shop.ask(
        "CREATE TABLE docs (k int PRIMARY KEY); INSERT INTO docs VALUES (1);"
        "CREATE PROCEDURE fill(a int, b int) LANGUAGE plpgsql AS 'BEGIN COMMIT; END'"
    )
    sql = "-- schemamig: backfill table=docs key=k\nCALL fill(:from, :to);"
    failed = shop.fails("0001_a.sql", sql)
    assert failed.failure.sqlstate == "2D000"
    assert failed.failure.place is not None
    assert failed.failure.place.line == 2


TABLE = "CREATE TABLE docs (k int, n int NOT NULL DEFAULT 0, o int); "
ROWS = "INSERT INTO docs SELECT g FROM generate_series(1, 400) g; "


@pytest.mark.parametrize(
    ("setup", "message"),
    [
        ("", "No index of public.docs can be walked along (k). Take the key of an index"),
        ("CREATE INDEX i ON docs USING hash (k)", "(k): i is a hash index, which has no order."),
        ("CREATE INDEX i ON docs (k) WHERE k > 1000", "i is partial. Take"),
        ("CREATE INDEX i ON docs (n, k)", "i is on other columns, or in another order. Take"),
        ("CREATE INDEX i ON docs ((k + 1), k)", "i is on other columns, or in another order."),
        ("CREATE INDEX i ON docs (k DESC NULLS LAST)", "i is sorted in mixed directions"),
        (
            "CREATE INDEX i ON docs (k); UPDATE pg_index SET indisvalid = false"
            " WHERE indexrelid = 'i'::regclass",
            "i is not valid. Take",
        ),
    ],
)
def test_a_key_without_a_usable_index_is_refused_with_the_reason(
    shop: Workshop, setup: str, message: str
) -> None:
    shop.ask(TABLE + ROWS + setup)
    why = refused(shop)
    assert message in why
    assert "CREATE INDEX CONCURRENTLY ON public.docs (k);" in why


@pytest.mark.parametrize(
    ("setup", "key", "where", "message"),
    [
        (
            'CREATE INDEX i ON docs (t COLLATE "C")',
            "t",
            "t BETWEEN :from AND :to",
            "i has another collation",
        ),
        (
            "CREATE INDEX i ON docs (t text_pattern_ops)",
            "t",
            "t BETWEEN :from AND :to",
            "i has an operator class of its own",
        ),
        (
            "UPDATE docs SET t = k; ALTER TABLE docs ALTER k SET NOT NULL, ALTER t SET NOT NULL;"
            "CREATE INDEX i ON docs (k, t DESC)",
            "(k, t)",
            "(k, t) BETWEEN (:from_k, :from_t) AND (:to_k, :to_t)",
            "i is sorted in mixed directions",
        ),
        (
            "ALTER TABLE docs ALTER k SET NOT NULL; CREATE INDEX i ON docs (k, t)",
            "(k, t)",
            "(k, t) BETWEEN (:from_k, :from_t) AND (:to_k, :to_t)",
            "The column t of the key may be NULL, and no range reaches such a row. ALTER TABLE"
            " public.docs ALTER t SET NOT NULL;",
        ),
    ],
)
def test_keys_of_text_and_of_columns_need_an_index_of_their_own_order(
    shop: Workshop, setup: str, key: str, where: str, message: str
) -> None:
    shop.ask(TABLE + "ALTER TABLE docs ADD t text;" + ROWS + setup)
    assert message in refused(shop, backfill(key, where))


def test_keys_that_are_null_are_refused(shop: Workshop) -> None:
    shop.ask(TABLE + ROWS + "INSERT INTO docs VALUES (NULL); CREATE UNIQUE INDEX ON docs (k)")
    assert "There are rows whose k is NULL, and no range reaches those." in refused(shop)
    shop.ask("DELETE FROM docs WHERE k IS NULL")
    assert shop.apply().failed is None
    assert counts(shop) == [1]


def test_too_many_rows_of_one_value_are_refused(shop: Workshop) -> None:
    shop.ask(
        TABLE + "INSERT INTO docs SELECT greatest(g, 700) FROM generate_series(1, 1000) g;"
        "CREATE INDEX ON docs (k)"
    )
    why = refused(shop)
    assert why.startswith("More than 370 rows have the key (700), and all of them would be one")


@pytest.mark.parametrize(
    ("setup", "message"),
    [
        ("CREATE VIEW v AS SELECT * FROM docs", "public.v is a view, and has no index"),
        ("CREATE MATERIALIZED VIEW v AS SELECT * FROM docs", "public.v is a materialized view"),
        ("CREATE TABLE v (k int PRIMARY KEY); CREATE TABLE w () INHERITS (v)", "inherit from"),
        ("CREATE TABLE v (n int)", "public.v has no column k."),
        ("", "The table v does not exist, or is not in the search_path."),
    ],
)
def test_what_is_no_table_with_the_key_is_refused(shop: Workshop, setup: str, message: str) -> None:
    shop.ask(TABLE + setup)
    sql = "-- schemamig: backfill table=v key=k\nUPDATE docs SET n = 1 WHERE k > :from AND k <= :to"
    assert message in refused(shop, sql)


def test_a_walk_that_would_read_the_table_is_refused(shop: Workshop) -> None:
    shop.ask(
        TABLE + "INSERT INTO docs SELECT g FROM generate_series(1, 20000) g;"
        "CREATE UNIQUE INDEX i ON docs (k); ANALYZE docs"
    )
    off = "".join(
        f"SET enable_{scan} = off;" for scan in ("indexscan", "indexonlyscan", "bitmapscan")
    )
    failed = shop.fails("0001_a.sql", f"{off}\n{backfill()}")
    assert failed.failure.message.startswith("To find the next keys the planner would read the")


def test_a_trigger_that_changes_the_key_is_found_in_the_first_batch(shop: Workshop) -> None:
    shop.ask(
        TABLE + ROWS + "CREATE UNIQUE INDEX ON docs (k);"
        "CREATE FUNCTION move() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN NEW.k := NEW.k + 1000; RETURN NEW; END';"
        "CREATE TRIGGER t BEFORE UPDATE ON docs FOR EACH ROW EXECUTE FUNCTION move()"
    )
    why = refused(shop)
    assert "Of the 37 rows of the first range only 0 are in it behind the statement" in why


@pytest.mark.parametrize(
    ("table", "sql"),
    [
        (
            "public.docs",
            "UPDATE old.docs o SET n = o.n + 1 FROM docs WHERE docs.k = o.k AND docs.k",
        ),
        ("docs", "UPDATE docs SET n = docs.n + 1 FROM docs d WHERE d.k = 401 - docs.k AND d.k"),
    ],
)
def test_rows_changed_outside_of_the_range_need_not_have_been_in_it(
    shop: Workshop, table: str, sql: str
) -> None:
    shop.ask(TABLE + ROWS + "CREATE UNIQUE INDEX ON docs (k);")
    shop.ask("CREATE SCHEMA old; CREATE TABLE old.docs AS TABLE docs")
    directive = f"-- schemamig: backfill table={table} key=k batch=37\n"
    shop.applies("0001_a.sql", f"{directive}{sql} BETWEEN :from AND :to;")
    written = "old.docs" if "old" in sql else "docs"
    assert shop.ask(f"SELECT DISTINCT n FROM {written}") == [1]


def test_rows_hidden_by_row_level_security_are_never_left_out(shop: Workshop) -> None:
    shop.ask(
        TABLE + ROWS + "CREATE UNIQUE INDEX ON docs (k); CREATE ROLE rls_reader;"
        "GRANT ALL ON docs TO rls_reader; ALTER TABLE docs ENABLE ROW LEVEL SECURITY;"
        "CREATE POLICY p ON docs USING (k <= 200)"
    )
    try:
        failed = shop.fails("0001_a.sql", "SET ROLE rls_reader;\n" + backfill())
        assert "row-level security policy" in failed.failure.message
        assert counts(shop) == [0]
    finally:
        shop.ask("DROP OWNED BY rls_reader; DROP ROLE rls_reader")
