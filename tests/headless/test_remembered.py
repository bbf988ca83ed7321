"""What migrations have made on a scratch is remembered, as long as it would be the same."""

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from schemamig_tui.connect.embedded import Embedded
from schemamig_tui.scratch import roles, templates
from tests.conftest import Database
from tests.headless.conftest import Program

_REMEMBERED = "in an earlier run, which is remembered"


@pytest.fixture
def own(scratch: Path, server: Embedded) -> Iterator[psycopg.Connection]:
    """A connection to the scratch server, which has nothing on it."""
    with (
        Embedded(scratch / str(server.major), fast=True) as embedded,
        psycopg.connect(embedded.conninfo, autocommit=True) as conn,
    ):
        for one in templates.templates(conn, private=True):
            conn.execute(f"DROP DATABASE {one.name}".encode())
        roles.put_away(conn, ())
        yield conn


def is_remembered(program: Program, *arguments: str, **environ: str) -> bool:
    """Verify, which has to go well, and tell whether an earlier run has run the migrations."""
    ended = program("--verify", *arguments, **environ)
    assert ended.out.endswith(". The database is what they make\n"), ended.out + ended.err
    return _REMEMBERED in ended.out


def names(conn: psycopg.Connection, query: str) -> list[str]:
    """What a query finds."""
    return [name for (name,) in conn.execute(query.encode())]


def test_whatever_would_make_another_schema_makes_it_again(
    program: Program, database: Database, own: psycopg.Connection
) -> None:
    file = program.write("0001_a.sql", "CREATE TABLE a (id int);")
    assert program("--apply").code == 0
    assert not is_remembered(program)
    assert is_remembered(program)
    # A limit of statements is none of it, but what a session begins with is.
    assert is_remembered(program, "--statement-timeout", "5min")
    assert not is_remembered(program, PGOPTIONS="-c my.setting=1")
    assert not is_remembered(program, PGOPTIONS="-c datestyle=german")
    file.write_text("CREATE TABLE a (id int); -- another text")
    assert not is_remembered(program)
    with database.connect() as conn:
        conn.execute("CREATE ROLE one_more")
        try:
            assert not is_remembered(program)
        finally:
            conn.execute("DROP ROLE one_more")
    assert is_remembered(program)
    assert len(templates.templates(own, private=True)) == templates.MOST


def test_no_more_than_a_few_are_kept_and_none_of_the_roles_of_others(
    program: Program, own: psycopg.Connection
) -> None:
    file = program.write("0001_a.sql", "SELECT 0;")
    assert program("--apply").code == 0
    for number in range(templates.MOST + 2):
        made = "CREATE ROLE of_a_file;" if number % 2 else ""
        file.write_text(f"{made} SELECT {number};")
        assert not is_remembered(program)
    kept = templates.templates(own, private=True)
    databases = names(own, "SELECT datname FROM pg_database WHERE datname ~ 'schemamig'")
    assert sorted(databases) == sorted(one.name for one in kept)
    assert len(kept) == templates.MOST
    file.write_text("SELECT 'the last one';")
    assert not is_remembered(program)
    owners = {oid for one in templates.templates(own, private=True) for oid in one.roles}
    there = own.execute("SELECT oid::int8 FROM pg_roles WHERE oid >= 16384").fetchall()
    assert {oid for (oid,) in there} <= owners | {*kept[-1].roles}


def test_a_run_that_was_killed_at_any_point_leaves_nothing_that_the_next_does_not_remove(
    program: Program, database: Database, own: psycopg.Connection
) -> None:
    role = f"owner_of_{database.name}"
    program.write(
        "0001_a.sql", f"CREATE ROLE {role}; CREATE TABLE a (id int); ALTER TABLE a OWNER TO {role};"
    )
    assert program("--apply").code == 0
    try:
        assert not is_remembered(program)
        (kept,) = templates.templates(own, private=True)
        # Killed in the middle of a run: its roles are back, or of nobody, its database is there.
        own.execute(f"CREATE ROLE of_a_killed_run; ALTER ROLE {role} CREATEDB".encode())
        own.execute("CREATE DATABASE schemamig_scratch_0123456789abcdef OWNER of_a_killed_run")
        own.execute("ALTER ROLE ALL SET default_transaction_read_only = on")
        # Killed before it was noted what a database is.
        own.execute("CREATE DATABASE schemamig_template_0123456789abcdef")
        assert is_remembered(program)
        assert names(own, "SELECT datname FROM pg_database WHERE datname ~ 'schemamig'") == [
            kept.name
        ]
        assert "of_a_killed_run" not in names(own, "SELECT rolname FROM pg_roles")
        # Killed between its roles and their names.
        roles.put_away(own, kept.roles)
        assert names(own, "SELECT rolname FROM pg_roles WHERE rolname ~ '^owner_of'") == []
        assert is_remembered(program)
    finally:
        with database.connect() as conn:
            conn.execute(f"DROP OWNED BY {role}; DROP ROLE {role}".encode())


