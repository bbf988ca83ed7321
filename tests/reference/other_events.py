"""What an event holds that is none of a run's or a rehearsal's: the keys of its line."""

from collections.abc import Mapping
from typing import Literal, NotRequired, TypedDict

from schemamig_tui.catalog.changes import Change

Problem = Literal["changed", "only comments changed", "removed", "renamed", "out of order"]
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
    """What has ended the command, or keeps a file from being run.

    The place is there where a file is to blame.
    """

    message: str
    hint: str | None
    exit_code: int
    path: NotRequired[str]
    line: NotRequired[int | None]
    column: NotRequired[int | None]


class MigrationListed(TypedDict):
    """``--list``, and what ``--check`` has found: a migration, with what the ledger has of it.

    ``state`` is unknown where the ledger has it with a success of NULL. ``unwritten``: there is
    nothing in it to run yet. ``written_since``: it was empty when it was recorded. ``batches_done``
    says in words how far its batches are; null: there are none, or all are done. ``renamed_to``:
    the file that it was recorded from is still to run under this name, and ``recorded_as`` is the
    other way round.
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
    """The end of both: so many migrations there are of each kind."""

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
    """Something about a line is allowed, but may not be what was meant."""

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

    ``rows`` is about how many rows the table has; ``keys`` are those of the first batch, from
    ``first`` to ``last``, of which the planner expects to change ``expected`` rows by this
    ``plan``. ``obstacle`` says why nothing of that is known.
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
    """What was found in the database that a run should know of, such as an old transaction."""

    severity: Literal["note", "warning"]
    message: str
    hint: str | None
    name: str | None
    line: int | None


class PlanFinished(TypedDict):
    """The end of ``--dry-run``; each of the ``refused`` was an ``error`` before."""

    planned: int
    refused: int


class PlanSaved(TypedDict):
    """``--save-plan``: the plan is in this file."""

    path: str


class MigrationCreated(TypedDict):
    """``--new``: this file has been written."""

    name: str
    path: str


class RollbackDrafted(TypedDict):
    """``--new-rollback``: the draft that takes ``original`` back has been written.

    ``complete``: nothing of the original stays. ``as_before``: the rehearsal of both has left the
    schema as it should be, or else with these ``differences``. ``tried_again``: it was rehearsed
    with the original again behind it, because that is applied. ``left_out`` says why it was not
    rehearsed, ``failed`` why its rehearsal has failed.
    """

    name: str
    path: str
    original: str
    complete: bool
    as_before: bool | None
    tried_again: bool
    left_out: str | None
    failed: str | None
    differences: list[tuple[str, int, str]]


class CommitNamed(TypedDict):
    """A commit of git."""

    hash: str
    author: str
    day: str
    subject: str


class DriftShown(TypedDict):
    """``--diff``: what has changed in an applied file since.

    ``commit`` has brought what was applied, ``changed_by`` is the first that has changed it.
    ``diff`` has the lines of a unified diff.
    """

    name: str
    changed: bool
    only_comments: bool | None
    commit: CommitNamed | None
    changed_by: CommitNamed | None
    diff: list[str]


class BranchFinding(TypedDict):
    """``--check --against``: a file is not as it should be.

    ``renamed_to`` is the name that it has now, ``in_order`` one that would sort behind all others.
    """

    name: str
    problem: Problem
    renamed_to: str | None
    in_order: str | None


class Compared(TypedDict):
    """The end of that: ``last`` is the last file of ``ref``, ``new`` are those that it lacks."""

    ref: str
    last: str | None
    new: list[str]
    findings: int


class LintFinding(TypedDict):
    """``--lint``, ``--dry-run``: what a rule has found in a file.

    ``safer`` is the way out, ``verdict`` what the database says of it.
    """

    rule: str
    severity: Literal["note", "warning", "error"]
    name: str
    line: int
    column: int | None
    message: str
    safer: str | None
    verdict: str | None


class LintFinished(TypedDict):
    """The end of ``--lint``; ``failing`` findings count for the exit code (``--lint-level``)."""

    files: list[str]
    findings: int
    failing: int


class RuleExplained(TypedDict):
    """``--explain``: the ``page`` on a rule, a text of several lines."""

    rule: str
    page: str


class RowShown(TypedDict):
    """A row of the ledger."""

    applied_at: str | None
    checksum: str | None
    execution_time_ms: int | None
    success: bool | None
    error_message: str | None


class Repaired(TypedDict):
    """``--mark-applied``, ``--accept-checksum`` and the other repairs: a row of the ledger.

    It is null where there was none before, or is none after.
    """

    name: str
    before: RowShown | None
    after: RowShown | None


class FileAdopted(TypedDict):
    """``--adopt``: a file of another tool, whose path there is ``source``.

    ``written``: it was not there. ``applied``: one of both ledgers says so. ``recorded``: ours did
    not. ``applied_at`` is what the other ledger says.
    """

    source: str
    name: str
    path: str
    written: bool
    applied: bool
    recorded: bool
    applied_at: str | None


class Adopted(TypedDict):
    """The end of ``--adopt``; ``table`` is the other ledger. ``preview``: of a dry run."""

    tool: str
    table: str | None
    written: int
    recorded: int
    pending: int
    preview: bool


class DocsStarted(TypedDict):
    """The schema is being read."""


class DocsGenerated(TypedDict):
    """``--docs-generate``: the file says what the database has.

    ``in_notes`` counts what DBML has no words for, ``left_out`` what is in no schema, with
    ``--schema``. ``lost`` is what has taken a note by hand with it.
    """

    path: str
    state: Literal["created", "changed", "unchanged"]
    tables: int
    enums: int
    foreign_keys: int
    in_notes: int
    left_out: int
    lost: list[str]


class DocsDifference(TypedDict):
    """``--docs-validate``: what a part of the schema is in the ``file`` and in the ``database``."""

    where: str
    what: str
    file: str | None
    database: str | None


class DocsValidated(TypedDict):
    """The end of ``--docs-validate``."""

    path: str
    differences: int


class Verifying(TypedDict):
    """The file that runs on the scratch; this comes once a second at the most."""

    name: str
    number: int
    total: int


class VerifyDifference(TypedDict):
    """``--verify``: a ``change`` leads from what the migrations make to the database.

    ``there``: no migration makes it (database), the database lacks it (migrations), or it differs
    (both).
    """

    there: Literal["database", "migrations", "both"]
    change: Change


class ColumnsReordered(TypedDict):
    """``--verify``: the columns as they were ``made`` and ``found``; that is no difference."""

    table: str
    made: list[str]
    found: list[str]


class Verified(TypedDict):
    """The end of ``--verify``: ``ran`` are the files that ran on the ``scratch``.

    ``remembered``: they did in an earlier run. ``differences`` is null where one ``failed``, for
    which a ``file_failed`` came before;
    ``scratch_may_be_why``: it did for what that server is or lacks.
    """

    scratch: str
    ran: list[str]
    remembered: bool
    failed: str | None
    remaining: list[str]
    differences: int | None
    same: bool
    scratch_may_be_why: bool


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
