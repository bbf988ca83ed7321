"""A process that is forked off the tests is one of its own, and leaves theirs as they are."""

import gc
import os
import subprocess
import sys

from tests.conftest import Database
from tests.forked import fork, fork_program


def test_what_it_writes_and_its_exit_code_are_its_own() -> None:
    def run() -> int:
        print(f"é {os.environ}")
        print("error", file=sys.stderr)
        return 7

    pipe = subprocess.PIPE
    process = fork(run, environ={"ONLY": "this"}, stdout=pipe, stderr=pipe, encoding="utf-8")
    assert process.communicate() == ("é environ({'ONLY': 'this'})\n", "error\n")
    assert process.returncode == 7


def test_an_error_in_it_is_told() -> None:
    process = fork(lambda: 1 // 0, stderr=subprocess.PIPE)
    _, errors = process.communicate()
    assert errors.endswith("ZeroDivisionError: integer division or modulo by zero\n")
    assert process.returncode == 70


def test_the_program_in_it_has_its_arguments() -> None:
    process = fork_program("--verison", stderr=subprocess.PIPE)
    _, errors = process.communicate()
    assert errors.endswith("hint: Did you mean --version?\n")
    assert process.returncode == 2


def test_a_connection_of_the_tests_goes_on(database: Database) -> None:
    with database.connect() as conn:

        def run() -> None:
            database.connect().close()
            gc.collect()

        assert fork(run).wait() == 0
        assert conn.execute("SELECT 1").fetchone() == (1,)
