"""How far a scratch is, and what a verification has found, in the same words on every face."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from schemamig_tui.catalog.changes import Change
from schemamig_tui.catalog.render import render
from schemamig_tui.engine import describe
from schemamig_tui.scratch.comparison import SchemaComparison
from schemamig_tui.scratch.verified import SchemaVerification
from schemamig_tui.text import Styled, visible
from schemamig_tui.units import plural

_STYLES: dict[str, Literal["good", "bad"]] = {"+": "good", "-": "bad"}


def replaying(name: str, number: int, total: int) -> str:
    """Which migration runs on the scratch, its number and how many there are."""
    return f"On the scratch: {number:,} of {total:,}, {visible(name)}"


def verification_lines(found: SchemaVerification, directory: Path) -> Iterator[Styled]:
    """What has run and where, and each difference, or why there was nothing to compare."""
    replayed = found.replayed
    failed = replayed.failed
    count = plural(len(replayed.ran), "migration")
    ran = f"{count} ran from zero on {found.scratch}"
    if replayed.remembered:
        ran += " in an earlier run, which is remembered"
    if failed:
        name = visible(failed.name)
        yield "plain", f"{ran}, then {name} failed: the migrations do not run from zero"
        for line in describe(failed.failure, str(directory / failed.name)).splitlines():
            yield "plain", f"  {line}"
        if found.scratch_may_be_why:
            words = "The server of the scratch may be why: --scratch server has the database's own"
            yield "plain", f"  {words}"
        if replayed.not_run:
            yield "plain", f"  {plural(len(replayed.not_run), 'migration')} behind it did not run"
    if comparison := found.comparison:
        if comparison.differences:
            differences = plural(comparison.differences, "difference")
            yield "plain", f"{ran}. The database is not what they make: {differences}"
        else:
            yield "plain", f"{ran}. The database is what they make"
        yield from _compared(comparison)


def _compared(comparison: SchemaComparison) -> Iterator[Styled]:
    for title, changes in (
        ("In the database, and no migration makes it", comparison.unmade),
        ("Made by the migrations, and not in the database", comparison.lacking),
        ("Different (- as the migrations make it, + in the database)", comparison.differing),
    ):
        yield from _changes(title, changes)
    if comparison.reordered:
        yield "strong", "Columns in another order (which is no difference)"
    for one in comparison.reordered:
        yield "plain", f"  table {visible(one.table)}"
        yield "plain", f"    migrations: {visible(', '.join(one.made))}"
        yield "plain", f"    database:   {visible(', '.join(one.found))}"


def _changes(title: str, changes: tuple[Change, ...]) -> Iterator[Styled]:
    if changes:
        yield "strong", title
    for line in render(changes):
        text = f"  {'    ' * line.depth}{line.sign} {line.text}".rstrip()
        yield _STYLES.get(line.sign, "plain"), text
