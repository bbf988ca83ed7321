"""Reports a rehearsal for people while it goes on."""

from pathlib import Path

from schemamig_tui.catalog.render import render
from schemamig_tui.engine import describe
from schemamig_tui.engine.batch_events import BatchRehearsed
from schemamig_tui.engine.batch_wording import batch_event
from schemamig_tui.engine.events import FileFailed, FileStarted, RunStarted, StatementFinished
from schemamig_tui.headless.output import Output
from schemamig_tui.headless.run_report import RunReport
from schemamig_tui.headless.wording import nothing_to_do
from schemamig_tui.rehearsal.events import (
    FileLeftOut,
    FileRehearsed,
    LocksTaken,
    RehearsalEvent,
    RehearsalFinished,
    RelationLock,
    RelationsRewritten,
    ScratchUsed,
    WorkDone,
)
from schemamig_tui.rehearsal.wording import (
    BEFORE,
    UNCOUNTED,
    blocking,
    exclusive,
    left_behind,
    on_scratch,
    over_budget,
    there,
    work,
)
from schemamig_tui.reporting.rehearsal_page import SLOW
from schemamig_tui.text import visible
from schemamig_tui.units import compact, plural

# Of a file with more statements, only those that do something are reported one by one.
_FEW = 50
_MOST = 10
_COLORS = {"+": "green", "-": "red", "~": "yellow"}


class RehearsalReport:
    """The listener of one rehearsal. What it found goes to stdout, why it failed to stderr."""

    def __init__(self, out: Output, err: Output, directory: Path, to: str | None) -> None:
        self._out = out
        self._err = err
        self._directory = directory
        self._to = to
        self._run = RunReport(out, err, directory, to)
        self._has_begun = self._on_scratch = False
        self._statements = self._quiet = 0
        self._pending: StatementFinished | None = None
        self._tag = ""

    def __call__(self, event: RehearsalEvent) -> None:
        """Report ``event``."""
        out = self._out
        match event:
            case ScratchUsed():
                self._on_scratch = True
                where, tells = on_scratch(event)
                out.write(where)
                self._err.write(tells)
            case RunStarted(files):
                self._has_begun = True
                out.write(f"Rehearsing {len(files)} pending migration(s)...\n")
                if not self._on_scratch:
                    self._err.write(
                        "Everything will be rolled back, but not what sequences have given out."
                        f" Until then all locks are held. {BEFORE}"
                    )
            case FileStarted(name):
                out.write(f"  Rehearsing: {visible(name)}")
                self._statements, self._quiet = event.statements, 0
            case StatementFinished():
                self._finished(event)
            case LocksTaken(locks=locks):
                self._write_pending()
                for lock in locks:
                    out.write(f"      lock: {self._lock(lock)}")
            case RelationsRewritten(relations=relations, sizes=sizes):
                self._write_pending()
                for relation in relations:
                    what = visible(relation) + there(relation, sizes)
                    out.write(f"      {out.paint('yellow', 'rewritten:')} {what}")
            case WorkDone():
                self._work(event)
            case BatchRehearsed():
                self._write_pending()
                out.write(f"      {batch_event(event)}")
            case FileRehearsed():
                self._rehearsed(event)
            case FileLeftOut(name, reason):
                mark = out.paint("yellow", out.pending)
                out.write(f"  {mark} Left out: {visible(name)}: {visible(reason)}")
            case FileFailed(name, ms, failure):
                out.write(f"  {out.paint('red', out.failed)} Failed after {compact(ms)}")
                self._err.write(describe(failure, str(self._directory / name)))
            case RehearsalFinished() if self._has_begun:
                self._summary(event)
            case RehearsalFinished():
                out.write(nothing_to_do(None, self._to, len(event.unwritten)))
            case _:
                self._run(event)

    def _finished(self, event: StatementFinished) -> None:
        """Report a statement; in a long file a quick one only if it did something."""
        if self._pending:
            self._quiet += 1
        self._pending = event
        self._tag = event.tag
        if self._statements <= _FEW or (event.ms or 0) >= SLOW:
            self._write_pending()

    def _work(self, event: WorkDone) -> None:
        lines = [*work(event, self._tag)]
        if lines:
            self._write_pending()
        for line in lines:
            self._out.write(f"      {visible(line)}")

    def _write_pending(self) -> None:
        if event := self._pending:
            took = "" if event.ms is None else f", {compact(event.ms)}"
            self._out.write(f"    line {event.line}: {visible(event.tag)}{took}")
            self._pending = None

    def _lock(self, lock: RelationLock) -> str:
        blocks = f", blocks {', '.join(lock.blocks)}" if lock.blocks else ""
        text = visible(f"{lock.mode} on {lock.relation}{blocks}")
        return self._out.paint("yellow", text) if "reads" in lock.blocks else text

    def _rehearsed(self, event: FileRehearsed) -> None:
        out = self._out
        if quiet := self._quiet + bool(self._pending):
            others = plural(quiet, "other statement")
            each = "" if event.ms is None else f", each under {SLOW}ms,"
            out.write(f"    and {others}{each} that took no new lock")
        self._pending = None
        for line in render(event.changes):
            text = f"{'    ' * line.depth}{line.sign} {line.text}"
            out.write(
                f"    {out.paint(_COLORS[line.sign], text) if line.sign in _COLORS else text}"
            )
        took = "" if event.ms is None else f" in {compact(event.ms)}"
        out.write(f"  {out.paint('green', out.done)} Rehearsed{took}{exclusive(event, compact)}")

    def _summary(self, event: RehearsalFinished) -> None:
        out = self._out
        out.write(f"\n{out.paint('bold', 'Rehearsal Summary')}")
        out.write(f"  Success: {len(event.rehearsed)}")
        for title, count in (
            ("Left out", len(event.left_out)),
            ("Failed", int(event.failed is not None)),
            ("Remaining", len(event.remaining)),
        ):
            if count:
                out.write(f"  {title}: {count}")
        for outage in event.outages[:_MOST]:
            text = blocking(outage, event.sizes, compact, visible)
            out.write(f"  {out.paint('yellow', text)}")
        for does, relations in (("Rewrites", event.rewritten), ("Empties", event.emptied)):
            for relation in relations[:_MOST]:
                out.write(f"  {does} {visible(relation)}{there(relation, event.sizes)}")
        lists = (event.outages, event.rewritten, event.emptied)
        if more := sum(len(one[_MOST:]) for one in lists):
            out.write(f"  and {more} more")
        if not self._on_scratch:
            out.write(f"  Rolled back after {compact(event.ms)}")
        for name in event.sequences:
            out.write(f"  {out.paint('yellow', 'moved on:')} sequence {visible(name)}")
        for line in over_budget(event):
            self._err.write(visible(line))
        for line in left_behind(event):
            out.write(f"  {out.paint('yellow', 'left behind:')} {visible(line)}")
        if not event.counted:
            self._err.write(UNCOUNTED)
        if event.cancelled:
            self._err.write("Cancelled.")
