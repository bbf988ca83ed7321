"""Explains why the rehearsal of a file failed, where none of its statements did."""

from dataclasses import replace
from typing import Any

import psycopg
from psycopg.errors import Diagnostic

from schemamig_tui.engine.events import Failure
from schemamig_tui.engine.pipeline.loss import CONNECTION_FAILURE, LOST
from schemamig_tui.engine.pipeline.pipeline import Crash
from schemamig_tui.engine.run.failure import explain_crash
from schemamig_tui.engine.run.file_run import FileRun
from schemamig_tui.rehearsal.guards import Guards
from schemamig_tui.severity import FATAL
from schemamig_tui.text import one_line, visible

# A connection that is lost does not tell its own.
_ENCODING = "utf-8"


def explain_loss(
    conn: psycopg.Connection[Any],
    crash: Crash | None,
    error: psycopg.Error,
    run: FileRun,
    guards: Guards,
    seconds: float,
) -> Failure:
    """The failure for a lost connection, or for a query of our own that failed.

    ``crash`` is the error of the server in the pipeline before, where there was one; ``seconds`` is
    how long the file ``run`` has taken.
    """
    code = (crash and Diagnostic(crash.result).sqlstate) or error.sqlstate
    primary = crash and Diagnostic(crash.result).message_primary
    message = visible(primary) if primary else one_line(error)
    if conn.broken:
        lost = Failure(LOST.format(message), code or CONNECTION_FAILURE, FATAL)
        if crash:  # as a run explains it
            lost = replace(explain_crash(crash, run.script, _ENCODING), message=lost.message)
        return with_hint(lost, guards.hint_of_transaction(code, seconds))
    failure = Failure(f"the schema cannot be read: {message}", code)
    return with_hint(failure, guards.hint(code))


def with_hint(failure: Failure, hint: str | None) -> Failure:
    """The failure, with a further hint where there is one."""
    return replace(failure, hint="\n".join(filter(None, (failure.hint, hint))) or None)
