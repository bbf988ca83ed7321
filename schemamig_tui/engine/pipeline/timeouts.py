"""Timeouts of the role, which are meant for its migrations and not for what we do ourselves."""

from collections.abc import Callable
from typing import Any, TypeVar

import psycopg
from psycopg import errors as pg_errors

Answer = TypeVar("Answer")


def without_statement_timeout(
    conn: psycopg.Connection[Any], question: Callable[[], Answer]
) -> Answer:
    """Ask on ``conn``, and once more without the role's statement_timeout where that was too short.

    The role's own is back afterwards. No transaction may be open. Raises what ``question`` raises.
    """
    try:
        return question()
    except pg_errors.QueryCanceled:
        conn.execute("SET statement_timeout = 0")
        try:
            return question()
        finally:
            if not conn.closed:
                conn.execute("RESET statement_timeout")
