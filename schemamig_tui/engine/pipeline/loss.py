"""When a connection counts as lost, and the sentence for that."""

import psycopg

from schemamig_tui.text import one_line

CONNECTION_FAILURE = "08006"
"""The SQLSTATE of a loss of which the server itself has said nothing."""

# Class 08 is connection exceptions; 57P01 to 57P05 are a server, a database or a session that is
# ended from outside (appendix A of the manual: admin_shutdown, crash_shutdown, cannot_connect_now,
# database_dropped, idle_session_timeout); 25P03 and 25P04 end the session of a transaction that was
# idle, or took too long.
_LOST = ("08", "57P", "25P03", "25P04")


def is_lost(sqlstate: str | None) -> bool:
    """Whether an error with this SQLSTATE means that the session is gone.

    None and the empty string stand for an error of libpq, which has no SQLSTATE: then it is.
    """
    return not sqlstate or sqlstate.startswith(_LOST)


def loss_message(error: psycopg.Error) -> str:
    """The sentence for a connection that was lost with this error."""
    return f"the connection was lost: {one_line(error)}"
