"""Decides when a connection counts as lost, and says so in a sentence."""

import contextlib
import re
from collections.abc import Iterator

import psycopg
from psycopg import errors as pg_errors

from schemamig_tui.errors import ConnectionLost, LockTimeout, RightsMissing, SchemamigError
from schemamig_tui.severity import is_fatal, severity_of
from schemamig_tui.text import one_line
from schemamig_tui.units import lasting

LOST = "the connection was lost: {}"
"""What is said of a connection that was lost, with the reason."""
CONNECTION_FAILURE = "08006"
"""The SQLSTATE of a loss of which the server itself has said nothing."""


def is_lost(severity: str | None) -> bool:
    """Whether an error of this severity means that the session is gone.

    That is so where the server has ended it, and after an error of libpq, which has no severity.
    """
    return severity is None or is_fatal(severity)


def ends_session(error: psycopg.Error) -> bool:
    """Whether the session in which ``error`` was met is gone."""
    return is_lost(severity_of(error.diag))


def server_refused(message: str) -> bool:
    """Whether it was a server, and not the network, that refused a connection with this message.

    libpq gives no SQLSTATE then, and the severity is in the server's language: FATAL, ВАЖНО.
    """
    return _SERVER_WORDS.search(message) is not None


# ``%s:  %s``, severity and message, as in pqGetErrorNotice3 of fe-protocol3.c.
_SERVER_WORDS = re.compile(r"failed: \w+:  ")


class CancelUnconfirmed(psycopg.OperationalError):
    """The server has been asked to cancel, and has not said within ``seconds`` that it has."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"the server has not confirmed the cancellation within {lasting(seconds)}")


def loss_message(error: psycopg.Error) -> str:
    """The sentence for a connection that was lost with this error."""
    return LOST.format(one_line(error))


@contextlib.contextmanager
def losses_as_errors() -> Iterator[None]:
    """Raise errors of ours for psycopg's, outside of a pipeline, where nothing is half done."""
    try:
        yield
    except psycopg.OperationalError as error:
        if isinstance(error, pg_errors.LockNotAvailable):
            raise LockTimeout(f"the ledger could not be read: {one_line(error)}") from error
        if ends_session(error):
            raise ConnectionLost(loss_message(error)) from error
        raise SchemamigError(
            f"the server refused what it was asked for: {one_line(error)}"
        ) from error
    except pg_errors.InsufficientPrivilege as error:
        raise RightsMissing(
            f"the role may not ask what a run has to know: {one_line(error)}",
            hint="PostgreSQL grants that to everybody, and somebody has revoked it: grant it to"
            " the role, or connect as another one",
        ) from error
