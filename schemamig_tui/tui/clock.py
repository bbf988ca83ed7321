"""The times on the screen: all of them in one zone, that of the database's session, and named.

The ledger has its times in the zone of the session that wrote them, and without its name; so the
zone of our own session is the one that both can be shown in.
"""

from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo

from schemamig_tui.engine import LedgerRow

_zone: tzinfo | None = None
"""None is the zone of this machine: before the first look, or where Python does not know the zone
by the name that the server has for it."""


def show_in(zone: str | None) -> None:
    """Show all times from now on in a zone, by the server's name for it."""
    global _zone  # there is one screen
    try:
        _zone = ZoneInfo(zone) if zone else None
    except (ValueError, OSError, KeyError):  # which a zone that is not found is
        _zone = None


def now() -> datetime:
    """The time of day, with its zone."""
    return datetime.now(_zone).astimezone(_zone)


def zone() -> str:
    """The name of the zone that all times are in."""
    return str(_zone or f"{now():%Z}")


def time_of(moment: datetime) -> str:
    """The time of day of a moment that has a zone, with the name of that."""
    return f"{moment:%H:%M:%S %Z}"


def recorded_at(row: LedgerRow, *, whole: bool = False) -> str:
    """When a row was written, to the second or as the ledger has it, with the name of the zone.

    What is no date for Python has no zone either: see ``LedgerRow``.
    """
    moment = row.applied_at
    if not isinstance(moment, datetime):
        return row.when
    return f"{moment if whole else row.when} {moment.replace(tzinfo=_zone).astimezone(_zone):%Z}"
