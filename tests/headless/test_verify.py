"""``--verify``: the applied migrations run from zero, and the database is compared with that."""

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from schemamig_tui.catalog.diff import diff
from schemamig_tui.catalog.snapshot import snapshot
from schemamig_tui.connect import binaries
from schemamig_tui.connect.embedded import Embedded
from schemamig_tui.scratch.comparison import compare_schemas
from tests import tools, versions
from tests.clusters import short_folder, wait_until_gone
from tests.conftest import Database
from tests.headless.conftest import Program, scratch_databases

_FIRST = """
CREATE ROLE {role};
CREATE TYPE state AS ENUM ('new', 'done');
CREATE TABLE authors (id bigserial PRIMARY KEY, name text NOT NULL, born date, state state);
GRANT SELECT ON authors TO {role};
CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1';
"""
_SECOND = """
CREATE INDEX CONCURRENTLY authors_name ON authors (name);
CREATE VIEW named AS SELECT name FROM authors;
"""

_EVERYTHING = """
CREATE TABLE a (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, x int NOT NULL, CHECK (x > 0));
CREATE TABLE b (id int REFERENCES a ON DELETE CASCADE, r int4range, EXCLUDE USING gist (r WITH &&));
CREATE TABLE c (d date NOT NULL) PARTITION BY RANGE (d);
CREATE TABLE c1 PARTITION OF c FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE INDEX ON c (d);
CREATE DOMAIN positive AS int CHECK (VALUE > 0) NOT NULL;
CREATE MATERIALIZED VIEW m AS SELECT id FROM a;
CREATE UNIQUE INDEX ON m (id);
CREATE SEQUENCE s;
CREATE FUNCTION t() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW EXECUTE FUNCTION t();
ALTER TABLE a ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON a USING (true);
CREATE PUBLICATION u FOR TABLE a;
COMMENT ON TABLE a IS 'a';
"""


@pytest.fixture
def applied(program: Program, database: Database) -> Iterator[Program]:
    """A program whose two migrations are applied."""
    role = f"reader_of_{database.name}_{os.getpid()}"
    program.write("0001_a.sql", _FIRST.format(role=role))
    program.write("0002_b.sql", _SECOND)
    assert program("--apply").code == 0
    yield program
    with database.connect() as conn:
        conn.execute(f"DROP OWNED BY {role}; DROP ROLE {role}".encode())


def test_a_database_that_the_migrations_make_is_the_same_each_time(
    applied: Program, scratch: Path, server: Embedded
) -> None:
    applied.write("0003_c.sql", "CREATE TABLE pending (id int);")
    for remembered in ("", " in an earlier run, which is remembered"):
        ended = applied("--verify")
        assert (ended.code, ended.out) == (
            0,
            f"2 migrations ran from zero on PostgreSQL {server.major} (embedded){remembered}. The"
            " database is what they make\n",
        ), ended.err
    (event,) = (one for one in applied("--verify", "--json").events if one["event"] == "verified")
    assert event["same"]
    assert event["remembered"]
    assert event["ran"] == ["0001_a.sql", "0002_b.sql"]
    assert event["differences"] == 0
    assert scratch_databases(server.conninfo) == []
    with Embedded(scratch / str(server.major), fast=True) as own:
        assert scratch_databases(own.conninfo) == []


def test_a_scratch_is_another_database_also_where_a_copy_of_the_server_numbers_both_alike(
    database: Database,
) -> None:
    with database.connect() as conn:
        found = snapshot(conn)
        conn.execute(f"COMMENT ON DATABASE {database.name} IS 'a template'".encode())
        made = snapshot(conn)
    assert diff(made, found)
    assert not compare_schemas(
        made, found, "kb.schema_migrations", {}, same_version=True
    ).differences


def test_each_manual_change_is_found_and_nothing_else(
    applied: Program, scratch: Path, database: Database
) -> None:
    with database.connect() as conn:
        conn.execute(
            "CREATE TABLE extra (id int); DROP VIEW named; DROP INDEX authors_name;"
            "ALTER TABLE authors ALTER name DROP NOT NULL, DROP born;"
            "ALTER TABLE authors ADD born date; ALTER TYPE state ADD VALUE 'old';"
            "CREATE OR REPLACE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 2'"
        )
    ended = applied("--verify")
    assert ended.code == 5
    first, *lines = ended.out.splitlines()
    assert first.endswith("The database is not what they make: 6 differences")
    assert lines == [
        "In the database, and no migration makes it",
        "  ~ enum public.state",
        "      + value 'old' after 'done'",
        "  + table public.extra",
        "      + id integer",
        "Made by the migrations, and not in the database",
        "  - view public.named",
        "  ~ table public.authors",
        "      - index authors_name (name)",
        "Different (- as the migrations make it, + in the database)",
        "  ~ table public.authors",
        "      ~ column name: not null -> nullable",
        "  ~ function public.one()",
        "         LANGUAGE sql",
        "      - AS $function$SELECT 1$function$",
        "      + AS $function$SELECT 2$function$",
        "",
        "Columns in another order (which is no difference)",
        "  table public.authors",
        "    migrations: id, name, born, state",
        "    database:   id, name, state, born",
    ]
    events = applied("--verify", "--json").events
    there = [event["there"] for event in events if event["event"] == "verify_difference"]
    assert there == ["database"] * 2 + ["migrations"] * 2 + ["both"] * 2


