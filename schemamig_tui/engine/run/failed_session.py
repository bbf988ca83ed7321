"""The session of a file that has failed: as its checkpoint says, or else as it is now."""

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
    """Roll back, and ask what the session of a file is like then, if that matters.

    ``lifted`` tells that its lock_timeout is not its own now. None: it could not be asked. Raises
    psycopg.OperationalError when the connection is lost.
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
    """The checkpoint of a file without a transaction that has failed, as its row is to have it.

    ``running`` is the error_message that the row has had so far. The checkpoint there is believed
    where it is sure: what has failed may have left something behind in the session as well.
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
    """The session behind a rollback without the names that only what was rolled back has made.

    A setting with a dot that has been set is empty then, and not unknown as before.
    """
    if written is None or written.after != now.after:
        return now
    known = {n: v for n, v in now.state.items() if v or "." not in n or n in written.state}
    return replace(now, state=known)
