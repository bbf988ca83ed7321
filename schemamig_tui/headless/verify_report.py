"""What a verification has found, for people."""

from collections.abc import Iterator
from pathlib import Path

from schemamig_tui.catalog.changes import Change, Line
from schemamig_tui.catalog.render import render
from schemamig_tui.engine import describe
from schemamig_tui.headless.output import Output
from schemamig_tui.scratch.comparison import SchemaComparison
from schemamig_tui.text import visible
from schemamig_tui.units import plural
from schemamig_tui.verification import SchemaVerification

_COLORS = {"+": "green", "-": "red"}


def verification_lines(found: SchemaVerification, directory: Path, out: Output) -> Iterator[str]:
    """What has run and where, and each difference, or why there was nothing to compare."""
    replayed = found.replayed
    failed = replayed.failed
    count = plural(len(replayed.ran), "migration")
    ran = f"{count} ran from zero on {found.scratch}"
    if failed:
        name = visible(failed.name)
        yield f"{ran}, then {name} failed: the migrations do not run from zero"
        for line in describe(failed.failure, str(directory / failed.name)).splitlines():
            yield f"  {line}"
        if found.scratch_may_be_why:
            yield "  The server of the scratch may be why: --scratch server has the database's own"
        if replayed.not_run:
            yield f"  {plural(len(replayed.not_run), 'migration')} behind it did not run"
    if comparison := found.comparison:
        if comparison.differences:
            differences = plural(comparison.differences, "difference")
            yield f"{ran}. The database is not what they make: {differences}"
        else:
            yield f"{ran}. The database is what they make"
        yield from _compared(comparison, out)


def _compared(comparison: SchemaComparison, out: Output) -> Iterator[str]:
    for title, changes in (
        ("In the database, and no migration makes it", comparison.unmade),
        ("Made by the migrations, and not in the database", comparison.lacking),
        ("Different (- as the migrations make it, + in the database)", comparison.differing),
    ):
        yield from _changes(title, changes, out)
    if comparison.reordered:
        yield out.paint("bold", "Columns in another order (which is no difference)")
    for one in comparison.reordered:
        yield f"  table {visible(one.table)}"
        yield f"    migrations: {visible(', '.join(one.made))}"
        yield f"    database:   {visible(', '.join(one.found))}"


def _changes(title: str, changes: tuple[Change, ...], out: Output) -> Iterator[str]:
    if changes:
        yield out.paint("bold", title)
    for line in render(changes):
        yield f"  {_line(line, out)}".rstrip()


def _line(line: Line, out: Output) -> str:
    text = f"{'    ' * line.depth}{line.sign} {line.text}".rstrip()
    color = _COLORS.get(line.sign)
    return out.paint(color, text) if color else text
