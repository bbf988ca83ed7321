"""Makes the lines of the tabs for one migration. It reads the file, so call it in a thread."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from schemamig_tui.engine import Migration, MigrationFile, Script, State, parse
from schemamig_tui.engine.ledger.left_off import LeftOff, left_off
from schemamig_tui.errors import FilesError
from schemamig_tui.sql.dialect import Dialect
from schemamig_tui.tui import clock
from schemamig_tui.tui.failures import failure_lines
from schemamig_tui.tui.keys import key_of
from schemamig_tui.tui.lines import Line, body, indented, inline
from schemamig_tui.tui.sql import numbered, read_sql
from schemamig_tui.units import plural, recorded, size

FINDINGS = "Findings"
TABS = ("SQL", "Plan", "Result", "Ledger", FINDINGS)

_MOST_PARSED = 8 * 1024 * 1024
_MOST_STATEMENTS = 2_000


@dataclass(frozen=True, slots=True)
class Details:
    """The lines of each tab, but for the findings; ``code`` are those of the file, in colour."""

    migration: Migration
    tabs: Mapping[str, Sequence[Line]]
    code: Sequence[Line]


def details(migration: Migration, *, dialect: Dialect, log: Sequence[Line], runs: bool) -> Details:
    """Read the file and make the lines of every tab.

    ``log`` are the lines of its last run, and ``runs`` is whether that is still on.
    """
    code: list[Line] = []
    file = migration.file
    if file is None:
        sql = [_hint("Its file is not in the folder; the ledger alone knows of it.")]
        plan = sql
    else:
        try:
            code, read = read_sql(file.path)
            sql = numbered(code) if read else [_hint("The file is empty.")]
            if read < file.size:
                more = f"... {size(file.size - read)} more: {key_of('edit')} opens the file"
                sql += [(), (("warn", more),)]
        except FilesError as error:
            sql = file_error_lines(error)
        plan = _plan(migration, dialect)
    return Details(
        migration,
        {
            "SQL": sql,
            "Plan": plan,
            "Result": _running(log) if runs else _result(migration, code, log),
            "Ledger": list(_ledger(migration)),
        },
        code,
    )


def file_error_lines(error: FilesError) -> list[Line]:
    """Why a file cannot be used."""
    lines: list[Line] = [(("dim", inline(error.place)),)]
    lines += indented("strong", "✗", error.message)
    if error.hint:
        lines += [(), *((("plain", line),) for line in body(error.hint))]
    return lines


def statement(file: MigrationFile, number: int) -> str | None:
    """The beginning of a statement, by its number from 0, on one line; None for a big file."""
    if file.size > _MOST_PARSED:
        return None
    try:
        script = parse(file)
        sql = script.sql(number)[:400] if number < len(script) else b""
        script.release()
    except FilesError:  # somebody is changing it
        return None
    return " ".join(sql.decode(errors="replace").split())


def script_lines(script: Script, migration: Migration) -> Iterator[Line]:
    """How a file is run: its mode and the reason, its size, where it resumes, its warnings.

    Raises FilesError where it cannot be read any more.
    """
    assert migration.file is not None
    mode = "warn" if script.mode == "no transaction" else "good"
    yield ((mode, script.mode.value), ("dim", f": {inline(script.reason)}"))
    yield (("plain", f"{plural(len(script), 'statement')}, {size(migration.file.size)}"),)
    if migration.written_since:
        yield (("warn", "! Recorded when it was empty: its statements have never been run"),)
    if left := left_off(migration.row, script):
        yield from left_off_lines(left, len(script))
    for warning in script.warnings:
        yield (("warn", f"! line {warning.line}: {inline(warning.message)}"),)


def left_off_lines(left: LeftOff, statements: int) -> Iterator[Line]:
    """Where a file of so many statements goes on, or why it cannot."""
    done = list(_done(left))
    if left.obstacle:
        yield (("bad", f"✗ Refused: {', and '.join([*done, inline(left.obstacle)])}"),)
        yield from indented("dim", "  hint:", left.way_out or "")
    else:
        where = f"statement {left.done + 1:,} of {statements:,}"
        yield (("accent", f"Goes on at {where}"), ("dim", f": {', and '.join(done)}"))


def _done(left: LeftOff) -> Iterator[str]:
    """What an earlier try has committed; where something is in the way, that tells of batches."""
    if left.done == 1:
        yield "its first statement is applied"
    elif left.done:
        yield f"its first {left.done:,} statements are applied"
    if left.checkpoint.batches and not left.obstacle:
        yield left.checkpoint.batches.people


def _plan(migration: Migration, dialect: Dialect) -> list[Line]:
    file = migration.file
    assert file is not None
    if file.size > _MOST_PARSED:
        return [
            _hint(f"{size(file.size)} take a while to read: {key_of('dry-run')} makes the plan.")
        ]
    try:
        script = parse(file, dialect)
    except FilesError as error:
        return file_error_lines(error)
    try:
        lines: list[Line] = [*script_lines(script, migration), ()]
        count = min(len(script), _MOST_STATEMENTS)
        digits, places = len(str(count)), len(str(script.line(count - 1))) if count else 0
        for i in range(count):
            first = script.sql(i)[:400].decode(errors="replace").partition("\n")[0]
            where = f"{i + 1:>{digits}}  line {script.line(i):<{places}}  "
            lines.append((("number", where), ("plain", inline(first))))
        if len(script) > count:
            lines.append(_hint(f"... and {len(script) - count:,} more"))
    except FilesError as error:
        return file_error_lines(error)
    finally:
        script.release()
    return lines


def _running(log: Sequence[Line]) -> list[Line]:
    what = _hint("The log below shows what it reports; here is its result when it is over.")
    return [(("accent", "▶ "), ("strong", "Running")), what, *([(), *log] if log else [])]


def _result(migration: Migration, code: Sequence[Line], log: Sequence[Line]) -> list[Line]:
    row = migration.row
    lines: list[Line]
    if migration.unwritten:
        lines = [_hint("Nothing is written in it yet, and until then it is not run.")]
    elif migration.has_nothing:
        lines = [_hint("Nothing is written in it: a run records it as applied and runs nothing.")]
    elif row is None or migration.written_since:
        apply, to_here = key_of("apply"), key_of("apply-to")
        what = f"{apply} applies all that is pending, {to_here} up to this one."
        lines = [_hint(f"No run is recorded yet: {what}")]
    elif migration.state is State.FAILED:
        message = row.error_message or "The ledger does not say why."
        lines = failure_lines(migration, message, code)
    elif migration.state is State.UNKNOWN:
        lines = [
            (("warn", "? The ledger does not say whether it was applied: its success is NULL"),),
            _hint("Nothing can be applied before its row says true or false."),
        ]
    else:
        took = f" in {recorded(row.execution_time_ms)}" if row.execution_time_ms is not None else ""
        lines = [(("good", "✓ "), ("strong", f"Applied {inline(clock.recorded_at(row))}{took}"))]
        if migration.changed:
            lines.append((("warn", "The file has changed since, and is not what was applied."),))
        if not log:
            lines += [(), _hint("Its NOTICEs and timings are kept while this program runs.")]
    return [*lines, *([(), *log] if log else [])]


def _ledger(migration: Migration) -> Iterator[Line]:
    row, file = migration.row, migration.file
    if row is None:
        yield _hint("The ledger has no row for it.")
    else:
        yield from _field("filename", row.filename)
        yield from _field(
            "applied_at", "NULL" if row.applied_at is None else clock.recorded_at(row, whole=True)
        )
        yield from _field("success", "NULL" if row.success is None else str(row.success).lower())
        ms = row.execution_time_ms
        yield from _field("execution_time_ms", "" if ms is None else str(ms))
        yield from _field("checksum", row.checksum or "")
        if row.error_message:
            yield from _field("error_message", row.error_message)
    if file is not None:
        yield ()
        yield from _field("file", str(file.path))
        yield from _field("size", size(file.size))
        yield from _field("MD5 of the file", file.checksum)
        if row is not None:
            differs = (("warn", "no: it has changed since"),)
            same = (("good", "yes"),)
            changed = migration.changed or migration.written_since
            yield (("label", f"{'same content':<18} "), *(differs if changed else same))


def _field(name: str, value: str) -> Iterator[Line]:
    for number, line in enumerate(body(value)):
        yield (("label", f"{name if number == 0 else '':<18} "), ("plain", line))


def _hint(text: str) -> Line:
    return (("dim", text),)
