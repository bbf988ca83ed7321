"""The advice as a whole: sizes, what cannot be looked at, and what it costs the server."""

import re
from typing import Any

import psycopg
import pytest

from schemamig_tui.advice import sizes
from schemamig_tui.advice.advice import describe
from schemamig_tui.advice.advise import advise
from schemamig_tui.advice.database import Database
from tests.advice.conftest import Desk


def test_a_large_table_that_is_read_is_a_warning(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sizes, "LARGE_BYTES", 50_000)
    desk.prepare(
        "CREATE TABLE big (id int)",
        "INSERT INTO big SELECT generate_series(1, 2000)",
        "CREATE TABLE small (id int)",
        "ANALYZE big",
    )
    (advice, *_) = desk.advice("INSERT INTO big VALUES (1);\nCREATE INDEX ON big (id);")
    first, hint = describe(advice)
    assert re.fullmatch(
        r"warning: 0001\.sql:2: public\.big is large \([\d.]+ kB, about 2,000 rows\): "
        r"CREATE INDEX reads all of it, and blocks writes meanwhile\.",
        first,
    )
    assert hint.startswith("  hint: CREATE INDEX CONCURRENTLY does not block writes;")
    (note,) = desk.advice("INSERT INTO big VALUES (1); CREATE INDEX ON small (id);")
    assert re.fullmatch(
        r"The pending files touch 2 tables that are there already \([\d.]+ kB in all\);"
        r" the largest of them is public\.big \([\d.]+ kB\)\.",
        note.message,
    )


def test_many_rows_make_a_table_large_too(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sizes, "LARGE_ROWS", 100)
    desk.prepare(
        "CREATE TABLE p (id int) PARTITION BY RANGE (id)",
        "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (60)",
        "CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (60) TO (1000)",
        "INSERT INTO p SELECT generate_series(1, 120)",
        "ANALYZE p1, p2",
    )
    (message,) = desk.warnings("ALTER TABLE p ALTER id TYPE bigint;")
    assert message.startswith("public.p is large (")
    assert "about 120 rows): ALTER TABLE rewrites all of it, and blocks everybody" in message


@pytest.mark.parametrize(
    ("domain", "column", "rewrites"),
    [
        ("d AS int CHECK (VALUE > 0)", "d", True),
        ('public."D" AS int NOT NULL', 'public."D"', True),
        ("d AS int DEFAULT 1", "d", False),
        ("d AS int CHECK (VALUE > 0)", "int", False),
    ],
)
def test_a_column_of_a_domain_that_the_files_make_is_checked_in_each_row(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, domain: str, column: str, rewrites: bool
) -> None:
    monkeypatch.setattr(sizes, "LARGE_ROWS", 10)
    desk.prepare("CREATE TABLE t AS SELECT generate_series(1, 20) AS id", "ANALYZE t")
    found = desk.warnings(f"CREATE DOMAIN {domain}; ALTER TABLE t ADD x {column};")
    assert any("rewrites all of it" in message for message in found) is rewrites


def test_the_table_of_an_index_is_what_is_read(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sizes, "LARGE_BYTES", 1)
    desk.prepare("CREATE TABLE t (id int PRIMARY KEY)")
    (message,) = desk.warnings("REINDEX INDEX t_pkey;")
    assert message.startswith("public.t is large")


def test_the_schema_comes_from_the_search_path_of_a_session(desk: Desk) -> None:
    desk.prepare(
        "CREATE SCHEMA app",
        "CREATE TABLE public.t (id int)",
        "CREATE TABLE app.t (id int)",
        f"ALTER DATABASE {desk.database.name} SET search_path = missing, app, public",
    )
    (note,) = desk.advice("INSERT INTO t VALUES (1);")
    assert "touch app.t," in note.message


def test_where_nothing_is_there_nothing_is_said(desk: Desk) -> None:
    assert desk.advice("CREATE TABLE t (id int);", "INSERT INTO t VALUES (1);") == []


def test_without_files_nothing_is_asked(desk: Desk) -> None:
    with desk.session("SELECT 1"):
        assert desk.advice(older_than=0) == []


def test_names_are_cut_as_the_server_cuts_them(desk: Desk) -> None:
    desk.prepare(f"CREATE TABLE {'x' * 63} (id int)")
    (note,) = desk.advice(f"TRUNCATE {'x' * 80};")
    assert f"public.{'x' * 63}," in note.message


