"""The interface of the reports: one for people, one for programs."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from schemamig_tui.errors import SchemamigError

if TYPE_CHECKING:  # these bring psycopg, which a usage error can do without
    from schemamig_tui.advice.advice import Advice
    from schemamig_tui.authoring.adopt.adopt import Adoption
    from schemamig_tui.authoring.against import BranchComparison
    from schemamig_tui.authoring.drift import Drift
    from schemamig_tui.authoring.reversal.rollback import Rollback
    from schemamig_tui.connect import Identity
    from schemamig_tui.docs.compare import Validated
    from schemamig_tui.docs.files import Generated
    from schemamig_tui.engine import Migration, Script, Status
    from schemamig_tui.engine.backfill.preview import BatchesPreview
    from schemamig_tui.engine.events import Listener
    from schemamig_tui.engine.ledger.repairs import Repair
    from schemamig_tui.lint.finding import LintFinding, LintReport, Severity
    from schemamig_tui.rehearsal.events import RehearsalListener
    from schemamig_tui.scratch.verified import SchemaVerification
    from schemamig_tui.settings.shown import ShownSetting


class Reporter(Protocol):
    """Reports a command. ``TextReport`` writes for people, ``JsonLines`` for programs."""

    def connecting(self, route: str, passed_over: Sequence[tuple[str, str]]) -> None:
        """Where the database is, and why none of the places that were to come before it."""

    def connected(self, database: "Identity") -> None:
        """Which database it is."""

    def waiting(self, seconds_left: float, reason: str) -> None:
        """The server does not answer yet, and is waited for."""

    def warning(self, message: str) -> None:
        """Something that stops nothing, but should be known."""

    def error(self, error: SchemamigError) -> None:
        """What ends the command, or keeps a file from being run."""

    def listed(self, status: "Status") -> None:
        """``--list``: every migration, and where it stands."""

    def checked(self, status: "Status") -> None:
        """``--check``: what is not as it should be."""

    def plan_started(self, status: "Status", to: str | None, total: int, waiting: int) -> None:
        """``--dry-run``: so many migrations would be run."""

    def planned(
        self, migration: "Migration", script: "Script", *, done: int, with_sql: bool
    ) -> None:
        """``--dry-run``: how one of them would be run, after the statements that are done."""

    def previewed(self, name: str, preview: "BatchesPreview") -> None:
        """``--dry-run``: what is known of a statement in batches of the file planned last."""

    def advised(self, advice: "Iterable[Advice]") -> None:
        """``--dry-run``: what was found in the database that the run should know of."""

    def plan_ended(self, planned: int, refused: int) -> None:
        """``--dry-run``: that was all; ``refused`` ones cannot be run as they are."""

    def saved(self, path: Path) -> None:
        """``--dry-run``: the plan has been saved as this file."""

    def created(self, path: Path) -> None:
        """``--new``: this migration has been written."""

    def drafted(self, rollback: "Rollback") -> None:
        """``--new-rollback``: the reversal of a migration has been written, and tried."""

    def drifted(self, migration: "Migration", drift: "Drift | None") -> None:
        """``--diff``: what has changed in an applied migration; None: nothing has."""

    def compared(self, compared: "BranchComparison") -> None:
        """``--check --against``: how the folder differs from what a branch has."""

    def found(self, findings: "Sequence[LintFinding]") -> None:
        """``--dry-run``: what linting has found in the file planned last."""

    def linted(self, report: "LintReport", level: "Severity") -> None:
        """``--lint``: all findings; those of this severity and above count for the exit code."""

    def explained(self, rule: str, page: str) -> None:
        """``--explain``: the page on a rule."""

    def verifying(self, name: str, number: int, total: int) -> None:
        """``--verify``: so far are the migrations on the scratch."""

    def verified(self, found: "SchemaVerification", directory: Path) -> None:
        """``--verify``: how the database differs from what the migrations make."""

    def repaired(self, repairs: "Sequence[Repair]") -> None:
        """``--mark-applied`` and its kin: the rows before and after."""

    def adopted(self, adoption: "Adoption") -> None:
        """``--adopt``: what was taken over of another tool, or would be."""

    def reading_schema(self) -> None:
        """``--docs-generate``, ``--docs-validate``: this may take a while where there is much."""

    def documented(self, generated: "Generated") -> None:
        """``--docs-generate``: the file says now what the database has."""

    def validated(self, validated: "Validated") -> None:
        """``--docs-validate``: how the file differs from the database."""

    def settings_shown(self, settings: "Sequence[ShownSetting]") -> None:
        """``--show-settings``: every setting, and where it comes from."""

    def run(self, directory: Path, to: str | None, warn_after: float | None) -> "Listener":
        """``--apply``: a listener that reports one run.

        It marks the migrations that took longer than ``warn_after`` seconds.
        """

    def rehearsal(self, directory: Path, to: str | None) -> "RehearsalListener":
        """``--rehearse``: a listener that reports one rehearsal."""
