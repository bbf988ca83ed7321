"""JSON lines for programs: one object per line, in ASCII, each as soon as it is known.

What they hold is described in EVENTS.md, and in events.schema.json.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from schemamig_tui.errors import SchemamigError
from schemamig_tui.headless.output import Output
from schemamig_tui.reporting.json_events import RunAsJson, as_json, database_as_json, error_as_json

if TYPE_CHECKING:
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
    from schemamig_tui.engine.events import Event, Listener
    from schemamig_tui.engine.ledger.repairs import Repair
    from schemamig_tui.engine.ledger.rows import LedgerRow
    from schemamig_tui.lint.finding import LintFinding, LintReport, Severity
    from schemamig_tui.rehearsal.events import RehearsalEvent, RehearsalListener
    from schemamig_tui.scratch.verified import SchemaVerification
    from schemamig_tui.settings.shown import ShownSetting


class JsonLines:
    """The ``Reporter`` for programs."""

    def __init__(self, out: Output) -> None:
        self._out = out

    def _write(self, event: str, **values: Any) -> None:  # noqa: ANN401  # whatever JSON can hold
        # In ASCII it is UTF-8 whatever the locale says, and harmless on a terminal.
        self._out.write(json.dumps({"event": event, **values}))

    def connecting(self, route: str, passed_over: Sequence[tuple[str, str]]) -> None:
        """An event ``connecting``."""
        places = [{"place": place, "reason": reason} for place, reason in passed_over]
        self._write("connecting", route=route, passed_over=places)

    def connected(self, database: "Identity") -> None:
        """An event ``connected``."""
        self._write("connected", **database_as_json(database))

    def waiting(self, seconds_left: float, reason: str) -> None:
        """An event ``waiting``, for every try."""
        self._write("waiting", seconds_left=round(seconds_left, 3), reason=reason)

    def warning(self, message: str) -> None:
        """An event ``warning``."""
        self._write("warning", message=message)

    def error(self, error: SchemamigError) -> None:
        """An event ``error``."""
        self._write("error", **error_as_json(error))

    def listed(self, status: "Status") -> None:
        """An event ``migration`` for each, and ``status``."""
        for migration in status.migrations:
            self._migration(migration)
        self._status(status)

    def checked(self, status: "Status") -> None:
        """An event ``migration`` for each that is not as it should be, and ``status``."""
        for migration in status.not_in_order:
            self._migration(migration)
        self._status(status)

    def _migration(self, migration: "Migration") -> None:
        row = migration.row
        self._write(
            "migration",
            name=migration.name,
            state=migration.state,
            changed=migration.changed,
            missing=migration.missing,
            renamed_to=migration.renamed_to,
            recorded_as=migration.recorded_as,
            unwritten=migration.unwritten,
            written_since=migration.written_since,
            batches_done=migration.batches_done,
            applied_at=_moment(row.applied_at) if row else None,
            checksum=row.checksum if row else None,
            execution_time_ms=row.execution_time_ms if row else None,
            error_message=row.error_message if row else None,
        )

    def _status(self, status: "Status") -> None:
        self._write(
            "status",
            applied=len(status.applied),
            pending=len(status.pending),
            failed=len(status.failed),
            unknown=len(status.unknown),
            changed=len(status.changed),
            missing=len(status.missing),
        )

    def plan_started(self, status: "Status", to: str | None, total: int, waiting: int) -> None:
        """An event ``plan_started``."""
        self._write("plan_started", total=total)

    def planned(
        self, migration: "Migration", script: "Script", *, done: int, with_sql: bool
    ) -> None:
        """An event ``file_planned``."""
        sql = {}
        if with_sql:
            sql["sql"] = [
                {"line": script.line(i), "text": script.sql(i).decode(errors="backslashreplace")}
                for i in range(len(script))
            ]
        self._write(
            "file_planned",
            name=migration.name,
            path=str(script.file.path),
            size=script.file.size,
            mode=script.mode,
            reason=script.reason,
            statements=len(script),
            failed_before=migration.state == "failed",
            written_since=migration.written_since,
            resumed=done,
            warnings=[{"line": it.line, "message": it.message} for it in script.warnings],
            **sql,
        )

    def previewed(self, name: str, preview: "BatchesPreview") -> None:
        """An event ``batches_planned``."""
        self._write("batches_planned", name=name, **asdict(preview))

    def advised(self, advice: "Iterable[Advice]") -> None:
        """An event ``advice`` for each."""
        from schemamig_tui.reporting.advice_json import advice_as_json

        for item in advice:
            self._write("advice", **advice_as_json(item))

    def plan_ended(self, planned: int, refused: int) -> None:
        """An event ``plan_finished``."""
        self._write("plan_finished", planned=planned, refused=refused)

    def saved(self, path: Path) -> None:
        """An event ``plan_saved``."""
        self._write("plan_saved", path=str(path))

    def created(self, path: Path) -> None:
        """An event ``migration_created``."""
        self._write("migration_created", name=path.name, path=str(path))

    def drafted(self, rollback: "Rollback") -> None:
        """An event ``rollback_drafted``."""
        from schemamig_tui.authoring.reversal.report import values

        self._write("rollback_drafted", **values(rollback))

    def drifted(self, migration: "Migration", drift: "Drift | None") -> None:
        """An event ``drift``."""
        version = drift.version if drift else None
        self._write(
            "drift",
            name=migration.name,
            changed=drift is not None,
            only_comments=drift.only_comments if drift else None,
            commit=version and version.commit._asdict(),
            changed_by=version and version.changed_by and version.changed_by._asdict(),
            diff=list(drift.lines()) if drift else [],
        )

    def compared(self, compared: "BranchComparison") -> None:
        """An event ``finding`` for each, and ``compared`` at the end."""
        for finding in compared.findings:
            self._write(
                "finding",
                name=finding.name,
                problem=finding.problem,
                renamed_to=finding.renamed_to,
                in_order=finding.in_order,
            )
        self._write(
            "compared",
            ref=compared.ref,
            last=compared.last,
            new=list(compared.new),
            findings=len(compared.findings),
        )

    def found(self, findings: "Iterable[LintFinding]") -> None:
        """An event ``lint_finding`` for each."""
        for one in findings:
            self._write(
                "lint_finding",
                rule=one.rule,
                severity=str(one.severity),
                name=one.file,
                line=one.line,
                column=one.column,
                message=one.message,
                safer=one.safer,
                verdict=one.table_state,
            )

    def linted(self, report: "LintReport", level: "Severity") -> None:
        """An event ``lint_finding`` for each, and ``lint_finished``."""
        for remark in report.remarks:
            self.warning(remark)
        self.found(report.findings)
        self._write(
            "lint_finished",
            files=list(report.by_file),
            findings=sum(map(len, report.by_file.values())),
            failing=report.at_least(level),
        )

    def reading_schema(self) -> None:
        """An event ``docs_started``."""
        self._write("docs_started")

    def documented(self, generated: "Generated") -> None:
        """An event ``docs_generated``."""
        document = generated.document
        self._write(
            "docs_generated",
            path=str(generated.path),
            state=generated.state,
            tables=len(document.tables),
            enums=len(document.enums),
            foreign_keys=len(document.refs),
            in_notes=document.beyond,
            left_out=document.left_out,
            lost=list(generated.lost),
        )

    def validated(self, validated: "Validated") -> None:
        """An event ``docs_difference`` for each, and ``docs_validated`` at the end."""
        for difference in validated.differences:
            self._write("docs_difference", **asdict(difference))
        count = len(validated.differences)
        self._write("docs_validated", path=str(validated.path), differences=count)

    def explained(self, rule: str, page: str) -> None:
        """An event ``rule_explained``."""
        self._write("rule_explained", rule=rule, page=page)

    def verifying(self, name: str, number: int, total: int) -> None:
        """An event ``verifying``."""
        self._write("verifying", name=name, number=number, total=total)

    def verified(self, found: "SchemaVerification", directory: Path) -> None:
        """A ``file_failed`` or an event for each difference, and ``verified`` at the end."""
        from schemamig_tui.headless.verify_json import verification_events

        for name, values in verification_events(found):
            self._write(name, **values)

    def repaired(self, repairs: "Sequence[Repair]") -> None:
        """An event ``repaired`` for each."""
        for name, before, after in repairs:
            self._write("repaired", name=name, before=_row(before), after=_row(after))

    def adopted(self, adoption: "Adoption") -> None:
        """An event ``file_adopted`` for each, and ``adopted`` at the end."""
        from schemamig_tui.headless.adoption_report import adoption_events

        for name, values in adoption_events(adoption):
            self._write(name, **values)

    def settings_shown(self, settings: "Sequence[ShownSetting]") -> None:
        """An event ``setting`` for each."""
        for setting in settings:
            self._write("setting", **setting._asdict())

    def run(self, directory: Path, to: str | None, warn_after: float | None) -> "Listener":
        """An event for each of the run's; the last one names the files that were slow."""
        as_json_of_run = RunAsJson(warn_after)

        def listen(event: "Event") -> None:
            name, values = as_json_of_run(event)
            self._write(name, **values)

        return listen

    def rehearsal(self, directory: Path, to: str | None) -> "RehearsalListener":
        """An event for each of the rehearsal's."""
        return self._event

    def _event(self, event: "RehearsalEvent") -> None:
        name, values = as_json(event)
        self._write(name, **values)


def _moment(applied_at: datetime | str | None) -> str | None:
    return applied_at.isoformat() if isinstance(applied_at, datetime) else applied_at


def _row(row: "LedgerRow | None") -> dict[str, Any] | None:
    if row is None:
        return None
    values = row._asdict()
    del values["filename"]
    return {**values, "applied_at": _moment(row.applied_at)}