def test_a_query_that_fails_is_a_note_and_the_others_go_on(desk: Desk) -> None:
    scripts = desk.write('ALTER TABLE "\u4e2d" ADD c int; CREATE EXTENSION missing;')
    with desk.database.connect() as conn:
        conn.execute("SET client_encoding = latin1")
        warning, note = advise(conn, scripts)
    assert warning.message == "The server does not have the extension missing."
    assert note.message.startswith(
        "Nothing could be found out about the tables that the pending files touch:"
    )


def test_what_is_not_utf_8_in_the_database_is_no_error(desk: Desk) -> None:
    with desk.database.connect() as admin:
        name = f"{desk.database.name}_ascii"
        admin.execute(
            f"CREATE DATABASE {name} TEMPLATE template0 ENCODING SQL_ASCII LOCALE 'C'".encode()
        )
        try:
            with (
                desk.database.connect(dbname=name) as other,
                desk.database.connect(dbname=name) as conn,
            ):
                conn.execute("SET client_encoding = utf8")
                other.pgconn.exec_(b"BEGIN; SELECT 'gr\xf6\xdfe'")
                (note,) = advise(conn, desk.write("SELECT 1;"), older_than=0)
                assert note.message.startswith("Nothing could be found out about other sessions")
        finally:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def test_a_lost_connection_is_raised(desk: Desk) -> None:
    scripts = desk.write("TRUNCATE t;")
    with desk.database.connect() as conn:
        desk.prepare(f"SELECT pg_terminate_backend({conn.info.backend_pid})")
        with pytest.raises(psycopg.OperationalError):
            advise(conn, scripts)


def test_the_session_is_left_as_it_was(desk: Desk) -> None:
    desk.prepare("CREATE TABLE t (id int)")
    scripts = desk.write("ALTER TABLE t ADD c int; CREATE EXTENSION plpgsql;")
    with desk.database.connect() as conn:
        before = conn.execute("SELECT name, setting FROM pg_settings").fetchall()
        advise(conn, scripts)
        assert conn.execute("SELECT name, setting FROM pg_settings").fetchall() == before
        assert conn.info.transaction_status is psycopg.pq.TransactionStatus.IDLE


def test_the_number_of_questions_does_not_grow_with_the_files(desk: Desk) -> None:
    desk.prepare("CREATE TABLE t (id int)", "CREATE EXTENSION IF NOT EXISTS plpgsql")
    queries: list[Any] = []

    class Counting(psycopg.Cursor[Any]):
        def execute(self, query: Any, *args: Any, **kwargs: Any) -> "Counting":
            queries.append(query)
            return super().execute(query, *args, **kwargs)

    files = [
        f"ALTER TABLE t ADD c{i} int; CREATE TABLE t{i} (id int); ALTER TABLE u{i} ADD c int;"
        for i in range(200)
    ]
    with desk.database.connect() as conn:
        conn.cursor_factory = Counting
        advise(conn, desk.write(*files))
    assert len(queries) < 20


@pytest.mark.parametrize("path", ["evil, pg_catalog, public", "public, evil, pg_catalog", ""])
def test_no_catalog_or_function_of_somebody_else_is_asked(desk: Desk, path: str) -> None:
    desk.prepare("CREATE TABLE t (n int); INSERT INTO t VALUES (NULL)")
    files = (
        "ALTER TABLE public.t ALTER n SET NOT NULL;",
        "CREATE TABLE IF NOT EXISTS public.t ();",
    )
    expected = [describe(advice) for advice in desk.advice(*files)]
    assert any("this will fail" in line for advice in expected for line in advice)
    functions = ("set_config(text, text, bool)", "quote_ident(text)", "format_type(oid, int)")
    desk.prepare(
        "CREATE SCHEMA evil",
        *(
            f"CREATE FUNCTION evil.{one} RETURNS text LANGUAGE plpgsql AS 'BEGIN RAISE ''hi''; END'"
            for one in functions
        ),
        *(f"CREATE TABLE evil.{one} ()" for one in ("pg_class", "pg_namespace", "pg_roles")),
        f"ALTER DATABASE {desk.database.name} SET search_path = {path or repr(path)}",
    )
    assert [describe(advice) for advice in desk.advice(*files)] == expected


def test_a_question_is_never_compiled_by_the_server(desk: Desk) -> None:
    desk.prepare(f"ALTER DATABASE {desk.database.name} SET jit = on")
    with desk.database.connect() as conn:
        with Database(conn).asking():
            assert conn.execute("SHOW jit").fetchone() == ("off",)
        assert conn.execute("SHOW jit").fetchone() == ("on",)
