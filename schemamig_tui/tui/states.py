"""What is said where something cannot be shown, or there is nothing to show."""

from schemamig_tui.errors import ConnectionFailed, FilesError, SchemamigError
from schemamig_tui.tui.lines import Line, body, indented, said

_RETRY: Line = (("strong", "r"), ("dim", " tries again   "), ("strong", "q"), ("dim", " quits"))


def connecting(route: str, waiting: str | None) -> list[Line]:
    """While a server is looked for; ``waiting`` is why it cannot be reached yet."""
    lines: list[Line] = [(("dim", "Looking for the database ..."),)]
    if route:
        lines.append((("plain", said(route)),))
    if waiting:
        lines += [(), (("warn", said(waiting)),)]
    return lines


def trouble(error: SchemamigError) -> list[Line]:
    """Why there is nothing to show, and the ways out."""
    title = "Not connected" if isinstance(error, ConnectionFailed) else "Nothing can be shown yet"
    lines: list[Line] = [(("bad", f"✗ {title}"),), ()]
    if isinstance(error, FilesError):
        lines.append((("dim", said(error.place)),))
    lines += [(("plain", line),) for line in body(error.message)]
    if error.hint:
        lines += [(), *((("plain", line),) for line in body(error.hint))]
    return [*lines, (), _RETRY]


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
