"""Finds the session of a failed file: as its checkpoint has it, or else as the server says now."""

from dataclasses import replace
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus

from schemamig_tui.engine.events import Mode
from schemamig_tui.engine.ledger.checkpoint import (
    Checkpoint,
    Progress,
    SessionState,
    read_checkpoint,
)
from schemamig_tui.engine.ledger.left_off import first_unknown
from schemamig_tui.engine.pipeline.quiet import run_quietly
from schemamig_tui.engine.run.file_run import FileRun
from schemamig_tui.engine.run.session_capture import SessionStart, capturing, state_of

# A timeout of the file may cancel the question.
_TRIES = 3


def ask_state(
    conn: psycopg.Connection[Any], run: FileRun, start: SessionStart | None, *, lifted: bool
) -> SessionState | None:
    """Roll back, and ask for the state of the file's session, if that matters.

    ``lifted``: its lock_timeout is now one that we have set. None where it does not matter, or
    could not be asked. Raises psycopg.OperationalError when the connection is lost.
    """
    if run.script.mode is not Mode.NO_TRANSACTION or start is None or not run.done:
        return None
    if conn.info.transaction_status is not TransactionStatus.IDLE:
        conn.execute("ROLLBACK")
    answers: list[dict[str, str]] = []
    for _ in range(_TRIES):
        steps = capturing(start, lambda answer: answers.append(state_of(answer)))
        if run_quietly(conn, steps) is None:
            break
        conn.execute("ROLLBACK")
    else:
        return None
    state = {n: v for n, v in answers[0].items() if not (lifted and n == "lock_timeout")}
    return SessionState(start.starts, start.login, run.done, state)


def checkpoint_lines(run: FileRun, running: str | None) -> str:
    """The checkpoint for the row of a file without a transaction that has failed.

    ``running`` is the error_message that the row has had so far. Where the checkpoint there is sure
    of the session it is kept, because the failed statement may have changed the session as well.
    """
    now = run.session
    progress = Progress(run.script)
    lines = progress.line(run.done)
    written = read_checkpoint(running)
    if written is None or written.statements != run.done:
        unknowable = run.unknowable if (run.unknowable or 0) <= run.done else None
        written = Checkpoint(run.done, progress.digest(run.done), unknowable=unknowable)
    if run.answered:
        written = replace(written, doubtful=None)
    if not run.done and written.batches is None:
        return lines + replace(written, session=None).further_lines()
    session = written.session
    if session is None or first_unknown(written, run.script) is not None:
        session = _without_traces(now, session) if now else session
        written = replace(written, unasked=written.unasked and now is None)
    return lines + replace(written, session=session).further_lines()


def _without_traces(now: SessionState, written: SessionState | None) -> SessionState:
    """The session after a rollback, without settings that only the rolled back part has made.

    After a rollback a new setting with a dot in its name is empty, and not unknown as before.
    """
    if written is None or written.after != now.after:
        return now
    known = {n: v for n, v in now.state.items() if v or "." not in n or n in written.state}
    return replace(now, state=known)
