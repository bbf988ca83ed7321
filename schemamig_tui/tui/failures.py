"""Reads the failure that the ledger's error_message records, and shows it with its source.

The engine writes the form of ``engine.run.failure.describe``. Other tools, and the original
system, wrote the driver's message as it was; then all of it is the message here.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from psycopg import errors as pg_errors

from schemamig_tui.engine import Migration
from schemamig_tui.engine.ledger.checkpoint import read_checkpoint
from schemamig_tui.engine.wording import kept
from schemamig_tui.tui import clock
from schemamig_tui.tui.keys import key_of
from schemamig_tui.tui.lines import Line, body, indented, inline
from schemamig_tui.units import recorded

_FIRST = re.compile(r"([A-Z]+)(?: ([0-9A-Z]{5}))?: (.*)", re.S)
_PLACE = re.compile(r".*?:(\d+)(?::(\d+))?")
_TITLE = re.compile(r"(DETAIL|HINT|CONTEXT|Statements done): ")
_MARGIN = 4  # of the source line and its caret
_AROUND = 3
_FARTHEST_CARET = 60


@dataclass(frozen=True, slots=True)
class RecordedFailure:
    """A failure as the ledger records it.

    ``caret`` is how many columns of ``source`` stand before the place of the error.
    """

    message: str
    severity: str = "ERROR"
    sqlstate: str | None = None
    place: str | None = None
    line: int = 0
    source: str | None = None
    caret: int | None = None
    sections: tuple[tuple[str, str], ...] = ()


def read_failure(text: str) -> RecordedFailure:
    """The failure in an ``error_message``; all of it is the message where it has no such form."""
    head, sections = _sections(text)
    rest: list[str] = []
    for number, line in enumerate(head):
        if number and _PLACE.fullmatch(line):
            head, rest = head[:number], head[number:]
            break
    first = _FIRST.fullmatch("\n".join(head))
    if first is None:
        return RecordedFailure(text)
    severity, sqlstate, message = first.groups()
    if not rest:
        return RecordedFailure(message, severity, sqlstate, sections=sections)
    found = _PLACE.fullmatch(rest[0])
    assert found is not None
    caret = rest[2].find("^") - _MARGIN if len(rest) > 2 else None
    source = rest[1][_MARGIN:] if len(rest) > 1 else None
    return RecordedFailure(
        message, severity, sqlstate, rest[0], int(found[1]), source, caret, sections
    )


def _sections(text: str) -> tuple[list[str], tuple[tuple[str, str], ...]]:
    """The lines before the first title, and what is behind each title."""
    head: list[str] = []
    sections: list[list[str]] = []
    for line in text.split("\n"):
        if found := _TITLE.match(line):
            sections.append([found[1], line[found.end() :]])
        elif sections:
            sections[-1][1] += f"\n{line}"
        else:
            head.append(line)
    return head, tuple((title, rest) for title, rest in sections)


def failure_lines(migration: Migration, message: str, code: Sequence[Line]) -> list[Line]:
    """All lines about a failure. ``code`` are the lines of the file as it is now."""
    failure = read_failure(message)
    lines = [*_headline(failure), *((("strong", line),) for line in body(failure.message)), ()]
    if failure.place:
        lines += [(("dim", inline(failure.place)),)]
        lines += _excerpt(failure, code if not migration.changed else ())
        lines += [()]
    for title, text in failure.sections:
        if title in ("DETAIL", "HINT", "CONTEXT"):
            lines += indented("plain", title, text)
    return [*lines, *([()] if lines[-1] else []), *_circumstances(migration)]


def _headline(failure: RecordedFailure) -> Iterator[Line]:
    if failure.sqlstate is None:
        yield (("bad", f"✗ {failure.severity}"),)
        return
    try:
        name = pg_errors.lookup(failure.sqlstate).__name__
    except KeyError:  # one that an extension or RAISE has made up
        name = ""
    yield (("bad", f"✗ {failure.severity} {failure.sqlstate}"), ("dim", f"  {name}"))


def _excerpt(failure: RecordedFailure, code: Sequence[Line]) -> Iterator[Line]:
    """The line of the error with a caret, among its neighbours if the file has not changed."""
    source = failure.source or ""
    trusted = 0 < failure.line <= len(code) and not source.startswith("...")
    far = (failure.caret or 0) > _FARTHEST_CARET
    if trusted and not far:
        first = max(1, failure.line - _AROUND)
        shown = list(code[first - 1 : failure.line + _AROUND])
    else:
        first, shown = failure.line, [(("plain", inline(source)),)]
    shift = failure.caret - _FARTHEST_CARET // 2 if far and failure.caret else 0
    digits = len(str(first + len(shown)))
    for number, line in enumerate(shown, first):
        at_fault = number == failure.line
        if shift:
            line = (("dim", "…"), ("plain", inline(source)[shift + 1 :]))
        yield (("number", f"{'▶' if at_fault else ' '}{number:>{digits}} │ "), *line)
        if at_fault and failure.caret is not None:
            gap = " " * (failure.caret - shift)
            yield (("number", f" {' ' * digits} │ {gap}"), ("bad", "^"))


def _circumstances(migration: Migration) -> Iterator[Line]:
    row = migration.row
    if row is None:
        return
    took = f", after {recorded(row.execution_time_ms)}" if row.execution_time_ms else ""
    yield (("dim", f"Failed {inline(clock.recorded_at(row))}{took}"),)
    done = read_checkpoint(row.error_message)
    if done and done.statements:
        yield (("warn", f"{kept(done.statements)}: a retry goes on from there"),)
    if done and done.batches:
        batches = done.batches.people
        yield (("warn", f"Its batches stay applied, {batches}: a retry goes on from there"),)
    if migration.missing:
        yield (("warn", "Its file is missing: put it back to retry it"),)
    elif migration.changed:
        changed = "The file has changed since: "
        yield (("good", changed), ("strong", key_of("apply")), ("good", " retries it"))
    else:
        edit = (("strong", key_of("edit")), ("dim", " edits it, "))
        retry = (("strong", key_of("apply")), ("dim", " retries it"))
        yield (("dim", "The file is as it was: "), *edit, *retry)
