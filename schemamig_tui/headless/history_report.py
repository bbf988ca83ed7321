"""Reports differences between migrations and versions in git, for people."""

from collections.abc import Iterator

from schemamig_tui.authoring.drift import Drift
from schemamig_tui.engine import Migration
from schemamig_tui.headless.output import Output
from schemamig_tui.text import visible

_COLORS = {"+": "green", "-": "red"}


def diff_lines(migration: Migration, drift: Drift | None, out: Output) -> Iterator[str]:
    """The commits, and a unified diff."""
    name = visible(migration.name)
    when = f" ({visible(migration.row.when)})" if migration.row else ""
    if drift is None:
        yield f"{name} is as it was applied{when}, but for line ends at most."
        return
    yield f"{name} has changed since it was applied{when}."
    yield from (f"  {sentence}" for sentence in drift.sentences())
    yield ""
    for line in drift.lines():
        color = _COLORS.get(line[:1])
        yield out.paint(color, line) if color else line
