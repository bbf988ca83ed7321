"""Makes the pages that stand in the place of a migration: connecting, error, empty folder."""

from datetime import datetime
from pathlib import Path

from schemamig_tui.errors import ConnectionFailed, FilesError, SchemamigError
from schemamig_tui.tui import clock
from schemamig_tui.tui.keys import key_of
from schemamig_tui.tui.lines import Line, body, indented, inline
from schemamig_tui.tui.looking import Absence
from schemamig_tui.units import duration

_FEW = 2  # lines of an error


def connecting(embedded: Path | None, route: str = "", waiting: str = "") -> list[Line]:
    """The page while the program connects, or starts the server of the folder ``embedded``.

    ``waiting`` is why the server cannot be reached yet.
    """
    lines: list[Line] = [(("dim", "Looking for the database ..."),)]
    if embedded and not route:
        lines = [
            (("dim", "Starting the embedded PostgreSQL ..."),),
            (("plain", inline(str(embedded))),),
        ]
        if not any(embedded.glob("pg*")):
            lines.append(
                (("plain", "Its data directory is made first, which takes some seconds."),)
            )
    if route:
        lines.append((("plain", inline(route)),))
    if waiting:
        lines += [(), (("warn", inline(waiting)),)]
    return lines


def error_page(error: SchemamigError, *, retried: bool) -> list[Line]:
    """The page of an error: what is wrong and the ways out.

    ``retried`` tells whether the program tries again by itself.
    """
    title = "Not connected" if isinstance(error, ConnectionFailed) else "Nothing can be shown yet"
    lines: list[Line] = [(("bad", f"✗ {title}"),), ()]
    if isinstance(error, FilesError):
        lines.append((("dim", inline(error.place)),))
    what: list[Line] = [(("plain", line),) for line in body(error.message)]
    hint: list[Line] = [(("plain", line),) for line in body(error.hint or "")]
    # Of many places that were tried, the way out must not be pushed below the end of the screen.
    shown = 1 if len(what) > _FEW else len(what)
    lines += what[:shown]
    lines += [(), *hint] if error.hint else []
    lines += [(), *what[shown:]] if what[shown:] else []
    note: Line = (("dim", "It is tried again by itself from time to time."),)
    retry: Line = (("strong", key_of("refresh")), ("dim", " tries again   "))
    leave: Line = (("strong", key_of("quit")), ("dim", " quits"))
    return [*lines, (), *([note] if retried else []), (*retry, *leave)]


def error_lines(error: SchemamigError) -> list[Line]:
    """An error as lines of the log."""
    lines = indented("bad", "✗", error.placed_message)
    return lines + indented("plain", "hint:", error.hint) if error.hint else lines


def outage(error: SchemamigError) -> str:
    """What cannot be while the screen shows what was found before the error."""
    return "Not connected" if isinstance(error, ConnectionFailed) else "Not up to date"


def outage_lines(error: SchemamigError, since: datetime) -> list[Line]:
    """An error as lines of the log, with the time ``since`` when nothing new could be shown."""
    title: Line = (("bad", f"✗ {outage(error)}"), ("dim", f"  since {clock.time_of(since)}"))
    return [title, *error_lines(error)]


def outage_over(absence: Absence) -> Line:
    """The line of the log that says that an outage is over."""
    what = "Connected" if absence.of_server else "Up to date"
    lasted = duration(absence.length.total_seconds() * 1000)
    when = f"  {clock.time_of(absence.ended)}, after {lasted}"
    return (("good", f"✓ {what} again"), ("dim", when))


def empty_folder(directory: str) -> list[Line]:
    """The page for a folder without migrations and an empty ledger."""
    return [
        (("strong", "No migration yet"),),
        (),
        (("plain", "Put a file such as "), ("accent", "0001_first.sql"), ("plain", " into")),
        (("plain", inline(directory)),),
        (),
        (("dim", "It shows up here by itself."),),
        (),
        (("strong", key_of("new")), ("dim", " writes one from the template")),
        (("strong", key_of("adopt")), ("dim", " takes over those of another tool")),
    ]
