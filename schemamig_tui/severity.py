"""How bad an error of the server is, in the words that it has for that in any language."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from psycopg.errors import Diagnostic

FATAL = "FATAL"
"""The severity of an error that has ended the session."""


def severity_of(diagnostic: "Diagnostic") -> str | None:
    """Its severity in English, as a server has it from 9.6 on; PgBouncer speaks nothing else.

    None: it is an error of libpq, which has none.
    """
    return diagnostic.severity_nonlocalized or diagnostic.severity


def is_fatal(severity: str | None) -> bool:
    """Whether the server has ended the session with an error of this severity.

    FATAL and PANIC mean that, whatever the SQLSTATE (table 20.2 of the manual); and the SQLSTATE
    alone says nothing, as dblink raises 08006, and RAISE whatever it likes, in a session that goes
    on.
    """
    return severity in (FATAL, "PANIC")
