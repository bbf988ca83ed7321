"""However the runner dies, the next run does nothing twice and loses nothing."""

import random
import time

import pytest

from tests import tools
from tests.faults.conftest import Program

SEEN_ONCE = "SELECT count(*) = {n} AND count(DISTINCT x) = {n} FROM seen"
ALL_RECORDED = "SELECT count(*) = {n} AND bool_and(success) FROM kb.schema_migrations"
BUILDER = "FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'CREATE INDEX%'"


def migration(number: int) -> str:
    """A file that leaves its mark in the table seen, in one of the three modes in turn."""
    mark = f"INSERT INTO seen VALUES ('{number}.%s'); SELECT pg_sleep(0.003);\n"
    body = (mark % "a") + (mark % "b")
    return (body, f"BEGIN;\n{body}COMMIT;\n", f"{body}VACUUM pg_am;\n")[number % 3]


@pytest.mark.parametrize("seed", tools.all_in_ci([1, 2, 3], 1))
def test_kill_9_at_any_moment_applies_nothing_twice_and_loses_nothing(
    program: Program, seed: int
) -> None:
    dice = random.Random(seed)
    program.write("0000_seen.sql", "CREATE TABLE seen (x text);")
    for number in range(1, 100):
        program.write(f"{number:04}_mark.sql", migration(number))
    for _ in range(8):
        process = program.start()
        time.sleep(dice.uniform(0.15, 0.6))
        process.kill()
        process.wait()
    code, output = program.apply()
    assert code == 0, output
    assert program.ask(SEEN_ONCE.format(n=198)) == [True]
    assert program.ask(ALL_RECORDED.format(n=100)) == [True]


@pytest.mark.parametrize("ending", ["", "VACUUM pg_am;"])
def test_a_run_waits_for_what_the_server_still_does_for_a_killed_one(
    program: Program, ending: str
) -> None:
    program.write("0000_seen.sql", "CREATE TABLE seen (x text); ALTER TABLE seen ADD UNIQUE (x);")
    program.write("0001_slow.sql", f"SELECT pg_sleep(1.5); INSERT INTO seen VALUES ('a');{ending}")
    process = program.start()
    program.wait_until("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep')")
    process.kill()
    process.wait()
    code, output = program.apply()
    assert code == 0, output
    assert program.ask(SEEN_ONCE.format(n=1)) == [True]
    assert program.ask(ALL_RECORDED.format(n=2)) == [True]


def test_an_index_that_a_killed_run_has_left_invalid_is_seen_by_the_next(program: Program) -> None:
    program.write("0001_a.sql", "CREATE TABLE a (x int);")
    assert program.apply()[0] == 0
    program.write("0002_b.sql", "CREATE INDEX CONCURRENTLY IF NOT EXISTS a_x ON a (x);")
    with program.database.connect() as writer, writer.transaction():
        writer.execute("INSERT INTO a VALUES (1)")
        process = program.start()
        program.wait_until("SELECT EXISTS (SELECT FROM pg_index WHERE NOT indisvalid)")
        process.kill()
        process.wait()
        program.ask(f"SELECT pg_terminate_backend(pid, 60000) {BUILDER}")
    for _ in range(2):
        code, output = program.apply()
        assert code == 1
        assert "the index public.a_x is there already, and it is invalid" in output
        assert "DROP INDEX CONCURRENTLY public.a_x;" in output
    with program.database.connect() as conn:
        conn.execute("DROP INDEX a_x")
    assert program.apply()[0] == 0
