"""Makes sure that a file can go on in exactly the session that its checkpoint holds, or refuses.

The session is restored twice. The first time is before anything of a run happens, on a connection
of its own: any obstacle there refuses the whole run. The second time is where the file goes on.
Both times the server is asked the question of the checkpoint again, and has to give the same
answer.
"""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import psycopg
from psycopg.errors import Diagnostic

from schemamig_tui.engine.ledger.checkpoint import SessionState
from schemamig_tui.engine.ledger.left_off import GIVES_BACK, START_OVER, holds_once
from schemamig_tui.engine.pipeline.backend import Backend
from schemamig_tui.engine.pipeline.connect import Connect
from schemamig_tui.engine.pipeline.quiet import run_quietly
from schemamig_tui.engine.pipeline.step import Role, Step
from schemamig_tui.engine.pipeline.transaction import BEGIN, COMMIT
from schemamig_tui.engine.run.file_run import FileRun
from schemamig_tui.engine.run.reading import refuse, refuse_obstacle
from schemamig_tui.engine.run.reconnect import connect_in_place
from schemamig_tui.engine.run.restoration import restoration
from schemamig_tui.engine.run.session_capture import (
    SessionStart,
    ask_start,
    capturing,
    state_of,
)
from schemamig_tui.engine.run.stored_code import ask_last_values
from schemamig_tui.engine.run.stored_functions import StoredFunctions, name_in
from schemamig_tui.engine.script.script import Kind
from schemamig_tui.engine.watch.run_lock import AdvisoryLock
from schemamig_tui.sql.session_effects import Effect, effect
from schemamig_tui.sql.unrestorable import unlocks
from schemamig_tui.text import visible


def check(
    conn: psycopg.Connection[Any],
    connect: Connect,
    lock: AdvisoryLock,
    files: Sequence[FileRun],
) -> psycopg.Connection[Any]:
    """Make sure that each file with a checkpoint can go on where it stopped.

    That is tried on ``conn``, which has to be as good as new but for the work lock. The trial uses
    it up: the result is a new connection for the run, made by ``connect``. So there are never more
    than the two connections that a run has anyway, because a role may have a limit. Raises
    FilesError for the first file that cannot go on, ConnectionFailed and psycopg.OperationalError;
    then ``conn`` is closed.
    """
    try:
        for run in files:
            refuse_obstacle(run)
            if run.checkpoint:
                _try(conn, lock, run, run.checkpoint.session)
                conn.close()
                conn = connect_in_place(connect)
    except BaseException:
        with contextlib.suppress(psycopg.Error):
            Backend.of(conn).give_back()
        conn.close()
        raise
    return conn


def _try(
    conn: psycopg.Connection[Any], lock: AdvisoryLock, run: FileRun, session: SessionState | None
) -> None:
    """Restore the session on a connection, which is used up by it. Raises FilesError."""
    names = {*session.starts, *session.state} if session else set()
    start = ask_start(conn, lock, [run.script], {name for name in names if "." in name})
    _refuse_by_code(run, session, start)
    _refuse_by_last_values(run, ask_last_values(conn, start.functions))
    if session is None:
        return
    _refuse_by_locks(run, session, start.functions)
    if visible(start.login) != session.login:
        refuse(
            run,
            f"that was as {session.login}, not as {visible(start.login)}",
            f"Log in as {session.login}. Or else: {START_OVER}",
        )
    if changed := _changed_starts(session, start):
        refuse(run, f"a new session starts with other settings now: {changed}", START_OVER)
    crash = run_quietly(conn, _in_a_transaction(restoration(session.state)))
    if crash:
        why = Diagnostic(crash.result).message_primary or "the server gave no reason"
        refuse(run, f"what was set cannot be set again: {visible(why)}", START_OVER)
    answers: list[dict[str, str]] = []
    run_quietly(conn, capturing(start, lambda answer: answers.append(state_of(answer))))
    expected = start.differing(session.state)
    now = start.differing(answers[0]) if answers else {}
    # The end of the session would discard it as well, but later, and behind a pooler never.
    run_quietly(conn, [Step(b"DISCARD ALL", Role.HOUSEKEEPING)])
    if now != expected:
        others = {n for n in {*now, *expected} if now.get(n) != expected.get(n)}
        what = ", ".join(map(visible, sorted(others)))
        refuse(run, f"the session cannot be restored: {what} is not as it was", START_OVER)


def _changed_starts(session: SessionState, start: SessionStart) -> str:
    """The settings that start with another value than in the old session, with both values."""
    names = [
        name
        for name in sorted({*session.starts, *start.starts})
        # Which names with a dot are asked for depends on the file, which may be mended.
        if ("." not in name or name in session.starts)
        and session.starts.get(name) != start.starts.get(name)
    ]
    return ", ".join(
        f"{visible(name)} is {_shown(start.starts.get(name))},"
        f" and was {_shown(session.starts.get(name))}"
        for name in names
    )


def _shown(value: str | None) -> str:
    return "the server's own" if value is None else f"'{visible(value)}'"


def _refuse_by_code(run: FileRun, session: SessionState | None, start: SessionStart) -> None:
    """Raises FilesError where functions may have left in the session what no server tells."""
    script, functions, events = run.script, start.functions, start.event_triggers
    leaving = functions.leaving if session else functions.leaving | functions.changing
    for i in range(run.done):
        sql, traits = script.sql(i), script.traits(i)
        if called := functions.called_by(leaving, sql, traits, event_triggers=events):
            refuse(
                run,
                f"it cannot be known what line {script.line(i)} left in its session: {called} may"
                " be called there",
                START_OVER,
            )
    unknowable = run.checkpoint.unknowable if run.checkpoint else None
    if unknowable:
        refuse(
            run,
            f"it cannot be known what line {script.line(min(unknowable, run.done) - 1)} left in its"
            " session: code that may have been called there is not what it was",
            START_OVER,
        )


def _refuse_by_last_values(run: FileRun, names: frozenset[str]) -> None:
    """Raises FilesError where the rest of a file may ask for the last value of a sequence."""
    script = run.script
    for i in range(run.done, len(script)):
        sql, traits = script.sql(i), script.traits(i)
        # An index that is built, or VACUUM, fires no trigger and computes no default.
        if traits.kind is Kind.ALONE and not traits.runs_code:
            continue
        if name := name_in(names, sql):
            refuse(
                run,
                f"line {script.line(i)} leads by {name} to the last value of a sequence, which is"
                " that of the old session",
                START_OVER,
            )


def _refuse_by_locks(run: FileRun, session: SessionState, functions: StoredFunctions) -> None:
    """Raises FilesError where the rest may give back a lock that functions may have taken twice.

    Locks that the file itself takes and gives back are the matter of ``ledger.left_off``.
    """
    script = run.script
    is_once = holds_once(session.state, script, run.done)
    if is_once and functions.locking:
        done = range(run.done)
        calling = (
            script.sql(i) for i in done if effect(script.sql(i), script.traits(i)) >= Effect.RUNS
        )
        is_once = not any(functions.run_by(functions.locking, sql) for sql in calling)
    if is_once is not False:
        return
    for i in range(run.done, len(script)):
        sql = script.sql(i)
        if unlocks(sql) or functions.run_by(functions.unlocking, sql):
            refuse(run, f"line {script.line(i)} {GIVES_BACK}", START_OVER)


def _in_a_transaction(steps: Iterator[Step]) -> Iterator[Step]:
    yield Step(BEGIN, Role.HOUSEKEEPING)
    yield from steps
    yield Step(COMMIT, Role.HOUSEKEEPING)
