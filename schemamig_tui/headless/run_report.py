"""Reports a run for people while it goes on."""

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from schemamig_tui.engine.events import (
    BatchEvent,
    BlockedSeen,
    Event,
    FileApplied,
    FileFailed,
    FileRetried,
    FilesLost,
    FileStarted,
    FileWarned,
    LockAwaited,
    Notice,
    NoticeReceived,
    ProgressSeen,
    RunFinished,
    RunStarted,
    ServerAwaited,
    StatementFinished,
    VictimsSeen,
    Warned,
)
from schemamig_tui.headless.output import Output
from schemamig_tui.headless.wording import nothing_to_do
from schemamig_tui.text import visible
from schemamig_tui.units import compact, first, plural

if TYPE_CHECKING:
    from schemamig_tui.headless.batch_report import BatchReport
    from schemamig_tui.headless.insight_report import InsightReport


class RunReport:
    """The listener of one run. What the run did goes to stdout, why it failed to stderr.

    The summary marks files that took longer than ``warn_after`` seconds.
    """

    def __init__(
        self,
        out: Output,
        err: Output,
        directory: Path,
        to: str | None,
        warn_after: float | None = None,
    ) -> None:
        self._out = out
        self._err = err
        self._directory = directory
        self._to = to
        self._has_begun = False
        self._kept: int | None = 0
        self._obstacle: str | None = None
        self._in_batches = False
        self._warn_after = warn_after
        self._slow: list[FileApplied] = []

    def __call__(self, event: Event) -> None:
        """Report ``event``."""
        out = self._out
        match event:
            case RunStarted(files) if files:
                self._has_begun = True
                out.write(f"Applying {len(files)} pending migration(s)...\n")
            case Warned(message):
                title = self._err.paint("yellow", "warning:")
                self._err.write(f"{title} {visible(message)}")
            case FileStarted(name):
                after = f" (after statement {event.resumed} of {event.statements})"
                out.write(f"  Applying: {visible(name)}{after if event.resumed else ''}")
            case FileWarned(line=line, message=message):
                text = f"warning: line {line}: {visible(message)}"
                out.write(f"    {out.paint('yellow', text)}")
            case NoticeReceived(notice=notice):
                out.write(self._notice(notice))
            case LockAwaited() | ServerAwaited() | ProgressSeen() | BlockedSeen() | VictimsSeen():
                self._insight(event)
            case BatchEvent():
                self._in_batches = True
                self._batches(event)
            case StatementFinished():
                self._in_batches = False
            case FileRetried():
                self._retried(event)
            case FileApplied(ms=ms):
                if self._warn_after is not None and ms > self._warn_after * 1000:
                    self._slow.append(event)
                out.write(f"  {out.paint('green', out.done)} Applied in {compact(ms)}")
            case FilesLost():
                self._lost(event)
            case FileFailed():
                self._failed(event)
            case RunFinished() if self._has_begun:
                self._summary(event)
            case RunFinished(version=version):
                out.write(
                    nothing_to_do(version, self._to, len(event.unwritten), len(event.waiting))
                )

    @cached_property
    def _insight(self) -> "InsightReport":
        # Most runs are over before there is anything to see.
        from schemamig_tui.headless.insight_report import InsightReport

        return InsightReport(self._err)

    @cached_property
    def _batches(self) -> "BatchReport":
        from schemamig_tui.headless.batch_report import BatchReport

        return BatchReport(self._err)

    def _notice(self, notice: Notice) -> str:
        text = f"{notice.severity}: {notice.message}"
        # As psql does by default: no context, which would be most of the text.
        for title, more in (("DETAIL", notice.detail), ("HINT", notice.hint)):
            if more:
                text += f"\n{title}: {more}"
        text = visible(text, keep_newlines=True).replace("\n", "\n    ")
        return f"    {self._out.paint('yellow', text) if notice.severity == 'WARNING' else text}"

    def _retried(self, event: FileRetried) -> None:
        out = self._out
        mark = out.paint("yellow", out.failed)
        why = visible(event.failure.message)
        out.write(f"  {mark} Rolled back after {compact(event.ms)}: {why}")
        if event.blocked and not event.blocked.seconds:  # otherwise it has been reported before
            from schemamig_tui.engine.wording import had_lock

            for line in had_lock(event.blocked).splitlines():
                out.write(f"      {line}")
        pause = compact(event.pause_ms)
        out.write(f"  Trying again in {pause} (retry {event.retry} of {event.retries})")

    def _lost(self, event: FilesLost) -> None:
        mark = self._out.paint("red", self._out.failed)
        for name in event.names:
            self._out.write(f"  {mark} Lost: {visible(name)}")
        from schemamig_tui.engine.wording import LOST

        self._err.write(f"warning: the ledger does not hold any more what was applied: {LOST}")

    def _failed(self, event: FileFailed) -> None:
        from schemamig_tui.engine import describe

        mark = self._out.paint("red", self._out.failed)
        self._out.write(f"  {mark} Failed after {compact(event.ms)}")
        path = self._directory / event.name
        self._err.write(describe(event.failure, str(path)))
        if not event.recorded:
            why = f": {visible(event.unrecorded)}" if event.unrecorded else ""
            self._err.write(f"warning: the ledger could not record this failure{why}")
        self._kept = event.kept
        self._obstacle = event.obstacle

    def _summary(self, event: RunFinished) -> None:
        out = self._out
        version = "unknown" if event.version is None else plural(event.version, "migration")
        out.write(f"\n{out.paint('bold', 'Migration Summary')}")
        out.write(f"  Success: {len(event.applied)}")
        if event.lost:
            out.write(f"  Lost: {len(event.lost)}")
        if event.failed:
            out.write("  Failed: 1")
        if event.remaining:
            out.write(f"  Remaining: {len(event.remaining)}")
        out.write(f"  Total applied: {version}")
        for slow in self._slow:
            limit = compact((self._warn_after or 0) * 1000)
            text = f"Slow: {visible(slow.name)} took {compact(slow.ms)}, more than {limit}"
            out.write(f"  {out.paint('yellow', text)}")
        if event.forgotten:
            from schemamig_tui.engine.wording import forgotten

            self._err.write(f"warning: {forgotten(event.forgotten)}")
        self._way_out(event)

    def _way_out(self, event: RunFinished) -> None:
        if event.cancelled:
            self._err.write("Cancelled.")
        following = next(iter((*event.lost, *filter(None, [event.failed]), *event.remaining)), None)
        if following is None:
            return
        place = visible(str(self._directory / following))
        if event.version is None:
            self._err.write(
                "hint: the server could not be asked what it has kept; the next --apply asks it,"
                f" and goes on from there, with {place} at the latest"
            )
            return
        kept = "what was applied stays; " if event.version and not event.lost else ""
        done = self._kept if following == event.failed else 0
        after = f" after its {first(done, 'statement')}" if done else ""
        if self._in_batches and following == event.failed:
            after += ", behind its last batch"
        if self._obstacle and following == event.failed:
            self._err.write(
                f"hint: {kept}the next --apply cannot go on with {place}{after}:"
                f" {visible(self._obstacle)}"
            )
            return
        verb = "goes on" if event.version or after else "starts"
        self._err.write(f"hint: {kept}the next --apply {verb} with {place}{after}")
