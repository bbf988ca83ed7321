"""A backfill without a UI: calm lines for people, an event a line for programs."""

import re
import signal

import psycopg

from tests.headless.conftest import Program

SETUP = (
    "CREATE TABLE docs (id int PRIMARY KEY, n int NOT NULL DEFAULT 0);"
    "INSERT INTO docs SELECT g FROM generate_series(1, 1000) g; ANALYZE docs"
)
BACKFILL = (
    "-- schemamig: backfill table=docs key=id\n"
    "UPDATE docs SET n = n + 1 WHERE id BETWEEN :from AND :to;"
)


def fill(program: Program) -> None:
    """A table of 1000 rows."""
    with psycopg.connect(program.environ["SCHEMAMIG_DSN"], autocommit=True) as conn:
        conn.execute(SETUP.encode())


def test_a_backfill_says_what_it_walks_along_and_what_it_has_changed(program: Program) -> None:
    fill(program)
    program.write("0001_a.sql", BACKFILL)
    ended = program("--apply")
    assert ended.code == 0
    lines = [line for line in ended.err.splitlines() if line.startswith("    line")]
    assert lines[0] == (
        "    line 2: in batches over public.docs by id along the index docs_pkey, about 1,000 rows"
    )
    # On a busy machine a batch may be halved.
    done = r"    line 2: 1,000 keys walked, 1,000 rows changed in \d\d batches, [\d.]+ s"
    assert re.fullmatch(done, lines[1])


def test_a_backfill_is_a_few_events_for_programs(program: Program) -> None:
    fill(program)
    program.write("0001_a.sql", BACKFILL)
    ended = program("--apply", "--json")
    kinds = [event["event"] for event in ended.events]
    at = kinds.index("batches_started")
    assert kinds[at - 1] == "file_started"
    assert kinds[-4:] == [
        "batches_finished",
        "statement_finished",
        "file_applied",
        "run_finished",
    ]
    assert set(kinds[at + 1 : -4]) == {"batch_finished"}
    last = ended.events[-5]
    assert last["done"]["changed"] == 1000
    assert (last["rows"], last["at"]) == (1000, "1000")


def test_the_dry_run_says_why_the_file_has_no_transaction(program: Program) -> None:
    fill(program)
    program.write("0001_a.sql", BACKFILL)
    ended = program("--dry-run")
    assert "the backfill in line 1 commits after every batch" in ended.out


def test_the_dry_run_waits_for_no_transaction_of_others(program: Program) -> None:
    """As one does that only reads, where the database has it serializable and deferrable."""
    fill(program)
    program.write("0001_a.sql", BACKFILL)
    with psycopg.connect(program.environ["SCHEMAMIG_DSN"], autocommit=True) as conn:
        for setting in (
            "default_transaction_isolation = 'serializable'",
            "default_transaction_deferrable = on",
            "statement_timeout = '5s'",
        ):
            conn.execute(f"ALTER DATABASE {conn.info.dbname} SET {setting}".encode())
        conn.execute("BEGIN ISOLATION LEVEL SERIALIZABLE; CREATE TABLE others ()")
        ended = program("--dry-run")
    assert "line 2: in batches over public.docs" in ended.out, ended.err


def test_a_deployment_may_leave_backfills_for_later_and_one_may_run_by_itself(
    program: Program,
) -> None:
    fill(program)
    program.write("0001_a.sql", BACKFILL)
    program.write("0002_b.sql", "-- schemamig: requires 0001_a.sql\nCREATE TABLE b ();")
    program.write("0003_c.sql", "CREATE TABLE c ();")
    ended = program("--apply", "--skip-backfills")
    assert ended.code == 0
    assert "warning: 0001_a.sql stays pending: it has batches (--skip-backfills)." in ended.err
    assert "warning: 0002_b.sql stays pending: it requires 0001_a.sql." in ended.err
    assert "Success: 1" in ended.out
    planned = program("--dry-run", "--skip-backfills")
    assert planned.out.startswith("Nothing to do: 2 migrations pending for later (1 migration")
    ended = program("--apply", "--skip-backfills")
    assert ended.out == "Nothing to do: 2 migrations pending for later (1 migration applied).\n"
    finished = program("--apply", "--skip-backfills", "--json").events[-1]
    assert finished["waiting"] == ["0001_a.sql", "0002_b.sql"]
    ended = program("--apply", "--only", "migrations/0001_a.sql")
    assert ended.code == 0
    assert "Success: 1" in ended.out
    assert program("--apply", "--only", "0001_a.sql").code == 2
    assert program("--apply").code == 0


