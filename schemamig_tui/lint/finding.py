"""The values that linting returns."""

from dataclasses import dataclass
from enum import IntEnum

from schemamig_tui.sql.words import Name


class Severity(IntEnum):
    """How much a finding matters: the greatest the most."""

    NOTE = 1
    WARNING = 2
    ERROR = 3

    def __str__(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class LintFinding:
    """What a rule has found at ``line`` (from 1) of ``file``, in its statement ``statement``.

    ``statement`` counts from 0; None: it is about no single one. ``column`` counts characters from
    1, where it is known. ``message`` says what is wrong, ``safer`` the way out, ``verdict`` what
    the database says of it. ``table`` is the one that it is about. The texts may hold what stands
    in the file: they are to be made visible where they are shown.
    """

    rule: str
    severity: Severity
    file: str
    line: int
    message: str
    safer: str | None = None
    verdict: str | None = None
    column: int | None = None
    statement: int | None = None
    table: Name | None = None

    @property
    def place(self) -> str:
        """``file:line``, which editors and terminals make clickable."""
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class LintReport:
    """All findings, in the order of the files and lines; ``files`` are those that were looked at.

    ``remarks`` are sentences on what could not be looked at.
    """

    files: tuple[str, ...]
    findings: tuple[LintFinding, ...]
    remarks: tuple[str, ...] = ()

    def of(self, file: str) -> tuple[LintFinding, ...]:
        """The findings in one file."""
        return tuple(finding for finding in self.findings if finding.file == file)

    def at_least(self, level: Severity) -> int:
        """How many findings matter as much as ``level``, or more."""
        return sum(finding.severity >= level for finding in self.findings)
