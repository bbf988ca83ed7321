"""The lines that say which database it is: in the header, in dialogs, in the log."""

from schemamig_tui.connect import Identity
from schemamig_tui.tui.lines import Line, inline, shortened, width

_SHORTEST_ADDRESS = 8


def database_line(database: Identity, columns: int) -> Line:
    """As much of a database's identity as ``columns`` have room for.

    What set it and which version it is go first, then the role, then the middle of the address.
    The name of the database is cut only where it alone is too long.
    """
    name = ("strong", inline(database.database))
    address = inline(database.address)
    rest: list[tuple[str, str]] = [
        ("plain", f"  as {inline(database.who)}"),
        ("dim", f"  PostgreSQL {inline(database.version)}"),
        ("dim", f"  {inline(database.location.source)}"),
    ]
    while rest:
        line = (name, ("accent", f"  {address}"), *rest)
        if width(line) <= columns:
            return line
        rest.pop()
    room = columns - width((name,)) - 2
    if room < min(_SHORTEST_ADDRESS, len(address)):
        return (("strong", shortened(name[1], columns)),)
    return (name, ("accent", f"  {shortened(address, room)}"))


def database_log_line(database: Identity) -> Line:
    """All of it, for the log."""
    return (("dim", "Database: "), ("plain", inline(str(database))))
