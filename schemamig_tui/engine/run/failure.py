"""Explains why a statement failed: the server's error, mapped to the place in the file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import psycopg
from psycopg import errors as pg_errors
from psycopg.errors import Diagnostic

from schemamig_tui.engine.events import Failure, Mode, Place
from schemamig_tui.engine.pipeline.loss import (
    CONNECTION_FAILURE,
    LOST,
    CancelUnconfirmed,
    ends_session,
)
from schemamig_tui.engine.pipeline.step import Role, Step
from schemamig_tui.engine.pipeline.transaction import COMMIT
from schemamig_tui.severity import FATAL, severity_of
from schemamig_tui.sql.psql_commands import VARIABLE_HINT, is_variable
from schemamig_tui.sql.session import SessionModel
from schemamig_tui.sql.traits import Kind
from schemamig_tui.sql.words import unquoted
from schemamig_tui.text import cells, one_line, visible

if TYPE_CHECKING:
    from schemamig_tui.engine.pipeline.pipeline import Crash
    from schemamig_tui.engine.run.preparation import ExtensionHint
    from schemamig_tui.engine.script.script import Script

# What a migration meets when all of it is in one transaction, though psql would run it.
_WANTS_NO_TRANSACTION = {
    pg_errors.ActiveSqlTransaction.sqlstate,
    pg_errors.InvalidTransactionTermination.sqlstate,
    pg_errors.UnsafeNewEnumValueUsage.sqlstate,
}
WITHOUT_LOCK = {pg_errors.LockNotAvailable.sqlstate, pg_errors.DeadlockDetected.sqlstate}
"""Failures that other sessions cause, so that another try may succeed: their SQLSTATEs."""
_DIRECTIVE_HINT = (
    "To run every statement of the file by itself, as psql does, make its first line"
    " '-- schemamig: no-transaction'."
)
_MOVE_OUT_HINT = "Move this statement out of the file's own BEGIN ... COMMIT."
_NOT_IN_CODE_HINT = "It cannot be in a function or a DO block: make it a statement of its own."
_COMES_FIRST_HINT = (
    "Set the modes of a transaction before its first query: at the top of the file, right behind"
    " its own BEGIN, or in a procedure or a DO block right behind a COMMIT or ROLLBACK."
)
_KEPT_HINT = (
    "What it had committed before it failed stays: before the next try, have it do only what is"
    " missing."
)
_ADD_EARLIER_HINT = (
    "Move the ALTER TYPE ... ADD VALUE in front of the file's own BEGIN, so that it is committed"
    " before."
)
_DEFERRED_HINT = (
    "A deferred constraint or trigger is checked at the end of the file, whichever statement it is"
    " about."
)
# What refuses a mode of a transaction that has begun its work: the checks of settings in guc.c, and
# the one of SET TRANSACTION SNAPSHOT.
_CHECKS_OF_MODES = {"call_bool_check_hook", "call_enum_check_hook", "ImportSnapshot"}
# What the extended protocol makes of "there is no parameter $1".
_NO_PARAMETER_HINT = "A parameter such as $1 has no value in a migration: write the value itself."
# "PL/pgSQL function inline_code_block line 3 at RAISE", innermost first; or "kb"."My f"(integer).
_BODY_LINE = re.compile(
    r'^PL/pgSQL function (?:(?:"(?:[^"]|"")+"|[^".(\s]+)\.)?("(?:[^"]|"")+"|[^"(\s]+)'
    r".* line (\d+) at",
    re.M,
)
# The context of an error in code: no partitioned table is meant, for instance.
_CODE_LINE = re.compile(r"^(?:SQL (?:statement|function)|PL/\w+ function) ", re.M)
# "COPY users, line 3, column id: ..."
_DATA_LINE = re.compile(r"^COPY .*?, line (\d+)", re.M)
# extension.c: PostgreSQL 14 says that a file is undefined, later ones that a feature is not there.
_NOT_AVAILABLE = {
    pg_errors.UndefinedFile.sqlstate,
    pg_errors.FeatureNotSupported.sqlstate,
}
# The second one is there since PostgreSQL 17.
_TIMEOUTS = {
    pg_errors.QueryCanceled.sqlstate: "statement_timeout",
    "25P04": "transaction_timeout",
}
# English only. Without it somebody has called pg_cancel_backend.
IS_STATEMENT_TIMEOUT = "due to statement timeout"
_LIFT_HINT = (
    "transaction_timeout is a limit of the role, the database or the server: SET"
    " transaction_timeout = 0; at the top of the file lifts it."
)
# English only, as the messages of an embedded server are.
_MISSING_EXTENSION = re.compile(
    r'^extension "(.+)" is not available$|extension control file ".*/([^/]+)\.control": No such'
)
# Of our own queries, those that check what the file has put off to the end of its transaction: all
# at once, and by their names in a rehearsal.
_CHECK = b"SET CONSTRAINTS "
_PUT_OFF = (_CHECK, COMMIT)
_OWN = "a query of the run's own has failed: {}"
_OF_A_STATEMENT = (Role.STATEMENT, Role.BATCH, Role.CHECK)
# How much of a long line is kept around the place that matters, in characters.
_AROUND = 200


def explain(
    error: Diagnostic,
    script: Script,
    statement: int | None,
    encoding: str,
    extension_hint: ExtensionHint | None = None,
) -> Failure:
    """The failure that ``error`` means for a file.

    ``statement`` is the 0-based statement that failed, None where it was none of the file's;
    ``encoding`` is the Python name of the client encoding, in which the server counts positions.
    """
    place = None
    if statement is not None:
        place = _place(error, script, statement, encoding)
    hints = [error.message_hint, _transaction_hint(error, script, statement)]
    if statement is not None and _may_have_committed(error, script, statement):
        hints.append(_KEPT_HINT)
    if statement is not None and _is_at_variable(error, script, statement, encoding):
        hints.append(VARIABLE_HINT)
    if statement is not None and error.sqlstate == pg_errors.ProtocolViolation.sqlstate:
        hints.append(_NO_PARAMETER_HINT)
    hints.append(_limit_hint(error, script, statement))
    if extension_hint and (extension := _missing_extension(error)):
        hints.append(extension_hint(extension))
    context = [error.context, error.internal_query and f"QUERY: {error.internal_query}"]
    return Failure(
        message=error.message_primary or "the server gave no reason",
        sqlstate=error.sqlstate,
        severity=severity_of(error) or "ERROR",
        detail=error.message_detail,
        hint="\n".join(filter(None, hints)) or None,
        context="\n".join(filter(None, context)) or None,
        statement=None if statement is None else statement + 1,
        place=place,
        source=script.source_line(place.line, encoding) if place else None,
    )


def explain_crash(
    crash: Crash, script: Script, encoding: str, extension_hint: ExtensionHint | None = None
) -> Failure:
    """The failure that the end of a pipeline means for the file that was open then.

    ``encoding`` is that of the connection, which may not have noticed yet what the file has set.
    """
    step = crash.step
    statement = _failed(step, script)
    at = len(script) if statement is None and step.sql.startswith(_CHECK) else statement
    encoding = (None if at is None else script.encoding_at(at)) or encoding
    error = Diagnostic(crash.result, encoding=encoding)
    failure = explain(error, script, statement, encoding, extension_hint)
    if script.mode is Mode.TRANSACTION and step.sql.startswith(_CHECK):
        hints = filter(None, (failure.hint, _DEFERRED_HINT))
        return replace(failure, hint="\n".join(hints))
    if step.role is Role.LEDGER:
        return replace(failure, message=unwritten(script, failure.message))
    return replace(failure, context=None) if step.role is Role.CHECK else failure


def _session_at(script: Script, statement: int) -> SessionModel:
    """What the file has set in front of a statement."""
    session = SessionModel()
    for i, traits in script.special.items():
        if i < statement:
            session.follow(traits)
    return session


def _failed(step: Step, script: Script) -> int | None:
    """The statement that a step fails, by number from 0; None where it is none of the file's.

    A deferred constraint fails the statement at which psql would commit: the COMMIT of a file with
    its own transaction; in a file without a transaction, the statement itself.
    """
    checks = step.sql.startswith(_CHECK)
    if script.mode is Mode.OWN_TRANSACTION and (checks or step.role is Role.CLOSE):
        return len(script) - 1
    if step.role in _OF_A_STATEMENT or (checks and script.mode is Mode.NO_TRANSACTION):
        return step.statement
    return None


def name_own(crash: Crash, failure: Failure) -> Failure:
    """The failure at ``crash``; where a query of ours failed, and none of the file, it says so."""
    step = crash.step
    if step.role is not Role.HOUSEKEEPING or step.sql.startswith(_PUT_OFF):
        return failure
    return replace(failure, message=_OWN.format(failure.message))


def explain_loss(crash: Crash | None, error: psycopg.Error) -> Failure:
    """The failure for an ``error`` that has ended a session, perhaps after a ``crash``."""
    reason = message_of(crash) if crash else one_line(error)
    if isinstance(error, CancelUnconfirmed):
        code = pg_errors.QueryCanceled.sqlstate
        return Failure(f"cancelled by the user, and {reason}", code)
    if crash is None and not ends_session(error):
        return Failure(_OWN.format(reason), error.sqlstate)
    return Failure(LOST.format(reason), CONNECTION_FAILURE, FATAL)


def message_of(crash: Crash) -> str:
    """What the server has said, on one line."""
    return visible(Diagnostic(crash.result).message_primary or "the server gave no reason")


def unwritten(script: Script, why: str) -> str:
    """The sentence for a migration that failed because its row could not be written."""
    ran = "" if script.mode is Mode.NO_TRANSACTION else "the migration ran, but "
    return f"{ran}the ledger could not be written: {why}"


def wants_no_transaction(error: Diagnostic) -> bool:
    """Whether the statement would have worked outside a transaction."""
    deferred = error.sqlstate == pg_errors.ObjectInUse.sqlstate and "pending trigger events" in (
        error.message_primary or ""
    )
    return deferred or error.sqlstate in _WANTS_NO_TRANSACTION


def _missing_extension(error: Diagnostic) -> str | None:
    """The extension that the server does not have, if that is the error."""
    if error.sqlstate not in _NOT_AVAILABLE:
        return None
    match = _MISSING_EXTENSION.search(error.message_primary or "")
    return match and (match[1] or match[2])


def _transaction_hint(error: Diagnostic, script: Script, statement: int | None) -> str | None:
    """The hint where a statement cannot be in a transaction: how it gets out of it."""
    forbidden = error.sqlstate == pg_errors.ActiveSqlTransaction.sqlstate
    if forbidden and error.source_function in _CHECKS_OF_MODES:
        return _COMES_FIRST_HINT
    if forbidden and _CODE_LINE.search(error.context or ""):
        return _NOT_IN_CODE_HINT
    if not wants_no_transaction(error) or not _may_commit(error, script, statement):
        return None
    if script.mode is Mode.TRANSACTION:
        return _DIRECTIVE_HINT
    if statement is None or not script.in_block(statement):
        return None
    is_enum = error.sqlstate == pg_errors.UnsafeNewEnumValueUsage.sqlstate
    return _ADD_EARLIER_HINT if is_enum else _MOVE_OUT_HINT


def _may_commit(error: Diagnostic, script: Script, statement: int | None) -> bool:
    """Whether the code that tried to end the transaction could do so in a file without one.

    The server lets CALL and DO, but not a function.
    """
    if error.sqlstate != pg_errors.InvalidTransactionTermination.sqlstate or statement is None:
        return True
    return script.traits(statement).label.startswith(("CALL", "DO"))


def _limit_hint(error: Diagnostic, script: Script, statement: int | None) -> str | None:
    """The hint where a file was ended by a timeout that it sets, or could lift."""
    name = _TIMEOUTS.get(error.sqlstate or "")
    if name is None:
        return None
    ends_statement = name == "statement_timeout"
    if ends_statement and IS_STATEMENT_TIMEOUT not in (error.message_primary or ""):
        return None
    end = len(script) if statement is None else statement
    if value := _session_at(script, end).get(name):
        at = max(
            i
            for i, traits in script.special.items()
            if i < end and (sets := traits.assigns) and (sets.name, sets.value) == (name, value)
        )
        return f"Line {script.line(at)} sets {name}: allow more time there, or 0 for no limit."
    return None if ends_statement else _LIFT_HINT


def _may_have_committed(error: Diagnostic, script: Script, statement: int) -> bool:
    """Whether the failed statement may have committed a part of its work."""
    traits = script.traits(statement)
    return (
        script.mode is Mode.NO_TRANSACTION
        and (traits.commits or (traits.kind is Kind.ALONE and traits.runs_code))
        and not script.in_block(statement)
        and _CODE_LINE.search(error.context or "") is not None
        and error.sqlstate != pg_errors.InvalidTransactionTermination.sqlstate
    )


def _is_at_variable(error: Diagnostic, script: Script, statement: int, encoding: str) -> bool:
    """Whether the error is a syntax error at a variable of psql, such as ``:name``."""
    if error.sqlstate != pg_errors.SyntaxError.sqlstate or not error.statement_position:
        return False
    _, there = script.cut_at(statement, int(error.statement_position), encoding)
    return is_variable(there)


def _place(error: Diagnostic, script: Script, statement: int, encoding: str) -> Place:
    if error.statement_position:
        return script.locate(statement, int(error.statement_position), encoding)
    if data := _DATA_LINE.search(error.context or ""):
        place = script.locate_data(statement, int(data[1]))
        if place is not None:
            return place
    # Of a recursion that went too deep, the context has thousands of lines.
    for function, line in dict.fromkeys(_BODY_LINE.findall(error.context or "")):
        name = None if function == "inline_code_block" else unquoted(function.encode())
        place = script.locate_body(statement, name, int(line))
        if place is not None:
            return place
    return Place(script.line(statement))


def describe(failure: Failure, name: str) -> str:
    """The failure as people read it, in the ledger and on a terminal: several lines, all safe."""
    return "\n".join(_lines(failure, name))


def _lines(failure: Failure, name: str) -> Iterator[str]:
    code = f" {failure.sqlstate}" if failure.sqlstate else ""
    yield f"{failure.severity}{code}: {visible(failure.message, keep_newlines=True)}"
    place = failure.place
    if place:
        column = f":{place.column}" if place.column else ""
        yield f"{visible(name)}:{place.line}{column}"
        if failure.source is not None:
            yield from _pointed(failure.source, place.column)
    for title, text in (
        ("DETAIL", failure.detail),
        ("HINT", failure.hint),
        ("CONTEXT", failure.context),
    ):
        if text:
            yield f"{title}: {visible(text, keep_newlines=True)}"


def _pointed(source: str, column: int | None) -> Iterator[str]:
    """The source line, cut around ``column`` where it is long, and a caret under that."""
    at = (column or 1) - 1
    start = max(0, at - _AROUND)
    lead = "..." if start else ""
    trail = "..." if len(source) > at + _AROUND else ""
    yield "    " + lead + visible(source[start : at + _AROUND], keep_newlines=True) + trail
    if column:
        yield (
            "    " + " " * (len(lead) + cells(visible(source[start:at], keep_newlines=True))) + "^"
        )
