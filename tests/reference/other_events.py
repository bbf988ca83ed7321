"""What an event holds that is none of a run's or a rehearsal's: the keys of its line."""

from collections.abc import Mapping
from typing import Literal, NotRequired, TypedDict

from tests.reference.documenting_events import (
    ColumnsReordered,
    DocsDifference,
    DocsGenerated,
    DocsStarted,
    DocsValidated,
    Verified,
    VerifyDifference,
    Verifying,
)
from tests.reference.writing_events import (
    Adopted,
    BranchFinding,
    Compared,
    DriftShown,
    FileAdopted,
    LintFinding,
    LintFinished,
    MigrationCreated,
    Repaired,
    RollbackDrafted,
    RuleExplained,
)

State = Literal["applied", "pending", "failed", "unknown"]


class PassedOver(TypedDict):
    """A place where a database might have been, and the reason why none was."""

    place: str
    reason: str


class Connecting(TypedDict):
    """Where the database is looked for, by which ``route``, and what places were passed over."""

    route: str
    passed_over: list[PassedOver]


class Waiting(TypedDict):
    """The server does not answer yet, and is waited for (``--wait``)."""

    seconds_left: float
    reason: str


class Connected(TypedDict):
    """Which database it is, as the server itself says, and its ``version``.

    ``role`` acts for ``login`` where these differ. ``host`` is the folder of a Unix socket, where
    that is used; ``source`` the flag, variable or key that has named the database; ``route`` leads
    to the ``container``; ``embedded`` is the folder of an embedded server.
    """

    database: str
    role: str
    login: str
    version: str
    host: str
    port: int
    source: str
    container: str | None
    route: str | None
    embedded: str | None


class Error(TypedDict):
    """The error that has ended the command, or that keeps a file from being run.

    An error in a file has ``path``, ``line`` and ``column``.
    """

    message: str
    hint: str | None
    exit_code: int
    path: NotRequired[str]
    line: NotRequired[int | None]
    column: NotRequired[int | None]


class MigrationListed(TypedDict):
    """A migration and its row: each one with ``--list``, those with an issue with ``--check``.

    ``state`` is unknown where the row has a ``success`` of NULL. ``unwritten``: the file has
    nothing to run yet. ``written_since``: the file was empty when it was recorded. ``batches_done``
    says in words how far its batches are; null: it has none, or all are done. ``renamed_to`` is the
    new name of a file that was recorded under this one; ``recorded_as`` is the old name of this
    file in the ledger.
    """

    name: str
    state: State
    changed: bool
    missing: bool
    renamed_to: str | None
    recorded_as: str | None
    unwritten: bool
    written_since: bool
    batches_done: str | None
    applied_at: str | None
    checksum: str | None
    execution_time_ms: int | None
    error_message: str | None


class Status(TypedDict):
    """The end of ``--list`` and ``--check``: how many migrations there are of each kind."""

    applied: int
    pending: int
    failed: int
    unknown: int
    changed: int
    missing: int


class PlanStarted(TypedDict):
    """``--dry-run``: ``total`` migrations would be run."""

    total: int


class WarningAt(TypedDict):
    """A warning about a line: something there may not be what was meant."""

    line: int
    message: str


class StatementText(TypedDict):
    """A statement as it stands in its file, and the line that it begins in."""

    line: int
    text: str


class FilePlanned(TypedDict):
    """``--dry-run``: how a file would be run, and the ``reason`` for that.

    ``resumed`` counts the statements that an earlier try has committed; ``sql`` is there with
    ``--sql``.
    """

    name: str
    path: str
    size: int
    mode: Literal["transaction", "own transaction", "no transaction"]
    reason: str
    statements: int
    failed_before: bool
    written_since: bool
    resumed: int
    warnings: list[WarningAt]
    sql: NotRequired[list[StatementText]]


class BatchesPlanned(TypedDict):
    """``--dry-run``: how a statement would run in batches.

    ``rows`` is about how many rows the table has; ``keys`` is how many keys the first batch has,
    from ``first`` to ``last``. The planner expects it to change ``expected`` rows, by this
    ``plan``. Where nothing of that is known, ``obstacle`` says why.
    """

    name: str
    line: int
    table: str | None
    key: list[str]
    index: str | None
    rows: int | None
    keys: int
    first: str | None
    last: str | None
    expected: int | None
    plan: list[str]
    warnings: list[str]
    obstacle: str | None


class AdviceGiven(TypedDict):
    """Advice before a run: something found in the database, such as an old transaction."""

    severity: Literal["note", "warning"]
    message: str
    hint: str | None
    name: str | None
    line: int | None


class PlanFinished(TypedDict):
    """The end of ``--dry-run``; for each of the ``refused`` an ``error`` came before."""

    planned: int
    refused: int


class PlanSaved(TypedDict):
    """``--save-plan``: the plan is in this file."""

    path: str


class Setting(TypedDict):
    """``--show-settings``: a setting, with the flag, variable or line that it comes from."""

    name: str
    value: str | None
    source: str


OTHER_EVENTS: Mapping[str, type] = {
    "connecting": Connecting,
    "waiting": Waiting,
    "connected": Connected,
    "error": Error,
    "migration": MigrationListed,
    "status": Status,
    "plan_started": PlanStarted,
    "file_planned": FilePlanned,
    "batches_planned": BatchesPlanned,
    "advice": AdviceGiven,
    "plan_finished": PlanFinished,
    "plan_saved": PlanSaved,
    "migration_created": MigrationCreated,
    "rollback_drafted": RollbackDrafted,
    "drift": DriftShown,
    "finding": BranchFinding,
    "compared": Compared,
    "lint_finding": LintFinding,
    "lint_finished": LintFinished,
    "rule_explained": RuleExplained,
    "repaired": Repaired,
    "file_adopted": FileAdopted,
    "adopted": Adopted,
    "docs_started": DocsStarted,
    "docs_generated": DocsGenerated,
    "docs_difference": DocsDifference,
    "docs_validated": DocsValidated,
    "verifying": Verifying,
    "verify_difference": VerifyDifference,
    "columns_reordered": ColumnsReordered,
    "verified": Verified,
    "setting": Setting,
}
"""The types by the name of the event."""
