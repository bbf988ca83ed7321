"""Errors, findings and advice as annotations of a workflow, besides the report for people.

The commands: https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
"""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from schemamig_tui.errors import FilesError, SchemamigError
from schemamig_tui.headless.output import Output
from schemamig_tui.headless.text_report import TextReport, what_is_wrong
from schemamig_tui.text import visible

if TYPE_CHECKING:
    from schemamig_tui.advice.advice import Advice
    from schemamig_tui.authoring.against import BranchComparison
    from schemamig_tui.engine import Status
    from schemamig_tui.engine.events import Listener
    from schemamig_tui.lint.finding import LintFinding, LintReport, Severity
    from schemamig_tui.rehearsal.events import RehearsalEvent, RehearsalListener

Level = Literal["error", "warning", "notice"]


def annotation(
    level: Level,
    message: str,
    *,
    file: str | None = None,
    line: int | None = None,
    column: int | None = None,
) -> str:
    """The line of output from which a workflow makes an annotation."""
    places = {"file": file, "line": line, "col": column}
    known = (f"{key}={_property(str(value))}" for key, value in places.items() if value)
    return f"::{level} {','.join(known)}".rstrip() + f"::{_data(message)}"


def _data(text: str) -> str:
    text = visible(text, keep_newlines=True)
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


class AnnotatedReport(TextReport):
    """``--annotations github``: the usual report, with annotations on stdout.

    ``directory`` is the folder that the files of the advice are in.
    """

    def __init__(self, out: Output, err: Output, directory: Path) -> None:
        super().__init__(out, err)
        self._directory = directory

    def error(self, error: SchemamigError) -> None:
        """An ``error``, at its place in a file where it has one."""
        super().error(error)
        place: dict[str, Any] = {}
        if isinstance(error, FilesError):
            place = {"file": str(error.path), "line": error.line, "column": error.column}
        self._annotate("error", error.message, error.hint, **place)

    def warning(self, message: str) -> None:
        """A ``warning`` without a place."""
        super().warning(message)
        self._annotate("warning", message, None)

    def checked(self, status: "Status") -> None:
        """An ``error`` for each migration that is not as it should be."""
        super().checked(status)
        for migration in status.not_in_order:
            file = str(self._directory / migration.name) if migration.file else None
            message = f"{migration.name}: {what_is_wrong(migration)}"
            self._annotate("error", message, None, file=file)

    def compared(self, compared: "BranchComparison") -> None:
        """An ``error`` for each file that is not as it should be."""
        from schemamig_tui.authoring.wording import problem_in_words

        super().compared(compared)
        for finding in compared.findings:
            what = problem_in_words(finding, compared)
            file = str(self._directory / (finding.renamed_to or finding.name))
            self._annotate("error", f"{finding.name}: {what}", None, file=file)

    def advised(self, advice: "Iterable[Advice]") -> None:
        """A ``warning`` or ``notice`` for each; what other sessions run is left out."""
        found = [*advice]
        super().advised(found)
        for one in found:
            level: Level = "warning" if one.severity == "warning" else "notice"
            file = str(self._directory / one.file) if one.file else None
            self._annotate(level, one.without_query, one.hint, file=file, line=one.line)

    def found(self, findings: "Sequence[LintFinding]") -> None:
        """An annotation for each finding in a file that is planned."""
        super().found(findings)
        self._annotate_findings(findings)

    def linted(self, report: "LintReport", level: "Severity") -> None:
        """An annotation for each finding."""
        super().linted(report, level)
        self._annotate_findings(report.findings)

    def _annotate_findings(self, findings: "Iterable[LintFinding]") -> None:
        levels: tuple[Level, ...] = ("notice", "warning", "error")
        for one in findings:
            self._annotate(
                levels[one.severity - 1],
                " ".join(filter(None, (one.message, one.table_state))),
                one.safer,
                file=str(self._directory / one.file),
                line=one.line,
                column=one.column,
            )

    def run(self, directory: Path, to: str | None, warn_after: float | None) -> "Listener":
        """An ``error`` for the file that fails."""
        return self._with_errors(directory, super().run(directory, to, warn_after))

    def rehearsal(self, directory: Path, to: str | None) -> "RehearsalListener":
        """An ``error`` for the file that fails, a ``warning`` for a scratch that is unlike."""
        from schemamig_tui.rehearsal.events import ScratchUsed
        from schemamig_tui.rehearsal.wording import unlike

        report = self._with_errors(directory, super().rehearsal(directory, to))

        def listen(event: "RehearsalEvent") -> None:
            report(event)
            if isinstance(event, ScratchUsed) and (sentence := unlike(event)):
                self._annotate("warning", sentence, None)

        return listen

    def _with_errors(self, directory: Path, report: Callable[[Any], None]) -> Callable[[Any], None]:
        from schemamig_tui.engine.events import FileFailed

        def listen(event: object) -> None:
            report(event)
            if isinstance(event, FileFailed):
                failure = event.failure
                place = failure.place
                self._annotate(
                    "error",
                    failure.message,
                    failure.hint,
                    file=str(directory / event.name),
                    line=place.line if place else None,
                    column=place.column if place else None,
                )

        return listen

    def _annotate(self, level: Level, message: str, hint: str | None, **place: Any) -> None:  # noqa: ANN401
        text = "\n".join(filter(None, (message, hint)))
        self._out.write(annotation(level, text, **place))
