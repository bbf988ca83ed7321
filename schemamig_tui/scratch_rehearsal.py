"""Rehearses on a scratch with the schema of the target, so that nothing is locked in the target."""

import time
from collections.abc import Callable
from dataclasses import replace

from schemamig_tui.catalog.changes import full_name
from schemamig_tui.connect import OnWait, Target
from schemamig_tui.engine import Ledger, Plan, Survey, describe
from schemamig_tui.engine.events import FileFailed, Warned
from schemamig_tui.engine.pipeline.loss import is_lost
from schemamig_tui.engine.run.plan import ledger_refusals
from schemamig_tui.engine.run.survey import survey
from schemamig_tui.errors import LedgerError, SchemamigError
from schemamig_tui.rehearsal.events import (
    RehearsalEvent,
    RehearsalFinished,
    RehearsalListener,
    ScratchUsed,
)
from schemamig_tui.rehearsal.rehearsal import Rehearsal, nothing_rehearsed
from schemamig_tui.rehearsal.wording import unlike
from schemamig_tui.schema_errors import schema_errors
from schemamig_tui.scratch.facts import TargetFacts, facts_of
from schemamig_tui.scratch.made import ScratchSchema, scratch_schema
from schemamig_tui.scratch.replay import (
    Cancelling,
    Progress,
    Replayed,
    refuse_changes,
    shared_changes,
)
from schemamig_tui.scratch.sizes import finished_in_database, with_sizes
from schemamig_tui.scratch.templates import SchemaVerdict
from schemamig_tui.scratch.verified import SchemaVerification
from schemamig_tui.settings import Settings
from schemamig_tui.survey import looking
from schemamig_tui.text import visible
from schemamig_tui.verification import other_version, verified

_MOST_NAMES = 20
_EXTENSION = (
    "The server of the scratch lacks the extension: --scratch server has those of the database."
)


def rehearse_on_scratch(
    target: Target,
    settings: Settings,
    on_wait: OnWait,
    choose: Callable[[Survey], Plan],
    listener: RehearsalListener,
    *,
    progress: Progress,
    cancelling: Cancelling,
) -> RehearsalFinished:
    """Rehearse what ``choose`` plans for the target, where ``settings.scratch`` says.

    Returns the last event, which the listener has got already. Raises as ``Rehearsal.rehearse``
    and ``verification.verify``, and SchemamigError where the applied migrations do not run.
    """
    began = time.perf_counter()
    with schema_errors(), looking(target, settings, on_wait) as (conn, found):
        plan = choose(found)
        _require(plan, found)
        if not plan.migrations:
            for warning in plan.warnings:
                listener(Warned(warning))
            return nothing_rehearsed(plan, began, listener)
        facts = facts_of(conn, found, with_sizes=True)
    refuse_changes(shared_changes(plan), is_shared=settings.scratch != "embedded")
    for warning in facts.warnings():
        listener(Warned(warning))
    if settings.time_budget is not None:
        listener(Warned("Of no use on a scratch, which has no rows: --time-budget."))
    with scratch_schema(target, settings, facts, on_wait, progress, cancelling) as made:
        other = other_version(made, facts)
        if other:
            listener(Warned(other))
        if made.verdict is None or made.verdict.digest != facts.digest:
            made.verdict = _verdict(verified(made, facts), facts, settings)
        used = ScratchUsed(
            made.words,
            len(made.replayed.ran),
            made.replayed.remembered,
            other is None,
            made.verdict.differences,
            made.verdict.differing,
        )
        listener(used)
        if sentence := unlike(used):
            listener(Warned(sentence))
        return _rehearse(made, facts, settings, plan, listener, cancelling)


def _require(plan: Plan, found: Survey) -> None:
    """Raise what refuses the plan; but not that the role may not write the ledger."""
    for refusal in ledger_refusals(found, ()):
        raise refusal
    for refusal in plan.refusals:
        if not isinstance(refusal, LedgerError):
            raise refusal


def _rehearse(
    made: ScratchSchema,
    facts: TargetFacts,
    settings: Settings,
    plan: Plan,
    listener: RehearsalListener,
    cancelling: Cancelling,
) -> RehearsalFinished:
    passed_on = with_sizes(listener, facts.sizes)

    def listen(event: RehearsalEvent) -> None:
        if isinstance(event, FileFailed) and is_lost(event.failure.severity):
            made.clean = False
        passed_on(event)

    there = survey(made.conn, facts.survey.folder, Ledger(settings.table))
    rehearsal = Rehearsal(
        made.target.connect,
        settings.directory,
        settings.table,
        listen,
        # How long a file takes without rows says nothing.
        limits=settings.rehearsal_limits._replace(time_budget=None),
        extension_hint=lambda name: _EXTENSION,
    )
    # A file that has stopped in the target has done nothing on the scratch.
    of_scratch = replace(plan.starting_over(), survey=there, refusals=())
    with cancelling(rehearsal.cancel):
        finished = rehearsal.rehearse(of_scratch, without_rows=True)
    # It was rolled back, but for this.
    made.clean &= not finished.sequences
    return finished_in_database(finished, facts.sizes)


def _verdict(found: SchemaVerification, facts: TargetFacts, settings: Settings) -> SchemaVerdict:
    """How many differences the schema has to the target's, and each object that differs.

    Raises SchemamigError where the schema could not be made.
    """
    comparison = found.comparison
    if comparison is None:
        raise _no_schema(found.replayed, settings)
    changes = (*comparison.unmade, *comparison.lacking, *comparison.differing)
    names = dict.fromkeys(one.parent or full_name(one.kind, one.name) for one in changes)
    return SchemaVerdict(facts.digest, comparison.differences, tuple(names)[:_MOST_NAMES])


def _no_schema(replayed: Replayed, settings: Settings) -> SchemamigError:
    name, failure = "", ""
    if failed := replayed.failed:
        name = visible(failed.name)
        failure = describe(failed.failure, str(settings.directory / failed.name))
    return SchemamigError(
        f"{name} is applied in the database, and does not run on the scratch, where nothing can be"
        f" rehearsed without it.\n{failure}",
        hint="--verify shows how far the migrations run from zero; --rehearse without --scratch"
        " rehearses in the database",
    )
