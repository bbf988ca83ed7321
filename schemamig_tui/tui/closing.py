"""The exit code of a session in the UI, and the line that the shell shows of it."""

from dataclasses import dataclass

from schemamig_tui.connect import Identity
from schemamig_tui.errors import ExitCode, PlanChanged
from schemamig_tui.text import visible
from schemamig_tui.tui.engine_thread import EngineThread
from schemamig_tui.units import plural

_SIGNALLED = 128
"""Added to a signal's number: the exit status by which shells tell it (the manual of bash)."""


@dataclass(frozen=True)
class Closing:
    """How a session has ended: ``line`` is for the normal screen, or empty."""

    exit_code: int
    line: str


@dataclass
class SessionTally:
    """Counts what the runs of a session have done. Rehearsals do not count: they change nothing."""

    applied: int = 0
    failed: int = 0
    cancelled: int = 0
    last_failed: bool = False

    def add(self, run: EngineThread) -> None:
        """Count a run that is over."""
        if run.doing or isinstance(run.error, PlanChanged):
            return
        progress = run.progress
        finished = progress.finished
        self.applied += len(finished.applied) if finished else progress.applied
        self.last_failed = run.error is not None or progress.failed is not None
        if self.last_failed and run.cancelled:
            self.cancelled += 1
        elif self.last_failed:
            self.failed += 1

    def closing(
        self, database: Identity | None, left: EngineThread | None, signal: int | None
    ) -> Closing:
        """What the shell gets. ``left`` is a run that was not waited for."""
        code = ExitCode.MIGRATION_FAILED if self.last_failed or left else ExitCode.DONE
        is_run = left is not None and not left.doing
        applied = self.applied + (left.progress.applied if left and is_run else 0)
        counts = [f"{plural(applied, 'migration')} applied"]
        counts += [f"{self.failed:,} failed"] if self.failed else []
        counts += [f"{self.cancelled:,} cancelled"] if self.cancelled else []
        if is_run:
            counts.append("a run was cancelled and not waited for: --list shows what it has kept")
        elif left:
            counts.append("a rehearsal was not waited for, which is rolled back")
        line = f"{', '.join(counts)}; database {visible(str(database))}" if database else ""
        return Closing(code if signal is None else _SIGNALLED + signal, line)
