"""Every exit code, each from a process once."""

from pathlib import Path

import pytest
from psycopg.conninfo import make_conninfo

from schemamig_tui.errors import ExitCode
from tests.conftest import Database
from tests.headless.conftest import Program


def test_done_is_0(program: Program) -> None:
    program.write("0001_a.sql", "SELECT 1;")
    for mode in ("--list", "--dry-run", "--apply", "--apply", "--check"):
        assert program.run(mode).code == ExitCode.DONE


def test_a_deadlock_is_4_like_every_lock_that_could_not_be_had(program: Program) -> None:
    raised = "RAISE 'deadlock detected' USING ERRCODE = 'deadlock_detected';"
    program.write("0001_a.sql", f"DO $$BEGIN {raised} END$$;")
    assert program("--apply").code == ExitCode.LOCKED
    assert program("--rehearse").code == ExitCode.LOCKED


def test_a_failed_migration_is_1(program: Program) -> None:
    program.write("0001_a.sql", "SELECT 1/0;")
    assert program.run("--apply").code == ExitCode.MIGRATION_FAILED


@pytest.mark.parametrize("mode", ["--list", "--dry-run", "--apply", "--check"])
def test_a_missing_or_empty_folder_is_2(program: Program, mode: str) -> None:
    ended = program(mode, "--dir", "elsewhere")
    assert ended.code == ExitCode.USAGE
    assert "error: elsewhere: " in ended.err
    ended = program(mode)
    assert ended.code == ExitCode.USAGE
    assert "error: migrations: There is no migration (*.sql) in this folder." in ended.err
    assert ended.out == ""


def test_a_file_that_cannot_be_run_is_2_and_nothing_runs(program: Program) -> None:
    program.write("0001_a.sql", "SELECT 1;")
    program.write("0002_b.sql", "SELECT 'open;")
    ended = program.run("--apply")
    assert ended.code == ExitCode.USAGE
    assert "error: migrations/0002_b.sql:1:8: " in ended.err
    assert "Total: 0 applied, 2 pending" in program("--list").out


def test_an_unknown_target_is_2(program: Program) -> None:
    program.write("0001_a.sql", "SELECT 1;")
    ended = program("--apply", "--to", "0009_z.sql")
    assert ended.code == ExitCode.USAGE
    assert "0009_z.sql" in ended.err
    ended = program("--apply", "--to", "0001_aa.sql")
    assert ended.err.endswith("hint: Did you mean 0001_a.sql?\n")


def test_a_ledger_of_another_shape_is_2(program: Program, database: Database) -> None:
    program.write("0001_a.sql", "SELECT 1;")
    with database.connect() as conn:
        conn.execute("CREATE TABLE public.notes (body text)")
    ended = program("--list", "--table", "public.notes")
    assert ended.code == ExitCode.USAGE
    assert "public.notes" in ended.err


def test_no_server_is_3_and_tells_the_ways_out(program: Program, tmp_path: Path) -> None:
    program.write("0001_a.sql", "SELECT 1;")
    for mode in ("--list", "--apply"):
        ended = program.run(mode, SCHEMAMIG_DSN=f"host={tmp_path} port=1")
        assert ended.code == ExitCode.NO_CONNECTION
        assert "error: " in ended.err
        assert "hint: " in ended.err
        assert ended.out == ""


def test_a_server_with_room_for_one_connection_is_3_and_its_limit_is_told(
    program: Program, database: Database
) -> None:
    program.write("0001_a.sql", "SELECT 1;")
    role = f"lonely_{database.name}"
    with database.connect() as conn:
        conn.execute(f"CREATE ROLE {role} LOGIN CONNECTION LIMIT 1")
        try:
            conn.execute(f"GRANT CREATE ON DATABASE {database.name} TO {role}")
            dsn = make_conninfo(database.conninfo, user=role)
            ended = program("--apply", SCHEMAMIG_DSN=dsn)
        finally:
            conn.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")
    assert ended.code == ExitCode.NO_CONNECTION
    assert "error: A run needs two connections, and the second one failed.\n" in ended.err
    assert f'FATAL:  too many connections for role "{role}"' in ended.err
    reached = f"the CONNECTION LIMIT of role {role} is 1, with 1 in use."
    assert f"hint: End other sessions, or raise the limit that is reached: {reached}" in ended.err


