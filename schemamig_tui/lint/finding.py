"""The values that linting returns."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from schemamig_tui.sql.words import Name
from schemamig_tui.units import plural


class Severity(IntEnum):
    """How much a finding matters: the greatest the most."""

    NOTE = 1
    WARNING = 2
    ERROR = 3

    def __str__(self) -> str:
        return self.name.lower()


class LintFinding(NamedTuple):
    """What a rule has found at ``line`` (from 1) of ``file``, in its statement ``statement``.

    ``statement`` counts from 0; None: it is about no single one. ``column`` counts characters from
    1, where it is known. ``message`` says what is wrong, ``safer`` the way out, ``table_state``
    what the database says of the ``table`` that it is about. The texts may hold what stands
    in the file: they are to be made visible where they are shown.
    """

    rule: str
    severity: Severity
    file: str
    line: int
    message: str
    safer: str | None = None
    table_state: str | None = None
    column: int | None = None
    statement: int | None = None
    table: Name | None = None

    @property
    def sentence(self) -> str:
        """What is wrong, what the database says of it, and the rule."""
        return f"{self.message}{self._end}"

    @property
    def brief(self) -> str:
        """The same with the first sentence alone of what is wrong, of which squawk has several."""
        return f"{self.message.partition('. ')[0]}{self._end}"

    @property
    def _end(self) -> str:
        state = f" ({self.table_state})" if self.table_state else ""
        return f"{state} [{self.rule}]"


@dataclass(frozen=True, slots=True)
class LintReport:
    """The findings in each file that was looked at, in the order of the files and lines.

    ``remarks`` are sentences on what could not be looked at.
    """

    by_file: Mapping[str, tuple[LintFinding, ...]]
    remarks: tuple[str, ...] = ()

    @property
    def findings(self) -> Iterator[LintFinding]:
        """The findings in all files."""
        return (finding for found in self.by_file.values() for finding in found)

    def of(self, file: str) -> tuple[LintFinding, ...]:
        """The findings in one file."""
        return self.by_file.get(file, ())

    def at_least(self, level: Severity) -> int:
        """How many findings matter as much as ``level``, or more."""
        return sum(finding.severity >= level for finding in self.findings)


def counted(findings: Iterable[LintFinding]) -> str:
    """How many there are of each severity: ``1 error, 2 notes``."""
    severities = [finding.severity for finding in findings]
    counts = [
        plural(count, str(severity))
        for severity in reversed(Severity)
        if (count := severities.count(severity))
    ]
    return ", ".join(counts) or "no findings"
