"""Whether the rows allow what the pending files claim of them, as the database itself says."""

import re

import psycopg
import pytest

from schemamig_tui.advice import claim_checks, sizes
from schemamig_tui.advice.advice import Advice
from schemamig_tui.advice.advise import advise
from tests.advice.conftest import Desk

TABLES = """
CREATE TYPE mood AS ENUM ('sad', 'ok', 'great');
CREATE DOMAIN filled AS int DEFAULT 7;
CREATE TABLE people (id int PRIMARY KEY, code int UNIQUE);
INSERT INTO people SELECT n, n FROM generate_series(1, 10) n;
CREATE TABLE t (id int, owner int, "order" int, name text, price numeric, big bigint, m mood);
INSERT INTO t SELECT n, nullif(n % 4, 0), n % 3, repeat('x', n), n * 100, n, 'ok'
    FROM generate_series(1, 12) n;
UPDATE t SET owner = 99 WHERE id = 1;
INSERT INTO t VALUES (50, 1, 50, 'y  ', 1, 99999999999, 'great');
ALTER TABLE t ADD CONSTRAINT late CHECK (id > 1) NOT VALID;
ALTER TABLE t ADD CONSTRAINT late_key FOREIGN KEY (owner) REFERENCES people (code) NOT VALID;
CREATE SCHEMA away;
CREATE TABLE parts (id int, x int) PARTITION BY RANGE (id);
CREATE TABLE part PARTITION OF parts FOR VALUES FROM (0) TO (100);
INSERT INTO parts VALUES (1, NULL);
CREATE TABLE bases (id int, x int UNIQUE);
CREATE TABLE heirs () INHERITS (bases);
INSERT INTO bases VALUES (1, 1);
INSERT INTO heirs VALUES (1, 2), (7, 7);
CREATE INDEX there ON t (id);
CREATE FUNCTION sly(int) RETURNS bool VOLATILE LANGUAGE sql AS 'SELECT false';
"""
# Each statement fails as it is said, or it does not: the server is asked as well.
FAILING = [
    ("ALTER TABLE t ALTER owner SET NOT NULL", "3 rows of public.t have no owner"),
    ("ALTER TABLE parts ALTER x SET NOT NULL", "1 row of public.parts has no x"),
    ("ALTER TABLE t ADD x int NOT NULL", "13 rows of public.t would have no x"),
    ("ALTER TABLE t ADD UNIQUE (owner)", "3 values of owner in public.t occur more"),
    ('CREATE UNIQUE INDEX ON t ("order" DESC)', "3 values of order in public.t occur more"),
    ("ALTER TABLE t ADD UNIQUE (owner, m)", "3 values of (owner, m) in public.t occur more"),
    ("ALTER TABLE t ADD PRIMARY KEY (owner)", "3 rows of public.t have no owner"),
    (
        "ALTER TABLE t ADD FOREIGN KEY (id) REFERENCES people",
        "3 rows of public.t refer to no row of public.pe",
    ),
    (
        'ALTER TABLE t ADD FOREIGN KEY ("order") REFERENCES people (code)',
        "5 rows of public.t refer to no",
    ),
    (
        "ALTER TABLE t ADD CHECK (id < 12 AND name <> '')",
        "2 rows of public.t violate CHECK (id < 12 AND name",
    ),
    (
        "ALTER TABLE t ADD CONSTRAINT k CHECK (price < -1)",
        "13 rows of public.t violate the CHECK k",
    ),
    ("ALTER TABLE t VALIDATE CONSTRAINT late", "1 row of public.t violates the CHECK late"),
    (
        "ALTER TABLE t VALIDATE CONSTRAINT late_key",
        "1 row of public.t refers to no row of public.people",
    ),
    (
        "ALTER TABLE t ALTER name TYPE varchar(10)",
        "2 rows of public.t have a value of name that does not fit varchar(10)",
    ),
    (
        "ALTER TABLE t ALTER price TYPE numeric(5,2)",
        "3 rows of public.t have a value of price that does not fit numeric(5,2)",
    ),
    (
        "ALTER TABLE t ALTER price TYPE numeric(3)",
        "3 rows of public.t have a value of price that does not fit numeric(3)",
    ),
    (
        "ALTER TABLE t ALTER big TYPE int",
        "1 row of public.t has a value of big that does not fit int",
    ),
    ("ALTER TABLE t ALTER price TYPE smallint", None),
    (
        "ALTER TYPE mood RENAME TO old; CREATE TYPE mood AS ENUM ('sad', 'ok');"
        "ALTER TABLE t ALTER m TYPE mood USING m::text::mood",
        "1 row of public.t has a value of m that does not fit mood",
    ),
    (
        "ALTER TYPE mood RENAME VALUE 'great' TO 'fine'; ALTER TYPE mood RENAME TO old;"
        "CREATE TYPE mood AS ENUM ('ok', 'fine'); ALTER TABLE t ALTER m TYPE mood USING"
        " m::text::mood",
        None,
    ),
    (
        "ALTER TABLE t ALTER owner SET DEFAULT 1; ALTER TABLE t ALTER owner SET NOT NULL",
        "3 rows of public.t have no owner",
    ),
    (
        "ALTER TABLE t ALTER id SET DEFAULT 1; ALTER TABLE t ADD CHECK (id < 12)",
        "2 rows of public.t violate CHECK (id < 12)",
    ),
    (
        "ALTER TABLE t RENAME TO u; CREATE UNIQUE INDEX ON u (owner)",
        "3 values of owner in public.t occur more",
    ),
    (
        "SAVEPOINT a; DROP TABLE t; ROLLBACK TO a; ALTER TABLE t ALTER owner SET NOT NULL",
        "3 rows of public.t have no owner",
    ),
    (
        "CREATE TABLE away.t (id int); ALTER TABLE t ALTER owner SET NOT NULL",
        "3 rows of public.t have no owner",
    ),
    ("DROP TABLE t; CREATE TABLE IF NOT EXISTS t (a int); ALTER TABLE t ADD b int NOT NULL", None),
    (
        "ALTER TABLE t RENAME TO u; ALTER TABLE people RENAME TO t; ALTER TABLE t ADD UNIQUE (id)",
        None,
    ),
    (
        "ALTER TABLE t RENAME owner TO o; ALTER TABLE t ALTER o SET NOT NULL",
        "3 rows of public.t have no owner",
    ),
    (
        "ALTER TABLE t RENAME owner TO o; ALTER TABLE t RENAME id TO owner;"
        " ALTER TABLE t ALTER owner SET NOT NULL",
        None,
    ),
    (
        "ALTER TABLE t RENAME CONSTRAINT late TO q; ALTER TABLE t VALIDATE CONSTRAINT q",
        "1 row of public.t violates the CHECK late",
    ),
    (
        "ALTER TABLE t ADD CONSTRAINT k CHECK (id < 12) NOT VALID;"
        " ALTER TABLE t VALIDATE CONSTRAINT k",
        "2 rows of public.t violate the CHECK k",
    ),
    (
        "ALTER TABLE t ADD FOREIGN KEY (id) REFERENCES people NOT VALID;"
        " ALTER TABLE t VALIDATE CONSTRAINT t_id_fkey",
        "3 rows of public.t refer to no row of public.people",
    ),
    (
        "ALTER TABLE t ADD CONSTRAINT k CHECK (id > 0) NOT VALID;"
        " ALTER TABLE t VALIDATE CONSTRAINT k",
        None,
    ),
    ("ALTER TABLE t ALTER id SET NOT NULL", None),
    ("ALTER TABLE bases ADD UNIQUE (id)", None),
    ("CREATE UNIQUE INDEX ON bases (id)", None),
    ("ALTER TABLE bases ADD FOREIGN KEY (id) REFERENCES bases (x)", None),
    (
        "ALTER TABLE heirs ADD FOREIGN KEY (x) REFERENCES bases (x)",
        "2 rows of public.heirs refer to no row of public.bases",
    ),
    ("ALTER TABLE bases ADD CHECK (id < 7)", "1 row of public.bases violates CHECK (id < 7)"),
    ("CREATE UNIQUE INDEX ON t (big) WHERE owner IS NULL", None),
    ("ALTER TABLE t ADD UNIQUE (id)", None),
    ('ALTER TABLE t ADD FOREIGN KEY ("order") REFERENCES people NOT VALID', None),
    ("ALTER TABLE t ADD FOREIGN KEY (owner) REFERENCES people (code) NOT VALID", None),
    ("ALTER TABLE t ADD CHECK (id < 12) NOT VALID", None),
    ("ALTER TABLE t ADD CHECK (id > 0 OR name = '')", None),
    ("ALTER TABLE t ALTER name TYPE varchar(15)", None),
    ("ALTER TABLE t ALTER name TYPE varchar(1) USING left(name, 1)", None),
    ("ALTER TABLE t ALTER price TYPE numeric(6,2)", None),
    ("ALTER TABLE t ALTER m TYPE text", None),
    ("ALTER TABLE t ADD x int NOT NULL DEFAULT 1", None),
    ("ALTER TABLE t ADD x serial NOT NULL", None),
    ("ALTER TABLE t ADD x filled NOT NULL", None),
    ("ALTER TABLE t ADD x filled; ALTER TABLE t ALTER x SET NOT NULL", None),
    (
        "ALTER TABLE t ADD x int; ALTER TABLE t RENAME x TO y; ALTER TABLE t ALTER y SET NOT NULL",
        "13 rows of public.t would have no",
    ),
    ("ALTER TABLE t ADD x int, ALTER x SET NOT NULL", "13 rows of public.t would have no x"),
    ("ALTER TABLE t ADD x int DEFAULT 1; ALTER TABLE t ALTER x SET NOT NULL", None),
    (
        "ALTER TABLE t RENAME id TO x; ALTER TABLE t ADD id int;"
        " ALTER TABLE t ALTER x SET NOT NULL",
        None,
    ),
    ("ALTER TABLE t ADD IF NOT EXISTS owner int NOT NULL", None),
    ("ALTER TABLE t ADD IF NOT EXISTS id int; ALTER TABLE t ALTER id SET NOT NULL", None),
    ("CREATE UNIQUE INDEX IF NOT EXISTS there ON t (owner)", None),
    (
        "CREATE UNIQUE INDEX IF NOT EXISTS missing ON t (owner)",
        "3 values of owner in public.t occur more",
    ),
]

