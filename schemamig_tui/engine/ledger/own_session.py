"""The session that our own statements run in, whatever the migration has set.

The queries are for the transaction that our statements are in: when that ends, the settings of the
file are back.
"""

# Every row of the ledger is seen, or the server says that it cannot be; and a timeout of a
# millisecond, which the file may have set, or the role, is not meant for us.
_FOR_US = {"row_security": "off", "statement_timeout": "0"}

AFTER_RESET = tuple(f"SET LOCAL {name} = {value}".encode() for name, value in _FOR_US.items())
"""Behind the resets of ``pipeline.session``, which have brought back the rest."""

LAZILY = b"SET LOCAL synchronous_commit = off"
"""The commit need not be flushed: a later one of the run flushes them all."""

# Of these we need what the session has started with (ALTER ROLE ... SET, PGOPTIONS): who writes, in
# which time zone applied_at is, and what a trigger of the ledger finds.
_AS_AT_THE_START = ("role", "TimeZone", "search_path")


def set_local(name: str, value: str | None) -> str:
    """An expression for ``SET LOCAL name = value``, with None ``SET LOCAL name TO DEFAULT``.

    That gives what RESET would give, and unlike RESET ROLE it ends with the transaction.
    """
    quoted = "NULL" if value is None else f"'{value}'"
    return f"pg_catalog.set_config('{name}', {quoted}, true)"


NO_TRANSACTION_TIMEOUT = (
    "CASE WHEN pg_catalog.current_setting('transaction_timeout', true) IS NOT NULL"
    " THEN pg_catalog.set_config('transaction_timeout', '0', true) END"
)
"""An expression; the setting is of PostgreSQL 17."""

IN_MID_FILE = (
    *(
        set_local(name, value)
        for name, value in (
            *((name, None) for name in _AS_AT_THE_START),
            *_FOR_US.items(),
            # Our statements are in UTF-8, and the migration has been waited for already.
            ("client_encoding", "UTF8"),
            ("lock_timeout", "0"),
        )
    ),
    NO_TRANSACTION_TIMEOUT,
)
"""Between two statements of a file, which goes on in its own session behind ours: expressions for
the list of a SELECT. Before them comes the session user, where that is another one."""
