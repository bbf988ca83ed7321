"""``--rehearse``: what it reports, how it ends, and that it leaves nothing behind."""

import signal

import pytest

from schemamig_tui.errors import ExitCode
from tests.conftest import Database
from tests.headless.conftest import Program
from tests.headless.test_live import SLEEP, read_until
from tests.headless.test_waits import holding


def tables(database: Database) -> list[str]:
    """The tables that are not the server's own."""
    query = "SELECT relname FROM pg_class WHERE relkind = 'r' AND oid >= 16384 ORDER BY 1"
    with database.connect() as conn:
        return [name for (name,) in conn.execute(query)]


def test_a_rehearsal_shows_locks_rewrites_and_the_change_of_the_schema(
    program: Program, database: Database
) -> None:
    with database.connect() as conn:
        conn.execute("CREATE TABLE users (id int)")
        conn.execute("INSERT INTO users VALUES (1)")
    program.write("0001_a.sql", "ALTER TABLE users ALTER id TYPE bigint;")
    program.write("0002_b.sql", "BEGIN;\nALTER TABLE users ADD email text;\nCOMMIT;")
    ended = program("--rehearse")
    assert ended.code == ExitCode.DONE
    assert ended.out.startswith(
        "Rehearsing 2 pending migration(s)...\n\n  Rehearsing: 0001_a.sql\n"
    )
    assert "      lock: AccessExclusiveLock on table public.users, blocks reads" in ended.out
    assert "      rewritten: table public.users\n" in ended.out
    assert "\n    ~ table public.users\n        + column email text\n" in ended.out
    assert ", ACCESS EXCLUSIVE for " in ended.out
    assert "Rehearsal Summary\n  Success: 2\n  Blocks reads and writes of table " in ended.out
    assert "\n  Rewrites table public.users\n  Rolled back after " in ended.out
    assert "Everything will be rolled back" in ended.err
    assert tables(database) == ["users"]


def test_a_rehearsal_that_fails_is_1_and_shows_the_place(
    program: Program, database: Database
) -> None:
    program.write("0001_a.sql", "CREATE TABLE a (id int);")
    program.write("0002_b.sql", "SELECT 1;\nSELECT nobody FROM a;")
    program.write("0003_c.sql", "SELECT 1;")
    ended = program("--rehearse")
    assert ended.code == ExitCode.MIGRATION_FAILED
    assert "ERROR 42703: " in ended.err
    assert "migrations/0002_b.sql:2:8" in ended.err
    assert "Success: 1\n  Failed: 1\n  Remaining: 1\n" in ended.out
    assert "ledger" not in ended.err
    assert tables(database) == []


def test_a_rehearsal_names_what_it_has_to_leave_out(program: Program) -> None:
    program.write("0001_a.sql", "CREATE TABLE a (id int);")
    program.write("0002_b.sql", "CREATE INDEX CONCURRENTLY ON a (id);")
    ended = program("--rehearse")
    assert ended.code == ExitCode.DONE
    assert "  • Left out: 0002_b.sql: CREATE INDEX CONCURRENTLY in line 1 cannot run" in ended.out
    assert "Left out: 1\n" in ended.out


def test_a_rehearsal_gives_up_a_lock_that_it_does_not_get(
    program: Program, database: Database
) -> None:
    with database.connect() as conn:
        conn.execute("CREATE TABLE busy (id int)")
    program.write("0001_a.sql", "ALTER TABLE busy ADD x int;")
    with holding(database, "SELECT FROM busy"):
        ended = program("--rehearse", "--lock-timeout", "100ms")
    assert ended.code == ExitCode.LOCKED
    assert "55P03" in ended.err


@pytest.mark.parametrize(("given", "limit"), [((), "2s"), (("--lock-timeout", "0"), "0")])
def test_a_rehearsal_waits_for_a_lock_as_long_as_is_asked_for(
    program: Program, given: tuple[str, ...], limit: str
) -> None:
    shown = "current_setting('lock_timeout')"
    program.write("0001_a.sql", f"DO $$ BEGIN ASSERT {shown} = '{limit}', {shown}; END $$;")
    assert program("--rehearse", *given).code == ExitCode.DONE


def test_a_rehearsal_can_be_interrupted(program: Program, database: Database) -> None:
    program.write("0001_a.sql", f"CREATE TABLE a (id int);\n{SLEEP % 30}")
    process = program.start("--rehearse")
    read_until(process.stdout, "NOTICE: asleep")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == ExitCode.INTERRUPTED
    assert err.endswith("Cancelled.\n")
    assert tables(database) == []


