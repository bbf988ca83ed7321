"""What a run would do, as the dialogs list it before it is done."""

from collections.abc import Sequence

from schemamig_tui.engine.script import parse
from schemamig_tui.engine.status import Migration
from schemamig_tui.errors import FilesError
from schemamig_tui.tui.details import error_lines, script_lines
from schemamig_tui.tui.lines import Line, plural, said, size


def names(migrations: Sequence[Migration]) -> list[Line]:
    """The names alone, which are known at once."""
    return [_name(migration) for migration in migrations]


def plan(migrations: Sequence[Migration], *, standard_strings: bool) -> list[Line]:
    """How each of ``migrations`` would be run, or why it would be refused. Reads the files."""
    lines: list[Line] = []
    for migration in migrations:
        assert migration.file is not None  # see Status.to_run
        try:
            script = parse(migration.file, standard_conforming_strings=standard_strings)
            about = list(script_lines(script, migration.file.size))
            script.release()
        except FilesError as error:
            about = error_lines(error)
        lines += [_name(migration), *((("plain", "    "), *line) for line in about)]
    return lines


def total(migrations: Sequence[Migration]) -> Line:
    """How many, and how much."""
    count = sum(migration.file.size for migration in migrations if migration.file)
    return (("dim", f"{plural(len(migrations), 'migration')}, {size(count)}"),)


def _name(migration: Migration) -> Line:
    if migration.row is None:
        return (("warn", "• "), ("strong", said(migration.name)))
    return (("bad", "✗ "), ("strong", said(migration.name)), ("warn", "  failed before"))
