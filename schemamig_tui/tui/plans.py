"""Makes the lines of a plan, as the dialogs show it before a run."""

import contextlib
from collections.abc import Iterator, Sequence

import psycopg

from schemamig_tui.engine import Connect, Migration, Script, State, Status, parse
from schemamig_tui.engine.ledger.checkpoint import read_checkpoint
from schemamig_tui.engine.script.script import read_again
from schemamig_tui.errors import ConnectionFailed, FilesError
from schemamig_tui.text import one_line
from schemamig_tui.tui.details import file_error_lines, script_lines
from schemamig_tui.tui.lines import Line, indented, inline
from schemamig_tui.units import plural, size


def nothing_to_do(status: Status, to: str | None) -> str:
    """Why there is nothing to run up to the migration ``to``."""
    until = " up to this one" if to else ""
    if unwritten := status.unwritten(to):
        pending = plural(len(unwritten), "pending migration")
        return f"Nothing to do: {pending} not written yet{until}"
    return f"Nothing to do: no migration is pending{until}"


def total(migrations: Sequence[Migration]) -> Line:
    """How many migrations there are, and their size."""
    count = sum(migration.file.size for migration in migrations if migration.file)
    return (("dim", f"{plural(len(migrations), 'migration')}, {size(count)}"),)


def names(migrations: Sequence[Migration]) -> list[Line]:
    """The names of migrations whose plan is not known yet."""
    return [_name(migration) for migration in migrations]


def refusal(count: int) -> Line:
    """The line that says that ``count`` files cannot be run, so nothing will be."""
    what = f"✗ {plural(count, 'file')} cannot be run: nothing will, until that is mended"
    return (("bad", what),)


def plan(migrations: Sequence[Migration], *, standard_strings: bool) -> tuple[list[Line], int]:
    """How each of ``migrations`` would be run, or why it would be refused. Reads the files.

    Returns the lines, and how many files would be refused.
    """
    lines: list[Line] = []
    refused = 0
    changer: str | None = None
    for migration in migrations:
        assert migration.file is not None  # see Status.to_run
        try:
            script = parse(migration.file, standard_conforming_strings=standard_strings)
            about = list(script_lines(script, migration))
            if script.changes_reading:
                changer = migration.name
            script.release()
        except FilesError as error:
            about = file_error_lines(error)
            if changer:
                about.append((("dim", inline(read_again(changer))),))
            else:
                refused += 1
        lines += [_name(migration), *((("plain", "    "), *line) for line in about)]
    return lines, refused


def advice(
    migrations: Sequence[Migration], connect: Connect, *, standard_strings: bool
) -> list[Line]:
    """The lines of the advice on a run. Reads the files and asks the server."""
    from schemamig_tui.advice.preflight import preflight

    try:
        with contextlib.closing(connect()) as conn:
            found = preflight(conn, _scripts(migrations, standard_strings))
    except (ConnectionFailed, psycopg.Error) as error:
        reason = inline(one_line(error))
        return [(("warn", f"! The database could not be looked at: {reason}"),)]
    if not found:
        return [(("good", "✓ "), ("dim", "Nothing in the database is in the way"))]
    lines: list[Line] = []
    for one in found:
        style, mark = ("warn", "!") if one.severity == "warning" else ("dim", "·")
        place = f"{one.place}: " if one.place else ""
        lines.append(((style, f"{mark} {inline(place + one.message)}"),))
        if one.hint:
            lines += indented("plain", "  hint:", one.hint)
    return lines


def goes_on(migrations: Sequence[Migration]) -> bool:
    """Whether one of them has statements that an earlier try has committed."""
    notes = [read_checkpoint(m.row.error_message) for m in migrations if m.row]
    return any(note is not None and note.statements for note in notes)


def _scripts(migrations: Sequence[Migration], standard_strings: bool) -> Iterator[Script]:
    for migration in migrations:
        assert migration.file is not None
        with contextlib.suppress(FilesError):  # the plan says what is wrong with it
            script = parse(migration.file, standard_conforming_strings=standard_strings)
            yield script
            script.release()


def _name(migration: Migration) -> Line:
    if migration.state is not State.FAILED:
        return (("warn", "• "), ("strong", inline(migration.name)))
    return (("bad", "✗ "), ("strong", inline(migration.name)), ("warn", "  failed before"))
