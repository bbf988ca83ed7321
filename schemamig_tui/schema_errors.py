"""Turns what keeps a schema from being read into errors that a user can see.

All who read a schema use it: a rehearsal, the documentation, and work on a scratch database. It
combines psycopg's errors in the catalog with the engine's rule for a lost connection; it stands
here because ``catalog`` and ``engine`` do not import each other.
"""

import contextlib
from collections.abc import Iterator

import psycopg
from psycopg.errors import LockNotAvailable

from schemamig_tui.engine.pipeline.loss import ends_session, loss_message
from schemamig_tui.errors import ConnectionLost, LockTimeout, SchemamigError
from schemamig_tui.text import one_line


@contextlib.contextmanager
def schema_errors() -> Iterator[None]:
    """Raise LockTimeout, ConnectionLost or SchemamigError in the place of a psycopg.Error."""
    try:
        yield
    except LockNotAvailable as error:
        raise LockTimeout(
            "the schema cannot be read: another session holds a table exclusively",
            hint="wait until that session is done, or end it",
        ) from error
    except psycopg.Error as error:
        if ends_session(error):
            raise ConnectionLost(loss_message(error)) from error
        raise SchemamigError(f"the schema cannot be read: {one_line(error)}") from error