TABLES_18 = """
ALTER TABLE t ADD CONSTRAINT late_null NOT NULL owner NOT VALID, ADD short int
    GENERATED ALWAYS AS (owner * 1000) VIRTUAL;
"""
FAILING_18 = [
    ("ALTER TABLE t VALIDATE CONSTRAINT late_null", "3 rows of public.t have no owner"),
    ("ALTER TABLE t ALTER owner SET NOT NULL", "3 rows of public.t have no owner"),
    ("ALTER TABLE t ALTER short TYPE smallint", None),
]


@pytest.fixture
def rows(desk: Desk) -> Desk:
    """A database with rows that are in the way of some statements."""
    desk.prepare(TABLES)
    return desk


@pytest.mark.parametrize(
    ("tables", "files"),
    [
        pytest.param("", FAILING, id="any"),
        pytest.param(TABLES_18, FAILING_18, id="18", marks=pytest.mark.postgres(min=18)),
    ],
)
def test_what_is_said_to_fail_fails_and_the_query_lists_why(
    rows: Desk, tables: str, files: list[tuple[str, str | None]]
) -> None:
    rows.prepare(tables)
    with rows.database.connect() as conn, rows.database.connect() as asking:
        conn.execute("BEGIN")
        for file, expected in files:
            found = advise(asking, rows.write(f"{file};"))
            about = [advice for advice in found if "this will fail" in advice.message]
            conn.execute("SAVEPOINT before")
            try:
                conn.execute(file.encode())
                fails = False
            except psycopg.Error:
                fails = True
            conn.execute("ROLLBACK TO before")
            assert fails is bool(about) is (expected is not None), (file, about)
            if expected:
                assert about[0].severity == "warning"
                assert about[0].message.startswith(expected), about
                assert about[0].message.endswith(": this will fail."), about
                count = int(about[0].message.partition(" ")[0])
                listing = (about[0].hint or "").removeprefix("They are listed by: ")
                assert len(conn.execute(listing.encode()).fetchall()) == count, file


