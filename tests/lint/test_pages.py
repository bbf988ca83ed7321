"""The page of each rule shows what linting and a rehearsal really find in its two scripts.

``UPDATE_PAGES=1`` writes the pages anew; look at the difference before you commit.
"""

import io
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from schemamig_tui.engine import parse, scan
from schemamig_tui.errors import SettingsError
from schemamig_tui.headless.output import Output
from schemamig_tui.headless.rehearsal_report import RehearsalReport
from schemamig_tui.lint import silence
from schemamig_tui.lint.finding import LintFinding
from schemamig_tui.lint.lint import RULES, lint
from schemamig_tui.lint.page import PAGES, page, squawk_link
from schemamig_tui.rehearsal.rehearsal import Rehearsal
from tests import tools
from tests.conftest import Database
from tests.engine.conftest import LEDGER, Workshop
from tests.lint.examples import OF_SQUAWK, OURS, SETUP, TABLES, Example

ALL = {**OURS, **OF_SQUAWK}
_VARIES = re.compile(r"(,| in| for| after) <?[\d.]+m?s\b|(?<= changed) in .*")


@pytest.fixture
def workshop(tmp_path: Path, database: Database) -> Workshop:
    """A folder for the scripts, and a database to rehearse them on."""
    return Workshop(tmp_path, database)


def test_each_of_our_rules_has_a_page() -> None:
    own = {*RULES, *(rule.name for rule in silence.RULES)}
    assert own == OURS.keys()
    assert {path.stem for path in PAGES.glob("*.txt")} == ALL.keys()


@pytest.mark.postgres(min=18)  # whose behaviour the pages show
def test_a_page_shows_what_really_happens(workshop: Workshop) -> None:
    is_update = bool(os.environ.get("UPDATE_PAGES"))
    for rule in [*ALL] if is_update else tools.all_in_ci([*ALL], 3):
        text = "\n".join([*made_page(workshop, rule, ALL[rule]), ""])
        if is_update:
            (PAGES / f"{rule}.txt").write_text(text, encoding="utf-8")
        assert page(rule) == text


def test_a_rule_without_a_page_is_said_with_the_one_that_was_meant() -> None:
    with pytest.raises(SettingsError, match="there is no page on 'drop-tabel'") as caught:
        page("drop-tabel")
    assert caught.value.hint == "Did you mean drop-table?"
    with pytest.raises(SettingsError, match=r"there is no page on '\\\\xFF'"):
        page("\udcff")


def made_page(workshop: Workshop, rule: str, example: Example) -> Iterator[str]:
    """The lines of a page. Asserts that the rule finds the unsafe script, and not the safer one."""
    unsafe = Tried(workshop, example.setup, example.unsafe)
    safer = Tried(workshop, example.setup, example.safer)
    found = unsafe.findings(rule)
    assert found, rule
    assert not safer.findings(rule), rule
    yield rule
    yield ""
    yield from _head(rule, found[0])
    yield ""
    yield f"Tried on the tables {TABLES}{example.note and f'; {example.note}'}."
    for title, tried in (("Unsafe", unsafe), ("Safer", safer)):
        yield ""
        yield title
        yield from tried.lines()


def _head(rule: str, found: LintFinding) -> Iterator[str]:
    what = RULES[rule].what if rule in RULES else found.message
    yield f"{what[0].upper()}{what[1:]}."
    if found.safer:
        yield ""
        yield f"Safer: {found.safer}."
    if rule in OF_SQUAWK:
        yield ""
        yield f"A rule of squawk: {squawk_link(rule)}"


class Tried:
    """A script of one or several files, each time on a database as good as new."""

    def __init__(self, workshop: Workshop, setup: str, files: tuple[str, ...]) -> None:
        self._workshop, self._setup, self._files = workshop, setup, files

    def findings(self, rule: str) -> list[LintFinding]:
        """What a rule finds in it."""
        self._write()
        scripts = [parse(file) for file in scan(self._workshop.folder)]
        with self._workshop.connect() as conn:
            return [one for one in lint(scripts, conn).findings if one.rule == rule]

    def lines(self) -> Iterator[str]:
        """The script, and what its rehearsal reports, but for times."""
        for number, text in enumerate(self._files):
            yield from (["", "  and in a later file"] if number else [])
            yield ""
            yield from (f"    {line}" for line in text.splitlines())
        yield ""
        yield "  A rehearsal shows"
        yield ""
        yield from (f"    {line}" for line in self._rehearsed())

    def _rehearsed(self) -> Iterator[str]:
        self._write()
        report = io.StringIO()
        connect, folder = self._workshop.connect, self._workshop.folder
        errors = io.StringIO()
        listener = RehearsalReport(Output(report), Output(errors), folder, None)
        finished = Rehearsal(connect, folder, LEDGER, listener).rehearse_pending()
        files = report.getvalue().partition("\n\n")[2].partition("Rehearsal Summary")[0]
        for line in files.rstrip().splitlines():
            if not line.startswith("  Rehearsing: ") or len(self._files) > 1:
                yield _VARIES.sub("", line.removeprefix("  "))
        if finished.failed:
            yield next(line for line in errors.getvalue().splitlines() if "ERROR" in line)

    def _write(self) -> None:
        with self._workshop.connect() as conn:
            conn.execute(f"{SETUP}{self._setup}".encode())
        for path in self._workshop.folder.glob("*.sql"):
            path.unlink()
        for number, text in enumerate(self._files, 1):
            self._workshop.write(f"{number}.sql", f"{text}\n")