def test_a_rehearsal_of_nothing_is_one_calm_sentence(program: Program) -> None:
    program.write("0001_a.sql", "SELECT 1;")
    assert program("--apply").code == ExitCode.DONE
    ended = program("--rehearse")
    assert (ended.code, ended.out) == (0, "Nothing to do: no migration is pending.\n")


def test_programs_are_told_of_a_rehearsal_too(program: Program, database: Database) -> None:
    with database.connect() as conn:
        conn.execute("CREATE TABLE users (id int)")
    program.write("0001_a.sql", "ALTER TABLE users ADD email text;")
    ended = program("--rehearse", "--json")
    events = {event["event"]: event for event in ended.events}
    assert events["locks_taken"]["locks"] == [
        {
            "relation": "table public.users",
            "mode": "AccessExclusiveLock",
            "blocks": ["reads", "writes", "DDL"],
        }
    ]
    (change,) = events["file_rehearsed"]["changes"]
    assert (change["what"], change["name"]) == ("added", "email")
    assert events["rehearsal_finished"]["rehearsed"] == ["0001_a.sql"]


def test_a_file_of_many_statements_is_told_by_those_that_do_something(
    program: Program, database: Database
) -> None:
    with database.connect() as conn:
        conn.execute("CREATE TABLE users (id int)")
    program.write("0001_a.sql", "INSERT INTO users VALUES (1);\n" * 60 + "LOCK TABLE users;")
    lines = program("--rehearse").out.splitlines()
    reported = [line for line in lines if line.startswith("    line ")]
    assert [line.split(",")[0] for line in reported][:1] == ["    line 1: INSERT 0 1"]
    assert reported[-1].startswith("    line 61: LOCK TABLE, ")
    assert f"    and {61 - len(reported)} other statements, each under 100ms" in "\n".join(lines)


def test_what_a_statement_has_done_and_left_behind_is_reported(
    program: Program, database: Database
) -> None:
    with database.connect() as conn:
        conn.execute("CREATE TABLE users (id int, name text)")
        conn.execute("INSERT INTO users SELECT 7, 'a' FROM generate_series(1, 20)")
    update = "UPDATE users SET name = 'b';"
    program.write(
        "0001_a.sql",
        f"DO $$BEGIN {update} END$$;\n{update}\nCREATE INDEX ON users (id);\nTRUNCATE users;",
    )
    ended = program("--rehearse")
    lines = [line.strip() for line in ended.out.splitlines()]
    assert "rows written: table public.users, 20 updated" in lines
    assert sum(line.startswith("rows written") for line in lines) == 1
    assert "scanned: table public.users, 20 rows, 8.2 kB" in lines
    assert "built: index public.users_id_idx on table public.users" in lines
    assert "emptied: table public.users" in lines
    assert "Empties table public.users" in lines
    assert "left behind: 40 dead rows in table public.users, for VACUUM to remove" in lines
    assert "stay behind as dead rows until a VACUUM" in ended.err
    events = program("--rehearse", "--json").events
    work = [event for event in events if event["event"] == "work_done"]
    assert [event["statement"] for event in work] == [1, 2, 3, 4]
    assert work[0]["written"] == [
        {"relation": "table public.users", "inserted": 0, "updated": 20, "deleted": 0}
    ]


def test_a_file_that_takes_longer_than_its_budget_is_named_and_the_exit_code_is_5(
    program: Program, database: Database
) -> None:
    with database.connect() as conn:
        conn.execute("CREATE TABLE users (id int)")
    program.write("0001_a.sql", "SELECT 1;")
    program.write("0002_b.sql", "ALTER TABLE users ADD x int; SELECT pg_sleep(0.3);")
    ended = program("--rehearse", "--time-budget", "250ms")
    assert ended.code == ExitCode.CHECK_FAILED
    line = ended.err.splitlines()[-1]
    assert line.startswith("0002_b.sql took ")
    assert line.endswith(" of it with ACCESS EXCLUSIVE; the budget is 250 ms (--time-budget)")
    assert program("--rehearse", "--time-budget", "1min").code == ExitCode.DONE
    ended = program("--rehearse", "--time-budget", "250ms", "--json")
    assert ended.code == ExitCode.CHECK_FAILED
    finished = ended.events[-1]
    assert finished["budget_ms"] == 250
    (over,) = finished["over_budget"]
    assert (over["name"], over["ms"] >= over["exclusive_ms"] >= 250) == ("0002_b.sql", True)
