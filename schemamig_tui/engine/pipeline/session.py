"""The session that a file runs in: as good as new between two files, as psql would give it one.

It is what DISCARD ALL does, which itself is not allowed in a pipeline.
"""

import re
from collections.abc import Iterator

from schemamig_tui.engine.script.script import Script

RESET = (
    b"SET SESSION AUTHORIZATION DEFAULT",
    b"RESET ROLE",
    b"RESET ALL",
    b"CLOSE ALL",
    b"DEALLOCATE ALL",
    b"UNLISTEN *",
    b"DISCARD TEMP",
    # PL/pgSQL fails at a record whose fields have other types than in the plans that it keeps.
    b"DISCARD PLANS",
)
"""Role, settings, cursors, prepared statements, LISTENs, temporary objects and plans."""

FORGET_SEQUENCES = b"DISCARD SEQUENCES"
"""The last one, only after our own row: the ledger's sequence would be found by lastval()."""

_KEEPS_SETTING = re.compile(
    rb"(?i)(?:RE)?SET\s+(?!LOCAL\b|TRANSACTION\b|CONSTRAINTS\b)|SELECT\s+(?:pg_catalog\.)?set_config\b"
)


def settings(script: Script, done: int) -> Iterator[bytes]:
    """Those of the first ``done`` statements whose settings the following ones rely on."""
    for i in range(done):
        if _KEEPS_SETTING.match(sql := script.sql(i)):
            yield sql