def kill_asleep(program: Program, conn: psycopg.Connection, *mode: str) -> str:
    """Kill a run as it is in pg_sleep on the scratch; returns the name of the database there."""
    process = program.start(*mode)
    try:
        asleep: list[str] = []
        while not asleep:
            assert process.poll() is None
            query = "SELECT datname FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
            asleep = names(conn, query)
    finally:
        process.kill()
        process.wait()
    return asleep[0]


def test_a_run_that_is_killed_for_real_is_tidied_up_behind_at_once(
    program: Program, scratch: Path, own: psycopg.Connection, database: Database
) -> None:
    role = f"owner_of_{database.name}"
    # On the scratch, and not in the database, there is more than one.
    sleep = "SELECT pg_sleep(60) FROM pg_database WHERE datname = 'schemamig_marker';"
    file = program.write(
        "0001_a.sql", f"CREATE ROLE {role}; CREATE TABLE a (id serial, x int); {sleep}"
    )
    assert program("--apply").code == 0
    try:
        own.execute("CREATE DATABASE schemamig_marker IS_TEMPLATE true")
        assert kill_asleep(program, own, "--verify").startswith("schemamig_scratch_")
        own.execute("ALTER DATABASE schemamig_marker IS_TEMPLATE false")
        assert not is_remembered(program)
        (kept,) = templates.templates(own, private=True)

        pending = program.write("0002_b.sql", "INSERT INTO a DEFAULT VALUES; SELECT pg_sleep(60);")
        assert kill_asleep(program, own, "--rehearse", "--scratch") == kept.name
        pending.write_text("INSERT INTO a DEFAULT VALUES;")
        ended = program("--rehearse", "--scratch")
        assert (ended.code, "(remembered)" in ended.err + ended.out) == (0, False)
        left = names(own, "SELECT datname FROM pg_database WHERE datname ~ '^schemamig'")
        assert left == [one.name for one in templates.templates(own, private=True)]
        assert file.exists()
    finally:
        with database.connect() as conn:
            conn.execute(f"DROP OWNED BY {role}; DROP ROLE {role}".encode())


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER ROLE ALL SET datestyle = german;",
        "DO $$ BEGIN ALTER ROLE ALL SET datestyle = german; END $$;",
        "CREATE DATABASE beside_{database}; DROP DATABASE beside_{database};",
    ],
)
def test_what_is_beyond_its_database_and_its_roles_is_made_each_time(
    program: Program, database: Database, own: psycopg.Connection, sql: str
) -> None:
    program.write("0001_a.sql", sql.replace("{database}", database.name))
    with contextlib.ExitStack() as stack:
        conn = stack.enter_context(database.connect())
        stack.callback(conn.execute, "ALTER ROLE ALL RESET datestyle")
        assert program("--apply").code == 0
        assert not is_remembered(program)
    assert not is_remembered(program)
    assert templates.templates(own, private=True) == []


def test_a_rehearsal_leaves_a_remembered_schema_as_it_was_or_it_is_made_anew(
    program: Program, own: psycopg.Connection
) -> None:
    program.write("0001_a.sql", "CREATE TABLE a (id serial, x int);")
    assert program("--apply").code == 0
    assert not is_remembered(program)
    pending = program.write(
        "0002_b.sql", "ALTER TABLE a ALTER x TYPE bigint; INSERT INTO a (id) VALUES (1);"
    )
    assert program("--rehearse", "--scratch").code == 0
    assert is_remembered(program)
    pending.write_text("INSERT INTO a DEFAULT VALUES;")
    assert program("--rehearse", "--scratch").code == 0
    assert not is_remembered(program)  # as a sequence had moved on, which no rollback undoes
    # Nobody knows what a run has left that was killed.
    (kept,) = templates.templates(own, private=True)
    templates.begin_use(own, kept)
    assert not is_remembered(program)
    worn = replace(templates.begin_use(own, kept), uses=templates.MOST_USES)
    templates.end_use(own, worn, clean=True, private=True)
    assert not is_remembered(program)


def test_a_server_that_is_named_remembers_too_and_takes_nobody_elses_for_it(
    program: Program, database: Database, server: Embedded
) -> None:
    program.write("0001_a.sql", "CREATE TABLE a (id int);")
    assert program("--apply").code == 0
    with psycopg.connect(server.conninfo, autocommit=True) as conn:
        before = {one.name for one in templates.templates(conn, private=False)}
        assert not is_remembered(program, "--scratch", server.conninfo)
        (kept,) = {one.name for one in templates.templates(conn, private=False)} - before
        try:
            assert is_remembered(program, "--scratch", server.conninfo)
            conn.execute("CREATE ROLE somebody_else")
            conn.execute(f"ALTER DATABASE {kept} OWNER TO somebody_else".encode())
            assert _REMEMBERED not in program("--verify", "--scratch", server.conninfo).out
        finally:
            conn.execute(f"DROP DATABASE {kept}".encode())
            conn.execute("DROP ROLE somebody_else")
