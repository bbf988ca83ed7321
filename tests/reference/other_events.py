"""What an event holds that is none of a run's or a rehearsal's: the keys of its line."""

from collections.abc import Mapping
from typing import Literal, NotRequired, TypedDict

from schemamig_tui.catalog.changes import Change

Problem = Literal["changed", "only comments changed", "removed", "out of order"]
State = Literal["applied", "pending", "failed", "unknown"]


class PassedOver(TypedDict):
    place: str
    reason: str


class Connecting(TypedDict):
    route: str
    passed_over: list[PassedOver]


class Waiting(TypedDict):
    seconds_left: float
    reason: str


class Connected(TypedDict):
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
    message: str
    hint: str | None
    exit_code: int
    path: NotRequired[str]
    line: NotRequired[int | None]
    column: NotRequired[int | None]


class MigrationListed(TypedDict):
    name: str
    state: State
    changed: bool
    missing: bool
    unwritten: bool
    written_since: bool
    batches_done: str | None
    applied_at: str | None
    checksum: str | None
    execution_time_ms: int | None
    error_message: str | None


class Status(TypedDict):
    applied: int
    pending: int
    failed: int
    unknown: int
    changed: int
    missing: int


class PlanStarted(TypedDict):
    total: int


class WarningAt(TypedDict):
    line: int
    message: str


class StatementText(TypedDict):
    line: int
    text: str


class FilePlanned(TypedDict):
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
    severity: Literal["note", "warning"]
    message: str
    hint: str | None
    name: str | None
    line: int | None


class PlanFinished(TypedDict):
    planned: int
    refused: int


class PlanSaved(TypedDict):
    path: str


class MigrationCreated(TypedDict):
    name: str
    path: str


class RollbackDrafted(TypedDict):
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
    hash: str
    author: str
    day: str
    subject: str


class DriftShown(TypedDict):
    name: str
    changed: bool
    only_comments: bool | None
    commit: CommitNamed | None
    changed_by: CommitNamed | None
    diff: list[str]


class BranchFinding(TypedDict):
    name: str
    problem: Problem


class Compared(TypedDict):
    ref: str
    last: str | None
    new: list[str]
    findings: int


class LintFinding(TypedDict):
    rule: str
    severity: Literal["note", "warning", "error"]
    name: str
    line: int
    column: int | None
    message: str
    safer: str | None
    verdict: str | None


class LintFinished(TypedDict):
    files: list[str]
    findings: int
    failing: int


class RuleExplained(TypedDict):
    rule: str
    page: str


class RowShown(TypedDict):
    applied_at: str | None
    checksum: str | None
    execution_time_ms: int | None
    success: bool | None
    error_message: str | None


class Repaired(TypedDict):
    name: str
    before: RowShown | None
    after: RowShown | None


class FileAdopted(TypedDict):
    source: str
    name: str
    path: str
    written: bool
    applied: bool
    recorded: bool
    applied_at: str | None


class Adopted(TypedDict):
    tool: str
    table: str | None
    written: int
    recorded: int
    pending: int
    preview: bool


class DocsStarted(TypedDict):
    pass


class DocsGenerated(TypedDict):
    path: str
    state: Literal["created", "changed", "unchanged"]
    tables: int
    enums: int
    foreign_keys: int
    in_notes: int
    left_out: int
    lost: list[str]


class DocsDifference(TypedDict):
    where: str
    what: str
    file: str | None
    database: str | None


class DocsValidated(TypedDict):
    path: str
    differences: int


class Verifying(TypedDict):
    name: str
    number: int
    total: int


class VerifyDifference(TypedDict):
    there: Literal["database", "migrations", "both"]
    change: Change


class ColumnsReordered(TypedDict):
    table: str
    made: list[str]
    found: list[str]


class Verified(TypedDict):
    scratch: str
    ran: list[str]
    failed: str | None
    remaining: list[str]
    differences: int | None
    same: bool
    scratch_may_be_why: bool


class Setting(TypedDict):
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
