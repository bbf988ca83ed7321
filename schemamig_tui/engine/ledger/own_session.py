"""Settings for our own statements, which must not run under what the migration has set.

The queries set them for the rest of a transaction: when it ends, the settings of the file are back.
"""

from collections.abc import Iterator, Mapping


def set_local(name: str, value: str | None) -> str:
    """An expression for ``SET LOCAL name = value``, with None ``SET LOCAL name TO DEFAULT``.

    That gives what RESET would give, and unlike RESET ROLE it ends with the transaction.
    """
    quoted = "NULL" if value is None else f"'{value}'"
    return f"pg_catalog.set_config('{name}', {quoted}, true)"


def _locals(settings: Mapping[str, str | None]) -> Iterator[str]:
    return (set_local(name, value) for name, value in settings.items())


def select(*expressions: str) -> bytes:
    """The query for these expressions."""
    return f"SELECT {', '.join(expressions)}".encode()


# -- timeouts: those of the file, or of the role, are not meant for us

_NO_STATEMENT_TIMEOUT = set_local("statement_timeout", "0")
# The setting is of PostgreSQL 17.
_HAS_TRANSACTION_TIMEOUT = "pg_catalog.current_setting('transaction_timeout', true) IS NOT NULL"
_NO_TRANSACTION_TIMEOUT = (
    f"CASE WHEN {_HAS_TRANSACTION_TIMEOUT} THEN {set_local('transaction_timeout', '0')} END"
)
_KEPT = (
    "pg_catalog.set_config('schemamig.statement_timeout',"
    " pg_catalog.current_setting('statement_timeout'), true)",
    f"CASE WHEN {_HAS_TRANSACTION_TIMEOUT}"
    " THEN pg_catalog.set_config('schemamig.transaction_timeout',"
    " pg_catalog.current_setting('transaction_timeout'), true) END",
)

UNTIMED = select(_NO_STATEMENT_TIMEOUT, _NO_TRANSACTION_TIMEOUT)
"""In a transaction of our own: no timeout counts."""

UNTIMED_AND_UNFLUSHED = select(
    _NO_STATEMENT_TIMEOUT, _NO_TRANSACTION_TIMEOUT, set_local("synchronous_commit", "off")
)
"""The same, and the commit is not flushed: see ``IN_MID_FILE``."""

UNTIMED_BUT_KNOWN = select(*_KEPT, _NO_STATEMENT_TIMEOUT, _NO_TRANSACTION_TIMEOUT)
"""The same, and what they were is kept as settings, for the question of ``session_capture``."""

AS_IN_COMMIT = b"SET LOCAL statement_timeout = 0"
"""At the end of a transaction of the file, where deferred constraints are checked next: there the
timeout of a statement does not count in a COMMIT either (finish_xact_command in postgres.c), and
that of a transaction does."""

AS_IN_COMMIT_BUT_KNOWN = select(*_KEPT, _NO_STATEMENT_TIMEOUT)
"""The same, and what the timeouts were is kept."""

# -- the rest of the session

# Every row of the ledger is seen, or the server says that it cannot be.
_FOR_US = {"row_security": "off", "statement_timeout": "0"}
_LAZY = {"synchronous_commit": "off"}

AFTER_RESET = select(*_locals(_FOR_US), _NO_TRANSACTION_TIMEOUT)
"""Behind the resets of ``pipeline.session``, which have brought back the rest."""

LAZILY_AFTER_RESET = select(*_locals(_FOR_US | _LAZY), _NO_TRANSACTION_TIMEOUT)
"""The same where the commit need not be flushed: a later one of the run flushes them all."""

# Of these we need what the session has started with (ALTER ROLE ... SET, PGOPTIONS): who writes, in
# which time zone applied_at is, and what a trigger of the ledger finds.
_AS_AT_THE_START = dict.fromkeys(("role", "TimeZone", "search_path"))
# Our statements are in UTF-8, and the migration has been waited for already.
_IN_MID_FILE = {"client_encoding": "UTF8", "lock_timeout": "0", **_LAZY}

IN_MID_FILE = (*_locals(_AS_AT_THE_START | _FOR_US | _IN_MID_FILE), _NO_TRANSACTION_TIMEOUT)
"""Between two statements of a file, which goes on in its own session behind ours: expressions for
the list of a SELECT. Before them comes the session user, where that is another one.

The commit is not flushed, also where it is that of a statement of the file: a crash that loses it
loses its note as well, and everything behind both. The last one of the file flushes them all."""
