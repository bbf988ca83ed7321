"""The queries that make a session as good as new between two files: psql would open a new one.

DISCARD ALL, which does the same, is not allowed in a pipeline. Of the parts that the manual has for
it, only pg_advisory_unlock_all() is not among these, as the session holds a lock of ours: see
``AdvisoryLock.release_others`` in ``watch.run_lock``.

https://www.postgresql.org/docs/current/sql-discard.html
"""

RESET = (
    b"SET SESSION AUTHORIZATION DEFAULT",
    b"RESET ROLE",
    b"CLOSE ALL",
    b"DEALLOCATE ALL",
    b"UNLISTEN *",
    b"DISCARD TEMP",
    # PL/pgSQL fails at a record whose fields have other types than in the plans that it keeps.
    b"DISCARD PLANS",
    # Last, because it brings back timeouts of the role, which are not meant for these queries.
    b"RESET ALL",
)
"""Role, cursors, prepared statements, LISTENs, temporary objects, plans and settings."""

FORGET_SEQUENCES = b"DISCARD SEQUENCES"
"""The last one, only after our own row: the ledger's sequence would be found by lastval()."""
