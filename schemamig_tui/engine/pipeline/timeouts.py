"""Lifts timeouts of the role, which are meant for its migrations, from queries of our own."""

from collections.abc import Callable
from typing import Any, TypeVar

import psycopg
from psycopg import errors as pg_errors

Answer = TypeVar("Answer")


def without_statement_timeout(
    conn: psycopg.Connection[Any], question: Callable[[], Answer]
) -> Answer:
    """Ask on ``conn``; where the role's statement_timeout was too short, ask again without it.

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
