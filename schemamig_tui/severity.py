"""Reads the severity of a server's message, whatever language the server speaks."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from psycopg.errors import Diagnostic

FATAL = "FATAL"
"""The severity of an error that has ended the session."""


def severity_of(diagnostic: "Diagnostic") -> str | None:
    """The severity in English, which servers send from 9.6 on; PgBouncer has no other language.

    None for an error of libpq, which has no severity.
    """
    return diagnostic.severity_nonlocalized or diagnostic.severity


def is_fatal(severity: str | None) -> bool:
    """Whether an error of this severity means that the server has ended the session.

    FATAL and PANIC do, whatever the SQLSTATE (table 20.2 of the manual). The SQLSTATE alone says
    nothing: dblink raises 08006, and RAISE any other, in a session that goes on.
    """
    return severity in (FATAL, "PANIC")
