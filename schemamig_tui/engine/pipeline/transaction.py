"""The queries that our own steps begin and end a transaction with."""

BEGIN = b"BEGIN"
BEGIN_WRITING = b"BEGIN READ WRITE"
COMMIT = b"COMMIT"
CHECK_CONSTRAINTS = b"SET CONSTRAINTS ALL IMMEDIATE"
"""Deferred constraints are checked while the role and the settings of the file still hold."""
