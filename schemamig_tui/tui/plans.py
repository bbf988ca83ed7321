"""Makes the lines of a plan for dialogs: a line for each file, and warnings below it.

Files that have something to say come first; the numbers tell in which order they run.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from schemamig_tui.advice.advice import Advice
from schemamig_tui.engine import Migration, Plan, PlannedFile, Selection, State, Status
from schemamig_tui.engine.events import Mode
from schemamig_tui.engine.ledger.checkpoint import read_checkpoint
from schemamig_tui.engine.ledger.warnings import history_warnings
from schemamig_tui.engine.run.plan import waits
from schemamig_tui.errors import FilesError, SchemamigError
from schemamig_tui.lint.finding import LintReport
from schemamig_tui.survey import Review
from schemamig_tui.text import cells, some_names
from schemamig_tui.tui.details import left_off_lines
from schemamig_tui.tui.finding_lines import planned_findings
from schemamig_tui.tui.lines import Line, Span, indented, inline, shortened
from schemamig_tui.units import plural, size

_SHORTEST_NAME = 24
_GAP = 2
_LOOKING: Line = (("dim", "Looking at the database ..."),)
_NO_FINDINGS = LintReport({})
_CLEAR: Line = (("good", "✓ "), ("dim", "Nothing in the database is in the way"))


def nothing_to_do(status: Status, selection: Selection) -> str:
    """Why there is nothing to run of what is chosen."""
    if selection.only is not None:
        one = status.by_name.get(selection.only)
        is_applied = one is not None and one.state is State.APPLIED
        return f"Nothing to do: this one is {'applied' if is_applied else 'not written yet'}"
    to = selection.to
    until = " up to this one" if to else ""
    left = [one for one in status.pending if to is None or one.name.encode() <= to.encode()]
    if left:
        pending = plural(len(left), "pending migration")
        return f"Nothing to do: {pending} not written yet{until}"
    return f"Nothing to do: no migration is pending{until}"


def hidden_lines(hidden: Sequence[str], filter: str) -> list[Line]:
    """The line that says which of the files to run the list does not show, because of a filter."""
    if not hidden:
        return []
    what = f"! The filter {inline(filter)} hides {inline(some_names(hidden))}, which would run too"
    return [(("warn", what),)]


def passed_over_lines(status: Status, selection: Selection) -> list[Line]:
    """The line that says what stays pending before the one file that is to run."""
    if selection.only is None:
        return []
    only = selection.only.encode()
    before = [one.name for one in status.to_run() if one.name.encode() < only]
    if not before:
        return []
    stay = "would stay as it is" if len(before) == 1 else "would stay as they are"
    return [(("warn", f"! Only this one: {inline(some_names(before))} before it {stay}"),)]


def goes_on(migrations: Sequence[Migration]) -> bool:
    """Whether an earlier try has committed statements or batches of one of them."""
    notes = [read_checkpoint(m.row.error_message) for m in migrations if m.row]
    return any(note and (note.statements or note.batches or note.unreadable) for note in notes)


def total(migrations: Sequence[Migration]) -> Line:
    """How many migrations there are, and their size."""
    count = sum(migration.file.size for migration in migrations if migration.file)
    return (("dim", f"{plural(len(migrations), 'migration')}, {size(count)}"),)


def names(migrations: Sequence[Migration]) -> Iterator[Line]:
    """The names of migrations whose plan is not known yet."""
    return ((("warn", "• "), ("strong", inline(migration.name))) for migration in migrations)


def changes(shown: Sequence[Migration], status: Status, now: Sequence[Migration]) -> list[str]:
    """How ``now`` differs from the plan that was ``shown``: sentences without a full stop."""
    known = status.by_name
    before, after = ({one.name: one for one in found} for found in (shown, now))
    found = []
    for name in before:
        one = known.get(name)
        if one is None or one.file is None:
            found.append(f"{name} is gone")
        elif one.file != before[name].file:
            found.append(f"{name} has changed")
        elif name not in after:
            found.append(f"{name} is not to be run any more")
        elif one.row != before[name].row:
            found.append(f"{name} has been tried")
    return found + [f"{name} has appeared" for name in after if name not in before]


def change_line(found: Sequence[str]) -> Line:
    """The line that takes a ``y`` back: what is not as it was when one was asked."""
    more = f"; and {len(found) - 3:,} more" if found[3:] else ""
    what = "; ".join(map(inline, found[:3]))
    return (("warn", f"! Changed since you saw the plan: {what}{more}"),)


def plan_lines(
    plan: Plan, review: Review | None, columns: int, findings: LintReport = _NO_FINDINGS
) -> list[Line]:
    """The lines of a plan for so many columns; without ``review`` the database is still asked."""
    refusals = review.refusals if review else plan.refusals
    files = list(_files(plan, review, refusals, findings))
    telling = [file for file in files if file.notes]
    others = [file for file in files if not file.notes]
    table = _Table(files, columns)
    history = [
        (("warn", f"! {inline(sentence)}"),) for sentence in history_warnings(plan.survey.status)
    ]
    about = _about_database(review) if plan.migrations else ()
    lines = [*_refused(refusals), total(plan.migrations), *history, *about, ()]
    for file in telling:
        lines += [table.row(file), *((("plain", "      "), *note) for note in file.notes)]
    if telling and others:
        lines.append(())
    lines += map(table.row, others)
    waiting = [inline(waits(name, reason)) for name, reason in plan.waiting.items()]
    return lines + [(("warn", f"! {sentence}"),) for sentence in waiting]


@dataclass(frozen=True, slots=True)
class _Row:
    """A file of the plan in the order of the run, from 1, with what one should know of it."""

    number: int
    migration: Migration
    planned: PlannedFile | None
    mark: Span
    notes: list[Line] = field(default_factory=list)


def _files(
    plan: Plan,
    review: Review | None,
    refusals: Iterable[SchemamigError],
    findings: LintReport,
) -> Iterator[_Row]:
    planned = {file.name: file for file in plan.files}
    refused = {error.path.name: error for error in refusals if isinstance(error, FilesError)}
    doubts = {error.path.name: error for error in plan.doubts}
    misplaced = _misplaced(plan.survey.status)
    advice: dict[str | None, list[Line]] = {}
    for one in review.advice if review else ():
        place = f"line {one.line}" if one.line else ""
        advice.setdefault(one.file, []).extend(_advice_lines(one, place))
    for number, migration in enumerate(plan.migrations, 1):
        name = migration.name
        file = planned.get(name)
        found = planned_findings(findings.of(name))
        notes = [*misplaced.get(name, ()), *_notes(migration, file), *advice.get(name, ()), *found]
        if error := refused.get(name) or doubts.get(name):
            notes = [*_error_lines(error, "✗" if name in refused else "!"), *notes]
        is_bad = name in refused or migration.state is State.FAILED
        mark = ("bad", "✗") if is_bad else ("warn", "•")
        yield _Row(number, migration, file, mark, notes)


def _misplaced(status: Status) -> dict[str, list[Line]]:
    """What is to be known of files that are late, or were applied under another name."""
    notes: dict[str, list[Line]] = {}
    for migration in status.renamed:
        old = inline(migration.recorded_as or "")
        notes[migration.name] = [(("warn", f"! Recorded as {old}: it would run again"),)]
    for migration in status.out_of_order:
        last = inline(status.last_applied.name if status.last_applied else "")
        note = f"! Sorted before {last}, which is applied"
        notes[migration.name] = [(("warn", note),)]
    return notes


def _error_lines(error: FilesError, mark: str) -> Iterator[Line]:
    """Why a file cannot be run, or cannot be read yet."""
    place = f"line {error.line}: " if error.line else ""
    yield from indented("bad" if mark == "✗" else "warn", mark, f"{place}{error.message}")
    if error.hint:
        yield from indented("plain", "  hint:", error.hint)


def _notes(migration: Migration, file: PlannedFile | None) -> Iterator[Line]:
    if migration.state is State.FAILED:
        yield (("warn", "failed before"),)
    if migration.written_since:
        yield (("warn", "! Recorded when it was empty: its statements have never been run"),)
    if file is None:
        return
    script = file.script
    if script.mode is Mode.NO_TRANSACTION:
        yield (("dim", inline(script.reason)),)
    if file.left_off:
        yield from left_off_lines(file.left_off, len(script))
    for warning in script.warnings:
        yield (("warn", f"! line {warning.line}: {inline(warning.message)}"),)


class _Table:
    """The columns of the files: number, name, mode, statements, size; as many as there is room."""

    def __init__(self, files: Sequence[_Row], columns: int) -> None:
        self._digits = len(str(len(files)))
        longest = max((cells(inline(file.migration.name)) for file in files), default=0)
        room = columns - self._digits - len(" • ")
        self._widths = [max(map(len, texts)) for texts in zip(*map(_facts, files), strict=True)]
        while len(self._widths) > 1 and self._left(room) < min(longest, _SHORTEST_NAME):
            self._widths.pop()
        self._name = max(8, min(longest, self._left(room)))

    def _left(self, room: int) -> int:
        return room - sum(width + _GAP for width in self._widths)

    def row(self, file: _Row) -> Line:
        """The line of a file."""
        name = shortened(inline(file.migration.name), self._name)
        spans: list[Span] = [
            ("number", f"{file.number:>{self._digits}} "),
            (file.mark[0], f"{file.mark[1]} "),
            ("strong", name + " " * (self._name - cells(name))),
        ]
        careful = file.planned is None or file.planned.mode is Mode.NO_TRANSACTION
        styles = ("warn" if careful else "dim", "dim", "dim")
        for text, width, style in zip(_facts(file), self._widths, styles, strict=False):
            aligned = text.ljust(width) if len(spans) == 3 else text.rjust(width)
            spans.append((style, " " * _GAP + aligned))
        return tuple(spans)


def _facts(file: _Row) -> tuple[str, str, str]:
    """How it is run, its statements, its size."""
    bytes_of_file = file.migration.file.size if file.migration.file else 0
    if file.planned is None:
        return "refused", "", size(bytes_of_file)
    count = plural(len(file.planned.script), "statement")
    return file.planned.mode.value, count, size(bytes_of_file)


def _refused(refusals: Sequence[SchemamigError]) -> Iterator[Line]:
    """Why nothing will run: the files by name, each of which says more below; the rest here."""
    if files := [error.path.name for error in refusals if isinstance(error, FilesError)]:
        what = f"✗ {some_names(files)} cannot be run: nothing will, until that is mended"
        yield (("bad", what),)
    for error in refusals:
        if not isinstance(error, FilesError):
            yield from indented("bad", "✗", error.message)
            if error.hint:
                yield from indented("plain", "  hint:", error.hint)


def _about_database(review: Review | None) -> Iterator[Line]:
    """What was found in the database, but for what a file has to say of it."""
    if review is None:
        yield _LOOKING
    elif review.unknown:
        yield (("warn", f"! The database could not be looked at: {inline(review.unknown)}"),)
    elif not review.advice:
        if all(isinstance(error, FilesError) for error in review.refusals):
            yield _CLEAR
    else:
        known = {migration.name for migration in review.plan.migrations}
        for one in review.advice:
            if one.file not in known:
                yield from _advice_lines(one, one.place)


def _advice_lines(one: Advice, place: str) -> Iterator[Line]:
    style, mark = ("warn", "!") if one.severity == "warning" else ("dim", "·")
    text = f"{place}: {one.message}" if place else one.message
    yield ((style, f"{mark} {inline(text)}"),)
    if one.hint:
        yield from indented("plain", "  hint:", one.hint)