def test_the_ledger_of_a_database_that_nothing_is_applied_in_is_no_difference(
    program: Program, scratch: Path
) -> None:
    program.write("0001_a.sql", "SELECT 1 / 0;")
    assert program("--apply").code == 1
    ended = program("--verify")
    assert (ended.code, ended.out[:13]) == (0, "0 migrations ")


def test_files_that_do_not_run_from_zero_are_found(
    program: Program, scratch: Path, database: Database
) -> None:
    with database.connect() as conn:
        conn.execute("CREATE TABLE by_hand (id int)")
    program.write("0001_a.sql", "CREATE TABLE a (id int);")
    program.write("0002_b.sql", "\nALTER TABLE by_hand ADD x int;")
    program.write("0003_c.sql", "CREATE TABLE c (id int);")
    assert program("--apply").code == 0
    ended = program("--verify")
    assert ended.code == 5
    first, *_, last = ended.out.splitlines()
    assert first.endswith("0002_b.sql failed: the migrations do not run from zero")
    assert 'relation "by_hand" does not exist' in ended.out
    assert "migrations/0002_b.sql:2" in ended.out
    assert last == "  1 migration behind it did not run"


@pytest.fixture
def sleeper(program: Program) -> Program:
    """A program with a migration that sleeps where my.sleep says so."""
    sleep = "SELECT pg_sleep(coalesce(current_setting('my.sleep', true), '0')::int);"
    program.write("0001_a.sql", "CREATE TABLE a (id int PRIMARY KEY);")
    program.write("0002_b.sql", sleep)
    assert program("--apply").code == 0
    return program


def wait_until_it_sleeps(process: subprocess.Popen[str], conninfo: str) -> None:
    sleeping = """
        SELECT FROM pg_stat_activity
        WHERE query LIKE '%pg_sleep(coalesce%' AND datname LIKE 'schemamig_scratch_%'
    """
    with psycopg.connect(conninfo, autocommit=True) as conn:
        while not conn.execute(sleeping).fetchall():
            assert process.poll() is None


def test_limits_of_statements_are_not_meant_for_the_making_of_a_scratch(
    program: Program, database: Database
) -> None:
    program.write("0001_a.sql", "SELECT 1;")
    with database.session() as conn:
        conn.execute(f"ALTER DATABASE {database.name} SET statement_timeout = '5ms'")
    assert program("--verify", "--scratch", "server").code == 0


@pytest.mark.parametrize("where", ["server", "dsn"])
def test_a_scratch_on_a_server_is_removed_also_after_a_killed_run(
    sleeper: Program, server: Embedded, where: str
) -> None:
    place = {"SCHEMAMIG_SCRATCH": "server" if where == "server" else server.conninfo}
    killed = sleeper.start("--verify", **place, PGOPTIONS="-c my.sleep=60")
    wait_until_it_sleeps(killed, server.conninfo)
    killed.kill()
    killed.wait()
    left = scratch_databases(server.conninfo)
    assert len(left) == 1
    with psycopg.connect(server.conninfo, autocommit=True) as conn:
        end = "SELECT pg_terminate_backend(pid, 9999) FROM pg_stat_activity WHERE datname = %s"
        conn.execute(end, left)
    ended = sleeper("--verify", **place)
    assert ended.code == 0, ended.err
    assert "The database is what they make" in ended.out
    assert scratch_databases(server.conninfo) == []


def test_an_interrupted_run_removes_its_scratch(sleeper: Program, server: Embedded) -> None:
    process = sleeper.start("--verify", "--scratch", "server", PGOPTIONS="-c my.sleep=60")
    wait_until_it_sleeps(process, server.conninfo)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    assert "error: interrupted while the migrations ran on the scratch" in err
    assert scratch_databases(server.conninfo) == []