def test_a_connection_lost_in_mid_run_is_3(program: Program) -> None:
    program.write("0001_a.sql", "SELECT 1;")
    program.write("0002_b.sql", "SELECT pg_terminate_backend(pg_backend_pid());")
    ended = program("--apply")
    assert ended.code == ExitCode.NO_CONNECTION
    assert "57P01" in ended.err


@pytest.mark.postgres(min=17)  # which has transaction_timeout
def test_a_session_that_the_server_ends_is_3_and_recorded(program: Program) -> None:
    program.write("0001_a.sql", "SET transaction_timeout = '50ms'; SELECT pg_sleep(5);")
    ended = program("--apply")
    assert ended.code == ExitCode.NO_CONNECTION
    assert "FATAL 25P04: the connection was lost: " in ended.err
    assert "25P04" in program("--list").out


@pytest.mark.parametrize("sqlstate", ["08006", "57P01", "25P04"])
def test_an_error_with_the_code_of_a_loss_is_1_while_the_session_goes_on(
    program: Program, sqlstate: str
) -> None:
    program.write(
        "0001_a.sql", f"DO $$BEGIN RAISE 'as dblink does' USING ERRCODE = '{sqlstate}'; END$$"
    )
    ended = program("--apply")
    assert ended.code == ExitCode.MIGRATION_FAILED
    assert f"ERROR {sqlstate}: as dblink does" in ended.err


def test_a_lock_that_is_not_had_in_time_is_4(program: Program, database: Database) -> None:
    program.write("0001_a.sql", "ALTER TABLE busy ADD x int;")
    with database.connect() as conn, conn.transaction():
        conn.execute("CREATE TABLE busy ()")
    with database.connect() as conn, conn.transaction():
        conn.execute("LOCK TABLE busy")
        ended = program.run("--apply", "--lock-timeout", "50ms")
    assert ended.code == ExitCode.LOCKED
    assert "55P03" in ended.err


@pytest.mark.parametrize(
    ("name", "content"), [("0002_b.sql", "SELECT 1;"), ("0001_a.sql", "SELECT 2;")]
)
def test_a_check_that_finds_something_is_5(program: Program, name: str, content: str) -> None:
    program.write("0001_a.sql", "SELECT 1;")
    program("--apply")
    assert program("--check").code == ExitCode.DONE
    program.write(name, content)
    assert program.run("--check").code == ExitCode.CHECK_FAILED


def test_a_missing_grant_is_named(program: Program, database: Database) -> None:
    program.write("0001_a.sql", "SELECT 1;")
    with database.connect() as conn:
        conn.execute("CREATE ROLE stranger LOGIN")
        try:
            dsn = make_conninfo(database.conninfo, user="stranger")
            ended = program("--apply", SCHEMAMIG_DSN=dsn)
        finally:
            conn.execute("DROP ROLE stranger")
    assert ended.code == ExitCode.USAGE
    assert "hint: GRANT CREATE ON DATABASE " in ended.err


@pytest.mark.parametrize("mode", ["--list", "--apply"])
def test_a_table_name_that_is_none_is_2(program: Program, mode: str) -> None:
    program.write("0001_a.sql", "SELECT 1;")
    ended = program(mode, "--table", "a.b.c")
    assert ended.code == ExitCode.USAGE
    assert "error: a.b.c does not name a table" in ended.err


def test_a_variable_that_is_mistyped_is_told(program: Program) -> None:
    program.write("0001_a.sql", "SELECT 1;")
    ended = program("--list", SCHEMAMIG_LOCK_TIMOUT="5s")
    assert ended.code == ExitCode.DONE
    assert ended.err.startswith(
        "warning: SCHEMAMIG_LOCK_TIMOUT is not a setting, and not used."
        " Did you mean SCHEMAMIG_LOCK_TIMEOUT?\n"
    )
