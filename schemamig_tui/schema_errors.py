"""Turns what keeps a schema from being read into errors that a user can see.

Whoever reads one uses it: a rehearsal, the documentation, what is done on a scratch database. It
takes the catalog's psycopg errors and the engine's rule of what a lost connection is, and these two
rooms do not know each other.
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
