"""Messages of the server that are no errors, as values."""

from psycopg.errors import Diagnostic
from psycopg.pq.abc import PGresult

from schemamig_tui.engine.events import Notice
from schemamig_tui.severity import severity_of


def notice_of(result: PGresult, encoding: str) -> Notice:
    """The message as a value: libpq frees its result as soon as it has been handled.

    ``encoding`` is the Python name of the client encoding.
    """
    diagnostic = Diagnostic(result, encoding=encoding)
    return Notice(
        severity=severity_of(diagnostic) or "NOTICE",
        sqlstate=diagnostic.sqlstate or "",
        message=diagnostic.message_primary or "",
        detail=diagnostic.message_detail,
        hint=diagnostic.message_hint,
        context=diagnostic.context,
    )