def advice_on_rows(rows: Desk, *files: str) -> list[Advice]:
    """What is said of the rows."""
    about = re.compile(r"this will fail|looks at the rows")
    return [advice for advice in rows.advice(*files) if about.search(advice.message)]


def test_a_look_that_finds_nothing_says_how_long_it_took_and_clears_a_warning(
    rows: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sizes, "LARGE_BYTES", 1)
    alter = "ALTER TABLE t ALTER id SET NOT NULL;"
    (advice,) = [
        a for a in rows.advice(alter) if "public.t" in a.message and "touch" not in a.message
    ]
    assert advice.severity == "note"
    assert re.fullmatch(
        r"ALTER TABLE looks at the rows of public\.t: 13 rows, [\d.]+ ms: fine\.", advice.message
    )
    # An index is more work than the look.
    assert any(" is large (" in text for text in rows.warnings("ALTER TABLE t ADD UNIQUE (id);"))


def test_what_an_earlier_statement_may_mend_or_break_is_named(rows: Desk) -> None:
    alter = "ALTER TABLE t ALTER owner SET NOT NULL;"
    (advice,) = advice_on_rows(rows, "\nUPDATE t SET owner = 1 WHERE owner IS NULL;", alter)
    assert (advice.severity, advice.place) == ("note", "0002.sql:1")
    assert advice.message.endswith(": this will fail, unless UPDATE in 0001.sql:2 mends it.")
    (advice,) = advice_on_rows(rows, f"DO $$ BEGIN PERFORM 1; END $$; {alter}")
    assert advice.message.endswith(": this will fail, unless the code that runs before mends it.")
    (advice,) = advice_on_rows(rows, "UPDATE t SET id = 0;", "ALTER TABLE t ADD UNIQUE (id);")
    assert advice.message.endswith(": fine, unless UPDATE in 0001.sql:1 changes that.")
    (advice,) = advice_on_rows(rows, f"{alter} UPDATE t SET owner = 1;", "")
    assert advice.severity == "warning"


