"""Decides which files can be rehearsed in one transaction, and where they would commit."""

from collections.abc import Iterator

from psycopg.errors import Diagnostic, UnsafeNewEnumValueUsage

from schemamig_tui.engine.events import Mode
from schemamig_tui.engine.pipeline.step import Role, Step
from schemamig_tui.engine.run.failure import wants_no_transaction
from schemamig_tui.engine.run.file_run import FileRun
from schemamig_tui.engine.script.script import Kind
from schemamig_tui.sql.calls import may_run_code, names_advisory_locks

_ENDS_UNDONE = (Kind.ALONE, Kind.ROLLBACK)


def obstacle(run: FileRun) -> str | None:
    """Why a file cannot be in one transaction with others; None if its text shows no reason.

    Only a file in the mode "no transaction" can have a reason. The directive is no reason, and
    neither are several BEGINs and COMMITs, because these are left out.
    """
    if run.script.mode is not Mode.NO_TRANSACTION:
        return None
    try:
        return _obstacle(run)
    finally:
        run.script.release()


def _obstacle(run: FileRun) -> str | None:
    script = run.script
    for i in range(run.done, len(script)):
        traits = script.traits(i)
        where = f"{traits.label} in line {script.line(i)}"
        # The kind of ROLLBACK AND CHAIN is ordinary; COMMIT AND CHAIN is taken out.
        if traits.kind in _ENDS_UNDONE or (traits.chained and traits.kind is Kind.ORDINARY):
            return f"{where} cannot run in the transaction of a rehearsal"
        if traits.read_only and i not in script.ignored:
            return f"{where} makes a transaction read-only"
    return None


def refusal(run: FileRun, step: Step, error: Diagnostic, version: int) -> str | None:
    """Why a statement fails in a rehearsal but not in a run; None if it fails in both.

    ``version`` is that of the server, such as 150004.
    """
    if not wants_no_transaction(error) or step.role is not Role.STATEMENT:
        return None
    # An enum value is of use as soon as it is committed: in a run that is after its file.
    committed = error.sqlstate == UnsafeNewEnumValueUsage.sqlstate
    alone = committed and (not _adds_enum_value(run) or _makes_enum(run, error, version))
    if run.script.mode is Mode.NO_TRANSACTION or alone:
        return f"line {step.line}: {error.message_primary}"
    return None


def runs_code(run: FileRun) -> bool:
    """Whether a statement of the file may run functions that people have written."""
    return any(may_run_code(run.script.sql(i)) for i in range(len(run.script)))


def locks_advisory(run: FileRun) -> bool:
    """Whether a statement of the file names advisory locks."""
    return any(names_advisory_locks(run.script.sql(i)) for i in range(len(run.script)))


def units(run: FileRun) -> Iterator[range]:
    """The statements that are still to run, divided where the file would commit."""
    script = run.script
    if script.mode is not Mode.NO_TRANSACTION:
        if len(script):
            yield range(len(script))
        return
    start = run.done
    is_open = start > 0 and script.kind(start - 1) is Kind.CHAIN
    for i in range(start, len(script)):
        kind = script.kind(i)
        is_open = kind in (Kind.BEGIN, Kind.CHAIN) or (is_open and kind is not Kind.COMMIT)
        if kind is Kind.CHAIN or not is_open:
            yield range(start, i + 1)
            start = i + 1


def _makes_enum(run: FileRun, error: Diagnostic, version: int) -> bool:
    """Whether the enum of the value is the file's own: then a transaction may use it at once.

    PostgreSQL can do so since 17, but not in a subtransaction, as a file of a rehearsal is: see
    AddEnumLabel() in catalog/pg_enum.c.
    """
    made = [traits.creates_type for traits in run.script.special.values()]
    message = error.message_primary or ""
    return version >= 170000 and any(name and name.name in message for name in made)


def _adds_enum_value(run: FileRun) -> bool:
    """Whether a file itself adds a value to an enum."""
    return any(traits.adds_enum_values for traits in run.script.special.values())
