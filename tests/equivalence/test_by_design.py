"""Where psql and we differ on purpose: nearly always because a file is one transaction here.

Each case says so itself, in the first lines of its first file: why, how it ends in both programs,
and which rows the table ``seen`` has afterwards, where there is one. Everything else that psql runs
has to do the same here: see ``test_corpus``.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pytest

from schemamig_tui.connect.embedded import Embedded
from schemamig_tui.errors import FilesError
from tests.conftest import Database
from tests.equivalence.comparison import Run, run_ours, run_psql, subject

CASES = sorted((Path(__file__).parent / "by_design").iterdir())
APPLIED, REFUSED = "applied", "refused"


@dataclass(frozen=True)
class Outcome:
    """How a folder ends, and what is left in the table ``seen``."""

    end: str
    left: str

    @classmethod
    def of(cls, run: Run, database: Database) -> Self:
        """The outcome of a run."""
        return cls(_first_error(run.error) if run.error else APPLIED, _seen(database))


@pytest.mark.parametrize("folder", CASES, ids=lambda folder: folder.name)
def test_we_differ_from_psql_as_the_file_says(server: Embedded, folder: Path) -> None:
    expected = _expected_in(folder)
    with subject(server) as database:
        run = run_psql(server, database, folder)
        assert Outcome.of(run, database) == Outcome(expected["psql"], expected["psql leaves"])
    with subject(server) as database:
        try:
            ours = Outcome.of(run_ours(database, folder), database)
        except FilesError:
            ours = Outcome(REFUSED, _seen(database))
        assert ours == Outcome(expected["ours"], expected["we leave"])


def _expected_in(folder: Path) -> dict[str, str]:
    first = min(folder.iterdir()).read_text()
    return dict(re.findall(r"^-- (psql|psql leaves|ours|we leave):[ ]?(.*)$", first, re.M))


def _first_error(errors: str) -> str:
    error = re.search(r"ERROR: .*", errors)
    assert error, errors
    return error[0]


def _seen(database: Database) -> str:
    with database.session() as conn:
        if conn.execute("SELECT to_regclass('public.seen')").fetchone() == (None,):
            return ""
        return ", ".join(what for (what,) in conn.execute("SELECT what FROM seen ORDER BY 1"))