UNKNOWN = [
    "CREATE TABLE new (id int); ALTER TABLE new ALTER id SET NOT NULL;",
    "ALTER TABLE t ALTER name TYPE text; ALTER TABLE t ALTER name TYPE varchar(1);",
    "ALTER TABLE t ADD CHECK (sly(id));",
    "ALTER TABLE t ADD CHECK (unknown(id));",
    "ALTER TABLE t ADD x int; ALTER TABLE t ADD CHECK (x > 0);",
    "ALTER TABLE t ADD x int, ADD CHECK (x > 0);",
    "ALTER TABLE t RENAME name TO title; ALTER TABLE t ADD CHECK (title <> '');",
    "ALTER TABLE t ADD CONSTRAINT k CHECK (sly(id)) NOT VALID;"
    " ALTER TABLE t VALIDATE CONSTRAINT k;",
    "CREATE TABLE u () INHERITS (t); ALTER TABLE w INHERIT t; ALTER TABLE t ADD CHECK (id > 0);",
    "ALTER TABLE t ADD x int; UPDATE t SET x = 1; ALTER TABLE t ALTER x SET NOT NULL;",
    "CREATE DOMAIN new AS int; ALTER TABLE t ADD x new; ALTER TABLE t ALTER x SET NOT NULL;",
    "ALTER TABLE t RENAME owner TO a; ALTER TABLE t ADD owner int;"
    " ALTER TABLE t ALTER owner SET NOT NULL; ALTER TABLE t ALTER a SET NOT NULL;",
    "ALTER TABLE t DROP owner; ALTER TABLE t ADD owner int; ALTER TABLE t ADD UNIQUE (owner);",
]


def test_what_cannot_be_known_is_not_asked(desk: Desk) -> None:
    desk.prepare(
        "CREATE TABLE t (id int, name text, owner int)",
        "CREATE TABLE w (id int, name text, owner int)",
        "INSERT INTO t VALUES (1, 'xx', 1), (2, 'y', 1)",
        "CREATE FUNCTION sly(int) RETURNS bool VOLATILE LANGUAGE sql AS 'SELECT false'",
    )
    for file in UNKNOWN:
        found = desk.advice(file)
        assert not [one for one in found if re.search("fail|looks at|found out", one.message)], file


def test_questions_are_bounded_one_by_one_and_all_together(
    rows: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows.prepare(
        "CREATE FUNCTION slow(int) RETURNS bool STABLE LANGUAGE plpgsql"
        " AS 'BEGIN PERFORM pg_sleep(60); RETURN true; END'"
    )
    scripts = rows.write("ALTER TABLE t ADD CHECK (slow(id)), ADD CHECK (slow(2)), ADD UNIQUE (id)")
    monkeypatch.setattr(claim_checks, "QUESTIONS", 2)
    with rows.database.connect() as conn:
        found = [advice.message for advice in advise(conn, scripts, timeout=1)]
    about = "Nothing could be found out about the rows of public.t: canceling statement due to"
    assert sum(text.startswith(about) for text in found) == 2
    left = "1 question about rows had to be left out: all together may take 2.0 s."
    assert left in found


def test_rows_that_a_policy_hides_are_not_taken_for_none(rows: Desk, limited: str) -> None:
    rows.prepare(
        "ALTER TABLE t ENABLE ROW LEVEL SECURITY",
        f"GRANT SELECT ON t TO {limited}",
    )
    found = [a.message for a in rows.advice("ALTER TABLE t ALTER owner SET NOT NULL;")]
    assert any("query would be affected by row-level security" in text for text in found)