@pytest.mark.postgres(min=min(versions.RELEASES) + 1)
def test_on_another_version_only_what_both_have_is_compared(
    program: Program, scratch: Path, server: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    oldest = min(versions.RELEASES)
    older = binaries.Binaries(tools.programs_of(oldest), oldest)
    own = binaries.Binaries(server.bindir, server.major)
    monkeypatch.setattr("schemamig_tui.scratch.place.choose", lambda *_: own)
    program.write("0001_a.sql", _EVERYTHING)
    program.write("0002_b.sql", "CREATE VIEW v AS SELECT x FROM a;")
    with short_folder() as folder:
        with Embedded(folder / "pg", fast=True, programs=older) as other:
            place = {"SCHEMAMIG_DSN": other.conninfo}
            assert program("--apply", **place).code == 0
            ended = program("--verify", **place)
            assert ended.code == 0, ended.out
            assert (
                f"PostgreSQL {server.major} and the database PostgreSQL {older.major}" in ended.err
            )
            with psycopg.connect(other.conninfo, autocommit=True) as conn:
                conn.execute("ALTER TABLE a ALTER x DROP NOT NULL; DROP VIEW v")
                conn.execute("CREATE VIEW v AS SELECT x + 1 AS x FROM a")
            changed = program("--verify", **place)
            assert changed.code == 5
            assert "The database is not what they make: 2 differences" in changed.out
            program.write(
                "0003_c.sql",
                "DO $$ BEGIN IF current_setting('server_version_num')::int"
                f" >= {server.major}0000 THEN RAISE 'too new'; END IF; END $$;",
            )
            assert program("--apply", **place).code == 0
            assert "The server of the scratch may be why" in program("--verify", **place).out
        wait_until_gone(folder / "pg")


def test_what_would_stay_on_a_server_is_refused_before_anything_runs(
    applied: Program, server: Embedded
) -> None:
    refused = applied("--verify", "--scratch", "server")
    assert (refused.code, refused.out) == (2, "")
    assert "0001_a.sql, line 2: CREATE ROLE is for the whole server" in refused.err


def test_no_scratch_subscribes_to_another_server(program: Program) -> None:
    program.write(
        "0001_a.sql",
        "CREATE SUBSCRIPTION s CONNECTION 'dbname=x' PUBLICATION p WITH (connect = false);\n"
        "ALTER SUBSCRIPTION s SET (slot_name = NONE);\nDROP SUBSCRIPTION s;",
    )
    assert program("--apply").code == 0
    refused = program("--verify")
    assert (refused.code, refused.out) == (2, "")
    assert "0001_a.sql, line 1: with CREATE SUBSCRIPTION a scratch database would" in refused.err


def test_a_role_that_may_only_read_is_enough_but_not_on_its_server(
    program: Program, database: Database, scratch: Path
) -> None:
    program.write("0001_a.sql", "CREATE TABLE a (id int PRIMARY KEY);")
    assert program("--apply").code == 0
    with database.connect() as conn:
        conn.execute("CREATE ROLE looks LOGIN")
        try:
            conn.execute(
                "GRANT USAGE ON SCHEMA kb TO looks; GRANT SELECT ON kb.schema_migrations TO looks"
            )
            only = "options='-c default_transaction_read_only=on'"
            reader = {"SCHEMAMIG_DSN": f"{database.conninfo} user=looks {only}"}
            ended = program("--verify", **reader)
            assert ended.code == 5, ended.err
            _, *lines = ended.out.splitlines()
            assert lines[1:] == ["  ~ schema kb", "      + grant USAGE to looks"]
            refused = program("--verify", "--scratch", "server", **reader)
            assert (refused.code, refused.out) == (2, "")
            assert "it lacks CREATEDB" in refused.err
        finally:
            conn.execute("DROP OWNED BY looks; DROP ROLE looks")


def test_an_extension_that_the_scratch_lacks_is_named_before_anything_runs(
    program: Program, database: Database, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("schemamig_tui.connect.binaries.has_extension", lambda *_: False)
    program.write("0001_a.sql", "CREATE EXTENSION hstore;")
    assert program("--apply").code == 0
    refused = program("--verify")
    assert (refused.code, refused.out) == (2, "")
    assert "the scratch has no hstore" in refused.err
    assert "use --scratch server" in refused.err


def test_a_password_of_the_scratch_is_not_shown(program: Program, database: Database) -> None:
    program.write("0001_a.sql", "SELECT 1;")
    dsn = "postgresql://someone:secret@127.0.0.1:1/nothing"
    ended = program("--verify", "--scratch", dsn)
    assert ended.code == 3
    shown = program("--show-settings", SCHEMAMIG_SCRATCH=dsn)
    assert "scratch" in shown.out
    assert "secret" not in ended.out + ended.err + shown.out + shown.err
