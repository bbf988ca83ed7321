"""Finds where the last try of a file without a transaction stopped, and whether it can go on there.

This module decides by the ledger and the file alone; ``engine.run.resume`` asks the server.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from schemamig_tui.engine.events import Mode
from schemamig_tui.engine.ledger.checkpoint import (
    Checkpoint,
    Progress,
    State,
    read_checkpoint,
    statement_digest,
    statements_done,
)
from schemamig_tui.engine.ledger.rows import LedgerRow
from schemamig_tui.engine.script.script import Script
from schemamig_tui.sql.leftovers import Leftover, leftover
from schemamig_tui.sql.new_session import traces_of
from schemamig_tui.sql.session_effects import is_about_temporary, is_quiet
from schemamig_tui.sql.unrestorable import asks_for_last_value, leaves, locks_taken, unlocks

START_OVER = (
    "Undo those statements by hand, and start it over from its first statement with --no-resume."
)
"""The way out that there always is."""
_RESTORE = (
    "Restore the file, or undo those statements by hand and start it over from its first statement"
    " with --no-resume."
)
# A file whose mode came from the one statement that has been taken out, as _SAY_SO asks for.
_AS_BEFORE = (
    "To have the rest run statement by statement, as before, make its first line"
    " '-- schemamig: no-transaction'. Or else: " + START_OVER
)
_FINISH = (
    "Restore it: batch, target, pause and the like may change. Or undo what is done by hand, and"
    " start the file over from its first statement with --no-resume."
)
_TOGETHER = (
    START_OVER + " Put what makes that and what needs it into one BEGIN ... COMMIT,"
    " which a failure undoes as a whole."
)


_SAY_SO = (
    "Find out whether it is. Then take it out of the file, or have it do what is missing, or, where"
    " that is all, write a comment into it: any change of it counts as your answer. Or else: "
    + START_OVER
)


@dataclass(frozen=True, slots=True)
class LeftOff:
    """Where the last try of a file has stopped: behind its first ``done`` statements.

    Some batches of the next statement may be done as well: see ``Checkpoint.batches``.

    ``obstacle`` says why the next try cannot go on there, and ``way_out`` what to do then. They are
    None where it can, as far as ledger and file tell.
    """

    done: int
    checkpoint: Checkpoint
    obstacle: str | None = None
    way_out: str | None = None


def left_off(row: LedgerRow | None, script: Script) -> LeftOff | None:
    """Where an apply would go on with a file; None where it starts with the first statement."""
    checkpoint = read_checkpoint(row.error_message) if row and not row.success else None
    if checkpoint is None:
        return _behind_damage(row, script) if row and not row.success else None
    if checkpoint.statements == 0 and not (checkpoint.batches or checkpoint.unreadable):
        obstacle = _next_obstacle(checkpoint, script)
        return LeftOff(0, checkpoint, obstacle, _SAY_SO) if obstacle else None
    obstacle, way_out = _obstacle(checkpoint, script) or (None, None)
    return LeftOff(checkpoint.statements, checkpoint, obstacle, way_out)


def _obstacle(checkpoint: Checkpoint, script: Script) -> tuple[str, str] | None:
    """Why the file cannot go on behind what is done, and the way out; None where it can."""
    if not _still_holds(checkpoint, script):
        return "the file has changed there since", _RESTORE
    if script.mode is not Mode.NO_TRANSACTION:
        return "now the file is to be run as one transaction", _AS_BEFORE
    if reason := _next_obstacle(checkpoint, script):
        return reason, _SAY_SO
    if reason := _batch_obstacle(checkpoint, script):
        return reason, _FINISH
    return next(_session_obstacles(checkpoint, script), None)


def _behind_damage(row: LedgerRow, script: Script) -> LeftOff | None:
    """The refusal to start over where a person, or a trigger, has damaged the checkpoint."""
    done, _ = statements_done(row.error_message)
    if not done or script.mode is not Mode.NO_TRANSACTION:
        return None
    obstacle = "what the ledger has of its session cannot be read: somebody has changed that"
    return LeftOff(done, Checkpoint(done, ""), obstacle, START_OVER)


def first_unknown(checkpoint: Checkpoint, script: Script) -> int | None:
    """The first done statement of which nobody knows what it left in the session; None: none."""
    session = checkpoint.session
    if session is None:
        known = (is_quiet(script.sql(i), script.traits(i)) for i in range(checkpoint.statements))
        return next((i for i, quiet in enumerate(known) if not quiet), None)
    if checkpoint.unasked:
        return checkpoint.statements - 1
    return session.after - 1 if session.in_doubt else None


def _still_holds(checkpoint: Checkpoint, script: Script) -> bool:
    """Whether the script still begins with the statements that are done."""
    if checkpoint.statements > len(script):
        return False
    ways = (
        Progress(script),
        Progress(script, data=False),
        Progress(script, data=False, line_ends=True),
    )
    return any(way.digest(checkpoint.statements) == checkpoint.digest for way in ways)


def _next_obstacle(checkpoint: Checkpoint, script: Script) -> str | None:
    """Why the next statement might be run twice, or None."""
    at = checkpoint.statements
    if checkpoint.doubtful is None or checkpoint.doubtful != statement_digest(script, at):
        return None
    return (
        f"it is not known whether the statement in line {script.line(at)}, which commits by itself,"
        " is done"
    )


def _batch_obstacle(checkpoint: Checkpoint, script: Script) -> str | None:
    """Why the next statement cannot go on behind the batches that are done."""
    if checkpoint.unreadable:
        return "what the ledger has of its batches cannot be read: somebody has changed that"
    mark = checkpoint.batches
    if mark is None:
        return None
    batched = script.batched.get(checkpoint.statements)
    if batched is None or batched.fingerprint != mark.fingerprint:
        where = f" (line {batched.line})" if batched else ""
        return (
            f"batches of its next statement are done: {mark.people}; but that, its table, its key"
            f" or its end is another one since{where}"
        )
    return None


def _session_obstacles(checkpoint: Checkpoint, script: Script) -> Iterator[tuple[str, str]]:
    """Why the session cannot be what it was, each reason with the way out."""
    done = checkpoint.statements
    state = checkpoint.session.state if checkpoint.session else {}
    if lost := ", ".join(_lost(state, script, done)):
        yield f"a new session cannot have what was left in the old one: {lost}", _TOGETHER
    for i in range(done) if script.traces.keeps else ():
        if leaves(script.sql(i)):
            yield f"line {script.line(i)} may have left {_UNRESTORABLE}", START_OVER
    unknown = first_unknown(checkpoint, script)
    if unknown is not None:
        why = _LOST if checkpoint.session else _OLD
        yield f"{why} what line {script.line(unknown)} left in its session", START_OVER
    may_differ = holds_once(state, script, done) is False
    had_temporary = any(is_about_temporary(script.sql(i)) for i in range(done))
    for i in range(done, len(script)):
        sql = script.sql(i)
        if asks_for_last_value(sql):
            yield (
                f"line {script.line(i)} asks for the last value of a sequence, which is that of"
                " the old session",
                START_OVER,
            )
        if may_differ and unlocks(sql):
            yield f"line {script.line(i)} {GIVES_BACK}", START_OVER
        if had_temporary and traces_of(sql).sees:
            yield (
                f"line {script.line(i)} may see that its session has had something temporary, which"
                " was the old one",
                START_OVER,
            )


def holds_once(state: State, script: Script, done: int) -> bool | None:
    """Whether each advisory lock of a session was taken just once, which no server tells.

    Only the text of the statements is read: functions of the database may take locks as well. None
    where the session has no such lock.
    """
    held = sum(name.startswith(_ADVISORY_LOCK) for name in state)
    if not held:
        return None
    taken = 0
    for i in range(done):
        count = locks_taken(script.sql(i))
        if count is None:
            return False
        taken += count
    return taken == held


_ADVISORY_LOCK = "advisory lock "
GIVES_BACK = "gives an advisory lock back once, which the old session may have held more than once"
"""The end of a sentence whose subject is the line of a statement."""
_UNRESTORABLE = (
    "something in its session that no statement can make again, such as a library, a seed, a"
    " connection or a setting whose name is made up"
)
_LOST = "the connection was lost before it was known"
_OLD = "an earlier version of this program has recorded that, which did not keep"


def _lost(state: State, script: Script, done: int) -> Iterator[str]:
    """What the session had that no statement can make again, with the line that made it."""
    for name in state:
        if lost := leftover(name):
            line = _line_that_made(lost, script, done)
            yield f"the {name}" + (f" (line {line})" if line else "")


def _line_that_made(lost: Leftover, script: Script, done: int) -> int | None:
    """The line of the last done statement that makes it, or else of the first that names it."""
    made = [i for i in range(done) if lost.is_made_by(script.sql(i))]
    named = (i for i in range(done) if lost.is_named_in(script.sql(i)))
    i = made[-1] if made else next(named, None)
    return None if i is None else script.line(i)
