"""What git tells of migrations, for people."""

from collections.abc import Iterator

from schemamig_tui.authoring.against import BranchComparison, Problem
from schemamig_tui.authoring.drift import Drift
from schemamig_tui.engine import Migration
from schemamig_tui.headless.output import Output
from schemamig_tui.text import visible
from schemamig_tui.units import plural

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


def findings(compared: BranchComparison, out: Output) -> Iterator[str]:
    """One line for each file that is not as it should be, or one that all are."""
    ref = visible(compared.ref)
    new = plural(len(compared.new), "new migration")
    if not compared.findings:
        behind = f" behind {visible(compared.last)}" if compared.last and compared.new else ""
        yield f"In order: {new}{behind}, and none of {ref} has changed"
        return
    mark = out.paint("red", out.failed)
    for finding in compared.findings:
        yield f"  {mark} {visible(finding.name)}: {_words(finding.problem, compared)}"
    yield ""
    yield f"{plural(len(compared.findings), 'finding')} against {ref}, {new}"


def _words(problem: Problem, compared: BranchComparison) -> str:
    if problem is Problem.OUT_OF_ORDER:
        return f"sorts before {visible(compared.last or '')}, which {visible(compared.ref)} has"
    return f"{problem} since {visible(compared.ref)}"
