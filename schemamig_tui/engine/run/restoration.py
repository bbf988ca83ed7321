"""Makes the steps that restore the session of a checkpoint, and those that prove it restored."""

import re
from collections.abc import Iterator

from schemamig_tui.engine.ledger.checkpoint import State, dumped
from schemamig_tui.engine.ledger.own_session import UNTIMED_BUT_KNOWN
from schemamig_tui.engine.pipeline.step import Role, Step
from schemamig_tui.engine.pipeline.transaction import BEGIN
from schemamig_tui.engine.run.session_capture import (
    ANSWER,
    SessionStart,
    literal,
)

# The session would not get far with these, and client_encoding is for what is sent behind them.
_LAST = (
    "default_transaction_read_only",
    "statement_timeout",
    "lock_timeout",
    "transaction_timeout",
    "idle_session_timeout",
    "idle_in_transaction_session_timeout",
    "client_encoding",
)
_LOCK = re.compile(r"advisory lock (\d+) (\d+) (\d) (\w+)")
_LISTEN = "LISTEN "
_WHO = ("role", "session_authorization")


def restoration(state: State) -> Iterator[Step]:
    """The steps that make a session what it was, in a transaction of the caller.

    The session has to be as good as new. Settings that only a superuser may make come before the
    role of the file, and the session user comes first, because setting it resets the role.
    """
    if not state:
        return
    yield _set("role", "none")
    settings = [name for name in state if " " not in name and name not in _WHO]
    late = [name for name in _LAST if name in state]
    for name in settings:
        if name not in late:
            yield _set(name, state[name])
    for name in state:
        if found := _LOCK.fullmatch(name):
            yield Step(_lock_again(*found.groups()), Role.HOUSEKEEPING)
        elif name.startswith(_LISTEN):
            channel = name.removeprefix(_LISTEN).replace('"', '""')
            yield Step(f'LISTEN "{channel}"'.encode(), Role.HOUSEKEEPING)
    if "session_authorization" in state:
        yield _set("session_authorization", state["session_authorization"])
    # A session may begin in another role: RESET goes back to that.
    yield _set("role", state["role"]) if "role" in state else Step(b"RESET ROLE", Role.HOUSEKEEPING)
    for name in late:
        yield _set(name, state[name])


def proof(done: int, start: SessionStart, state: State) -> Iterator[Step]:
    """The steps that fail where the session is not like ``state``, behind ``done`` statements."""
    who, question = start.questions
    expected = literal(dumped(start.differing(state)))
    # An error in words is only to be had from code.
    compare = f"""DO $schemamig$ BEGIN
    IF {ANSWER}::pg_catalog.jsonb OPERATOR(pg_catalog.<>) {expected}::pg_catalog.jsonb THEN
        RAISE EXCEPTION USING MESSAGE = 'the session of its first {done} statements could not'
            ' be restored', DETAIL = pg_catalog.concat(
            'It is ', {ANSWER}, ' instead of ', {expected});
    END IF; END $schemamig$"""
    yield Step(BEGIN, Role.HOUSEKEEPING)
    yield Step(UNTIMED_BUT_KNOWN, Role.HOUSEKEEPING)
    yield Step(who, Role.HOUSEKEEPING)
    yield Step(question, Role.HOUSEKEEPING)
    yield Step(compare.encode(), Role.HOUSEKEEPING)
    yield Step(b"ROLLBACK", Role.HOUSEKEEPING)


def _set(name: str, value: str) -> Step:
    query = f"SELECT pg_catalog.set_config({literal(name)}, {literal(value)}, false)"
    return Step(query.encode(), Role.HOUSEKEEPING)


def _lock_again(first: str, second: str, parts: str, mode: str) -> bytes:
    """The query that takes an advisory lock if it is free. The keys are unsigned in pg_locks."""
    shared = "_shared" if mode == "ShareLock" else ""
    if parts == "1":
        key = str(_signed(int(first) << 32 | int(second), 64))
    else:
        key = f"{_signed(int(first), 32)}, {_signed(int(second), 32)}"
    return f"SELECT pg_catalog.pg_try_advisory_lock{shared}({key})".encode()


def _signed(number: int, bits: int) -> int:
    return number - (1 << bits) if number >> (bits - 1) else number