def test_while_the_file_is_there_the_batches_wait(program: Program) -> None:
    fill(program)
    program.write("0001_a.sql", BACKFILL)
    pause = program.folder / "pause"
    pause.touch()
    process = program.start("--apply", "--pause-file", str(pause))
    assert process.stderr is not None
    for line in process.stderr:
        if "waits: the file" in line:
            break
    pause.unlink()
    assert process.wait(60) == 0


def test_check_and_list_name_what_is_unfinished(program: Program) -> None:
    fill(program)
    program.write("0001_a.sql", BACKFILL)
    with psycopg.connect(program.environ["SCHEMAMIG_DSN"]) as other:
        other.execute("SELECT FROM docs WHERE id = 101 FOR UPDATE")  # so no second batch ends
        process = program.start("--apply", "--json")
        assert process.stdout is not None
        for line in process.stdout:
            if '"batch_finished"' in line:
                break
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        process = program.start("--apply")
        assert process.stderr is not None
        next(line for line in process.stderr if "goes on behind 100 keys walked, 100 rows" in line)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert "the next --apply goes on with migrations/0001_a.sql, behind its last batch" in err
    ended = program("--check")
    assert ended.code == 5
    assert "0001_a.sql: failed, its batches are not done: 100 keys walked, 100 rows" in ended.out
    assert "its batches are not done: 100 keys walked" in program("--list").out
    (found, _) = program("--check", "--json").events[-2:]
    assert found["batches_done"].startswith("100 keys walked, 100 rows changed in 1 batch")


def test_the_dry_run_shows_the_key_and_the_plan_of_the_first_batch(program: Program) -> None:
    fill(program)
    program.write("0001_a.sql", BACKFILL)
    program.write("0002_b.sql", BACKFILL.replace("docs", "later"))
    out = program("--dry-run").out
    assert (
        "      line 2: in batches over public.docs by id along the index docs_pkey, about 1,000"
        " rows\n        the first one: 100 keys from 1 to 100; the planner expects " in out
    )
    assert "          Update on docs " in out
    assert "      line 2: in batches. The table later does not exist" in out
    program.write("0001_0.sql", "CREATE TABLE later (id int PRIMARY KEY, n int, o int);")
    out = program("--dry-run").out
    assert "line 2: in batches. Its table does not exist yet: 0001_0.sql makes it.\n" in out
    events = program("--dry-run", "--json").events
    found, missing = (event for event in events if event["event"] == "batches_planned")
    assert (found["key"], found["keys"], found["first"], found["last"]) == (
        ["id"],
        100,
        "1",
        "100",
    )
    assert missing["obstacle"]


def test_the_dry_run_warns_of_a_plan_that_reads_more_than_its_range(program: Program) -> None:
    with psycopg.connect(program.environ["SCHEMAMIG_DSN"], autocommit=True) as conn:
        conn.execute(
            "CREATE TABLE docs (tenant int, id uuid DEFAULT gen_random_uuid(), n int, o int,"
            " PRIMARY KEY (tenant, id)); CREATE TABLE others (id int, n int);"
            "INSERT INTO docs SELECT 1, gen_random_uuid(), g, g FROM generate_series(1, 40000) g;"
            "INSERT INTO others SELECT g, g FROM generate_series(1, 40000) g; ANALYZE"
        )
    program.write(
        "0001_a.sql",
        "-- schemamig: backfill table=docs key=(tenant, id) batch=100\n"
        "UPDATE docs d SET n = o.n FROM others o WHERE o.id = d.o AND (d.tenant, d.id) >"
        " (:from_tenant, :from_id) AND (d.tenant, d.id) <= (:to_tenant, :to_id);",
    )
    out = program("--dry-run").out
    assert "warning: each batch of 100 keys reads all of others, about 40,000 rows" in out
    assert "rows where there are 100: it looks at tenant alone." in out
