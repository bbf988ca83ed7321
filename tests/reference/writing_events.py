"""What the events of writing, linting, repairing and adopting hold."""

from typing import Literal, TypedDict

Problem = Literal["changed", "only comments changed", "removed", "renamed", "out of order"]


class MigrationCreated(TypedDict):
    """``--new``: this file has been written."""

    name: str
    path: str


class RollbackDrafted(TypedDict):
    """``--new-rollback``: the draft that takes ``original`` back has been written.

    ``complete``: the draft takes everything back. ``as_before``: after the rehearsal of both the
    schema was as it should be; if not, ``differences`` has what differed. ``tried_again``: the
    original is applied, so it was run again behind the draft. ``left_out`` says why the draft was
    not rehearsed, ``failed`` why its rehearsal has failed.
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

    ``commit`` is the one with the text that was applied, ``changed_by`` the first that has changed
    it. ``diff`` has the lines of a unified diff.
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
    """The end of this check: ``last`` is the branch's last file, ``new`` are those it lacks."""

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
    """The end of ``--adopt``; ``table`` is the other ledger. ``preview``: it was a dry run."""

    tool: str
    table: str | None
    written: int
    recorded: int
    pending: int
    preview: bool
