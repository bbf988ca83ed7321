"""A file that fails between two of its statements, and goes on, leaves what psql leaves.

The files are those of the corpus, and files put together at random. Each is run without a
transaction, fails once, is mended, and is applied again. Where that is refused, nothing has run.
``RESUMES=all`` in the environment tries every statement of every file; by default it is a sample.
"""

import codecs
import os
import random
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemamig_tui.connect.embedded import Embedded
from schemamig_tui.engine.script.cutter import Cutter
from schemamig_tui.engine.script.files import scan
from schemamig_tui.engine.script.source import Source
from schemamig_tui.errors import FilesError
from schemamig_tui.sql.traits import Kind
from tests.conftest import Database
from tests.equivalence.comparison import (
    LEDGER,
    assert_all_recorded,
    assert_equal,
    psql_leaves,
    run_ours,
    subject,
    take_the_ledger_away,
)
from tests.equivalence.state import capture
from tests.equivalence.test_corpus import CASES, DIRECTIVE, HERE, marked
from tests.equivalence.test_generated import FIRST, PROBE, files, number_all

# Where a string ends depends on what an earlier file has set there.
CUT_LATER = {"strings_of_the_database"}
ALL = os.environ.get("RESUMES") == "all"
FAILS = b"SELECT 1/0;\n"


def places(path: Path) -> list[int]:
    """The offsets of the statements of a file that stand outside of its transactions.

    In a transaction, a sequence would give other numbers the second time.
    """
    (file,) = (one for one in scan(path.parent) if one.path == path)
    cut = Cutter(Source(path), trusted=False, standard_strings=True)
    cut.run(file.checksum)
    found, is_open = [], False
    for i, start in enumerate(cut.starts):
        if i and not is_open:
            found.append(start)
        kind = cut.traits[i].kind if i in cut.traits else Kind.ORDINARY
        is_open = kind in (Kind.BEGIN, Kind.CHAIN) or (
            is_open and kind not in (Kind.COMMIT, Kind.ROLLBACK)
        )
    return found


def without_transactions(folder: Path) -> None:
    """Give every file the directive."""
    for path in folder.iterdir():
        text = path.read_bytes().replace(DIRECTIVE, b"")
        mark = codecs.BOM_UTF8 if text.startswith(codecs.BOM_UTF8) else b""
        path.write_bytes(mark + DIRECTIVE + text.removeprefix(mark))


def assert_resumes(
    expected: list[str], server: Embedded, folder: Path, path: Path, place: int
) -> None:
    """Assert that a file which fails at an offset goes on well, or is refused."""
    text = path.read_bytes()
    with subject(server) as database:
        path.write_bytes(text[:place] + FAILS + text[place:])
        try:
            run = run_ours(database, folder)
        finally:
            path.write_bytes(text)
        assert run.error == "ERROR:  division by zero"
        if (before := rows(database)) is None:
            return  # a statement behind the one that failed is to make the ledger
        try:
            run = run_ours(database, folder)
        except FilesError as error:
            refused = error.message
        else:
            refused = None
        if refused:
            assert "earlier try" in refused
            assert rows(database) == before
            return
        assert run.error is None, f"{run.error}\n{before}"
        assert_all_recorded(database, folder)
        take_the_ledger_away(database, keep_schema="CREATE SCHEMA kb;" in expected)
        assert_equal(expected, capture(server, database))


def rows(database: Database) -> list[tuple[object, ...]] | None:
    """What the ledger says; None where there is none."""
    with database.session() as conn:
        if conn.execute("SELECT to_regclass(%s)", (LEDGER,)).fetchone() == (None,):
            return None
        return conn.execute(f"SELECT * FROM {LEDGER}".encode()).fetchall()


def sample(size: int) -> list[Any]:
    """Some of the cases, always the same ones."""
    cases = [case for case in CASES if case not in CUT_LATER]
    return marked(cases if ALL else random.Random(5).sample(cases, size))


@pytest.mark.parametrize("case", sample(8))
def test_the_corpus(server: Embedded, tmp_path: Path, case: str) -> None:
    folder = tmp_path / "migrations"
    shutil.copytree(HERE / "corpus" / case, folder)
    shutil.copy(PROBE, folder / "~probe.sql")
    expected = psql_leaves(server, folder).state
    without_transactions(folder)
    every = [(path, place) for path in sorted(folder.iterdir()) for place in places(path)]
    for path, place in every if ALL else random.Random(case).sample(every, min(2, len(every))):
        assert_resumes(expected, server, folder, path, place)


@settings(max_examples=100 if ALL else settings().max_examples // 12, derandomize=True)
@given(files(), st.randoms(use_true_random=False))
def test_any_file(server: Embedded, text: str, dice: random.Random) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "0000_first.sql").write_text(FIRST)
        path = folder / "0001_file.sql"
        path.write_text(number_all(1, text))
        shutil.copy(PROBE, folder / "~probe.sql")
        expected = psql_leaves(server, folder).state
        without_transactions(folder)
        if every := places(path):
            assert_resumes(expected, server, folder, path, dice.choice(every))
