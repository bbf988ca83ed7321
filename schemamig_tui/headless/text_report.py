"""Reports for people, in the wording of the original system: data to stdout, the rest to stderr."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from schemamig_tui.engine.ledger.wording import for_people
from schemamig_tui.errors import SchemamigError
from schemamig_tui.headless.output import Output
from schemamig_tui.headless.wording import WRITTEN_SINCE, nothing_to_do
from schemamig_tui.text import cells, visible
from schemamig_tui.units import plural, size

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
    from schemamig_tui.engine.events import Listener
    from schemamig_tui.engine.ledger.repairs import Repair
    from schemamig_tui.lint.finding import LintFinding, LintReport, Severity
    from schemamig_tui.rehearsal.events import RehearsalListener
    from schemamig_tui.scratch.verified import SchemaVerification
    from schemamig_tui.settings.shown import ShownSetting


class TextReport:
    """The ``Reporter`` for people."""

    def __init__(self, out: Output, err: Output) -> None:
        self._out = out
        self._err = err
        self._passed_over: Sequence[tuple[str, str]] = ()
        self._waiting_for: str | None = None
        self._heading_due = False

    def connecting(self, route: str, passed_over: Sequence[tuple[str, str]]) -> None:
        """Remember what was tried before."""
        self._passed_over = passed_over

    def connected(self, database: "Identity") -> None:
        """Name the database, and below it what was tried before."""
        self._err.write(visible(f"Database: {database}"))
        if reasons := "; ".join(f"{place}: {reason}" for place, reason in self._passed_over):
            self._err.write(visible(f"Passed over: {reasons}"))

    def waiting(self, seconds_left: float, reason: str) -> None:
        """One line for every new reason, so that a log stays short."""
        if reason != self._waiting_for:
            self._waiting_for = reason
            self._err.write(f"Waiting up to {seconds_left:.0f}s for the server: {visible(reason)}")

    def warning(self, message: str) -> None:
        """One line on stderr."""
        self._err.write(f"{self._err.paint('yellow', 'warning:')} {visible(message)}")

    def error(self, error: SchemamigError) -> None:
        """The message, behind its place in a file if it has one, and the way out below it."""
        message = visible(error.placed_message, keep_newlines=True)
        self._err.write(f"{self._err.paint('red', 'error:')} {message}")
        if error.hint:
            self._err.write(f"hint: {visible(error.hint, keep_newlines=True)}")

    # -- --list and --check

    def listed(self, status: "Status") -> None:
        """The sections of the original system, and one for what failed."""
        out = self._out
        sections = (
            ("Applied", status.applied, out.paint("green", out.done)),
            ("Failed", status.failed, out.paint("red", out.failed)),
            ("Unknown", status.unknown, out.paint("yellow", "?")),
            ("Pending", status.pending, out.paint("yellow", out.pending)),
        )
        lines: list[str] = []
        for title, migrations, mark in sections:
            if migrations:
                lines.append(out.paint("bold", f"{title} Migrations:"))
                for migration in migrations:
                    lines += self._listed(migration, mark)
                lines.append("")
        total = [f"{len(status.applied)} applied", f"{len(status.pending)} pending"]
        total += _counts(
            failed=status.failed,
            unknown=status.unknown,
            changed=status.changed,
            missing=status.missing,
        )
        out.write("\n".join([*lines, f"Total: {', '.join(total)}"]))

    def _listed(self, migration: "Migration", mark: str) -> Iterator[str]:
        row = migration.row
        remarks = "".join(self._out.paint("yellow", f"  {what}") for what in _remarks(migration))
        if row is None or migration.written_since:
            yield f"  {mark} {visible(migration.name)}{remarks}"
            return
        yield f"  {mark} {visible(migration.name)} ({visible(row.when)}){remarks}"
        if row.success is None:
            yield "      the ledger does not say whether it was applied: its success is NULL"
        if not row.success and row.error_message:
            for line in visible(for_people(row.error_message), keep_newlines=True).splitlines():
                yield f"      {line}"

    def checked(self, status: "Status") -> None:
        """One line for each migration that is not as it should be, or one that all are."""
        out = self._out
        mark = out.paint("red", out.failed)
        lines = [
            f"  {mark} {visible(one.name)}: {what_is_wrong(one)}" for one in status.not_in_order
        ]
        if not lines:
            out.write(f"Up to date: {len(status.applied)} applied")
            return
        counts = _counts(
            pending=status.pending,
            failed=status.failed,
            unknown=status.unknown,
            changed=status.changed,
            missing=status.missing,
        )
        out.write("\n".join([f"Not up to date: {', '.join(counts)}", *lines]))

    # -- --dry-run

    def plan_started(self, status: "Status", to: str | None, total: int, waiting: int) -> None:
        """A heading in front of the first file that can run, or that nothing is pending."""
        self._heading_due = total > 0
        if not total:
            unwritten = len(status.unwritten(to))
            self._out.write(nothing_to_do(len(status.applied), to, unwritten, waiting))

    def planned(
        self, migration: "Migration", script: "Script", *, done: int, with_sql: bool
    ) -> None:
        """How it would be run and why, its size, its warnings, and its SQL."""
        out = self._out
        retry = out.paint("yellow", "  failed before") if migration.state == "failed" else ""
        amount = f"{plural(len(script), 'statement')}, {size(script.file.size)}"
        lines = [
            f"  {out.paint('yellow', out.pending)} {visible(migration.name)}{retry}",
            f"      {script.mode}: {visible(script.reason)}",
            f"      {amount}",
        ]
        if migration.written_since:
            lines.append(f"      {out.paint('yellow', WRITTEN_SINCE)}")
        if done:
            lines.append(f"      goes on after statement {done} of {len(script)}")
        for warning in script.warnings:
            title = out.paint("yellow", "warning:")
            lines.append(f"      {title} line {warning.line}: {visible(warning.message)}")
        if with_sql:
            lines.insert(0, "")
        if self._heading_due:
            lines.insert(0, out.paint("bold", "Pending Migrations:"))
            self._heading_due = False
        out.write("\n".join(lines))
        for i in range(len(script)) if with_sql else ():
            sql = script.sql(i).decode(errors="backslashreplace")
            out.write(f"\n{visible(sql, keep_newlines=True)};")

    def previewed(self, name: str, preview: "BatchesPreview") -> None:
        """The key of a statement in batches, and its first batch, below its file."""
        from schemamig_tui.headless.batch_report import preview_lines

        self._out.write("\n".join(preview_lines(preview, self._out)))

    def advised(self, advice: "Iterable[Advice]") -> None:
        """A paragraph of its own, with the way out below each."""
        out = self._out
        lines: list[str] = []
        for item in advice:
            color = "yellow" if item.severity == "warning" else "bold"
            place = f"{item.place}: " if item.place else ""
            lines.append(f"  {out.paint(color, f'{item.severity}:')} {place}{item.message}")
            lines += [f"      {item.hint}"] if item.hint else []
        if lines:
            out.write("\n".join(["", out.paint("bold", "Before you apply:"), *lines]))

    def plan_ended(self, planned: int, refused: int) -> None:
        """The counts, and that nothing was changed."""
        counts = [f"{planned} to apply", *([f"{refused} refused"] if refused else [])]
        if planned or refused:
            self._out.write(f"\nTotal: {', '.join(counts)}; nothing was changed")

    def saved(self, path: Path) -> None:
        """What it is good for."""
        place = visible(str(path))
        self._out.write(f"Saved: --apply --plan {place} applies exactly this, or nothing")

    # -- --show-settings

    def settings_shown(self, settings: "Sequence[ShownSetting]") -> None:
        """A table of three columns."""
        rows = [(name, value or "not set", source) for name, value, source in settings]
        names, values = (max(cells(row[column]) for row in rows) for column in (0, 1))
        for name, value, source in rows:
            gaps = " " * (names - cells(name)), " " * (values - cells(value))
            self._out.write(f"{name}{gaps[0]}  {value}{gaps[1]}  {source}")

    # -- --new and --new-rollback

    def created(self, path: Path) -> None:
        """One line with the path."""
        self._out.write(f"Created {visible(str(path))}")

    def drafted(self, rollback: "Rollback") -> None:
        """The path, and what became of the rehearsal."""
        from schemamig_tui.authoring.reversal.report import differences, sentences

        self.created(rollback.path)
        out = self._out
        for good, sentence in sentences(rollback):
            mark = out.paint("green", out.done) if good else out.paint("yellow", out.pending)
            out.write(f"  {mark} {sentence}")
        for line in differences(rollback.trial):
            out.write(f"      {line}")

    # -- --diff and --check --against

    def drifted(self, migration: "Migration", drift: "Drift | None") -> None:
        """The commits, and a unified diff."""
        from schemamig_tui.headless.history_report import diff_lines

        self._out.write("\n".join(diff_lines(migration, drift, self._out)))

    def compared(self, compared: "BranchComparison") -> None:
        """One line for each file that is not as it should be, or one that all are."""
        from schemamig_tui.authoring.wording import comparison_lines

        mark = self._out.paint("red", self._out.failed)
        for style, line in comparison_lines(compared):
            self._out.write(f"  {mark} {line}" if style == "bad" else line)

    # -- --lint, also as a part of --dry-run, and --explain

    def found(self, findings: "Sequence[LintFinding]") -> None:
        """What is more than a note, below its file."""
        from schemamig_tui.headless.lint_report import planned_lines

        for line in planned_lines(findings, self._out):
            self._out.write(line)

    def linted(self, report: "LintReport", level: "Severity") -> None:
        """The findings by file, and how many there are."""
        from schemamig_tui.headless.lint_report import lint_lines

        for remark in report.remarks:
            self.warning(remark)
        self._out.write("\n".join(lint_lines(report, self._out)))

    def explained(self, rule: str, page: str) -> None:
        """The page."""
        self._out.write(page.rstrip())

    # -- --docs-generate and --docs-validate

    def reading_schema(self) -> None:
        """One line, for those who wait."""
        self._err.write("Reading the schema...")

    def documented(self, generated: "Generated") -> None:
        """What is in the file, and what it could not take over."""
        from schemamig_tui.headless.docs_report import generated_lines

        self._out.write("\n".join(generated_lines(generated)))

    def validated(self, validated: "Validated") -> None:
        """The differences, table by table, or that there are none."""
        from schemamig_tui.docs.wording import validated_lines

        self._out.write_styled(validated_lines(validated))

    # -- --verify

    def verifying(self, name: str, number: int, total: int) -> None:
        """How far it is, on stderr."""
        from schemamig_tui.scratch.wording import replaying

        self._err.write(replaying(name, number, total))

    def verified(self, found: "SchemaVerification", directory: Path) -> None:
        """The differences by what they mean, or that there are none."""
        from schemamig_tui.scratch.wording import verification_lines

        self._out.write_styled(verification_lines(found, directory))

    # -- --mark-applied and its kin, and --adopt

    def repaired(self, repairs: "Sequence[Repair]") -> None:
        """The row of each, before and after."""
        for repair in repairs:
            self._out.write(self._out.paint("bold", visible(repair.name)))
            for line in repair.lines:
                self._out.write(f"  {line}")

    def adopted(self, adoption: "Adoption") -> None:
        """A line for each file, and the numbers below."""
        from schemamig_tui.authoring.adopt.wording import file_lines, summary

        for line in (*file_lines(adoption), summary(adoption)):
            self._out.write(line)

    # -- --apply and --rehearse

    def run(self, directory: Path, to: str | None, warn_after: float | None) -> "Listener":
        """See ``RunReport``."""
        from schemamig_tui.headless.run_report import RunReport

        return RunReport(self._out, self._err, directory, to, warn_after)

    def rehearsal(self, directory: Path, to: str | None) -> "RehearsalListener":
        """See ``RehearsalReport``."""
        from schemamig_tui.headless.rehearsal_report import RehearsalReport

        return RehearsalReport(self._out, self._err, directory, to)


def what_is_wrong(migration: "Migration") -> str:
    """Why ``--check`` finds a migration."""
    states = [] if migration.state == "applied" else [migration.state]
    return ", ".join([*states, *_remarks(migration)])


def _remarks(migration: "Migration") -> Iterator[str]:
    if migration.changed:
        ended = {"applied": "was applied", "failed": "failed"}
        yield f"changed since it {ended.get(migration.state, 'was recorded')}"
    if migration.batches_done:
        yield f"its batches are not done: {visible(migration.batches_done)}"
    if migration.renamed_to:
        yield f"renamed to {visible(migration.renamed_to)}"
    elif migration.missing:
        yield "its file is missing"
    if migration.recorded_as:
        yield f"recorded as {visible(migration.recorded_as)}"
    if migration.written_since:
        yield WRITTEN_SINCE
    if migration.unwritten:
        yield "not written yet"
    elif migration.has_nothing:
        yield "empty"


def _counts(**migrations: "tuple[Migration, ...]") -> list[str]:
    return [f"{len(found)} {what}" for what, found in migrations.items() if found]
