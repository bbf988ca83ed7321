"""What is said where something cannot be shown, or there is nothing to show."""

from pathlib import Path

from schemamig_tui.errors import ConnectionFailed, FilesError, SchemamigError
from schemamig_tui.tui.lines import Line, body, indented, said

_RETRY: Line = (("strong", "r"), ("dim", " tries again   "), ("strong", "q"), ("dim", " quits"))


def connecting(embedded: Path | None, route: str = "", waiting: str = "") -> list[Line]:
    """While a server is looked for, or that of the folder ``embedded`` started.

    ``waiting`` is why it cannot be reached yet.
    """
    lines: list[Line] = [(("dim", "Looking for the database ..."),)]
    if embedded and not route:
        lines = [
            (("dim", "Starting the embedded PostgreSQL ..."),),
            (("plain", said(str(embedded))),),
        ]
        if not any(embedded.glob("pg*")):
            lines.append(
                (("plain", "Its data directory is made first, which takes some seconds."),)
            )
    if route:
        lines.append((("plain", said(route)),))
    if waiting:
        lines += [(), (("warn", said(waiting)),)]
    return lines


def trouble(error: SchemamigError, *, retried: bool) -> list[Line]:
    """Why there is nothing to show, and the ways out. ``retried``: it is tried again by itself."""
    title = "Not connected" if isinstance(error, ConnectionFailed) else "Nothing can be shown yet"
    lines: list[Line] = [(("bad", f"✗ {title}"),), ()]
    if isinstance(error, FilesError):
        lines.append((("dim", said(error.place)),))
    lines += [(("plain", line),) for line in body(error.message)]
    if error.hint:
        lines += [(), *((("plain", line),) for line in body(error.hint))]
    note: Line = (("dim", "It is tried again by itself from time to time."),)
    return [*lines, (), *([note] if retried else []), _RETRY]


def complaint(error: SchemamigError) -> list[Line]:
    """An error for the log."""
    place = f"{error.place}: " if isinstance(error, FilesError) else ""
    lines = indented("bad", "✗", f"{place}{error.message}")
    return lines + indented("plain", "hint:", error.hint) if error.hint else lines


def empty_folder(directory: str) -> list[Line]:
    """When there is neither a file nor a row."""
    return [
        (("strong", "No migration yet"),),
        (),
        (("plain", "Put a file such as "), ("accent", "0001_first.sql"), ("plain", " into")),
        (("plain", said(directory)),),
        (),
        (("dim", "It shows up here by itself."),),
    ]
