"""Runs a rehearsal in a thread of its own, and makes its report.

This module is not imported before the first rehearsal.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from schemamig_tui.advice.advice import Advice
from schemamig_tui.catalog.render import render
from schemamig_tui.connect import Target
from schemamig_tui.engine import Plan, describe
from schemamig_tui.engine.events import (
    FileFailed,
    FileStarted,
    NoticeReceived,
    StatementFinished,
    Warned,
)
from schemamig_tui.engine.script.files import MigrationFile
from schemamig_tui.rehearsal.events import (
    FileLeftOut,
    FileRehearsed,
    LocksTaken,
    Outage,
    RehearsalEvent,
    RehearsalFinished,
    RelationLock,
    RelationsRewritten,
    ScratchUsed,
    WorkDone,
)
from schemamig_tui.rehearsal.rehearsal import Rehearsal
from schemamig_tui.rehearsal.wording import (
    SCRATCH_CANNOT_TELL,
    UNCOUNTED,
    left_behind,
    over_budget,
    there,
    unlike,
)
from schemamig_tui.reporting.recorder import RunRecorder
from schemamig_tui.reporting.rehearsal_page import RehearsalPage
from schemamig_tui.scratch.replay import seldom
from schemamig_tui.settings import Settings
from schemamig_tui.tui import clock
from schemamig_tui.tui.cancelling import PROGRESS_SECONDS, CancelSwitch
from schemamig_tui.tui.engine_thread import EngineThread, RunProgress, TimedEvent
from schemamig_tui.tui.lines import Line, body, inline
from schemamig_tui.tui.log_lines import SLOW, event_lines
from schemamig_tui.tui.rehearsal_lines import (
    SchemaProgress,
    file_headline,
    lock_line,
    rewritten_lines,
    work_lines,
)
from schemamig_tui.units import duration, plural

_MOST_QUIET = 200  # statements of a file that say nothing
_MOST_OUTAGES = 5
_SIGNS = {"+": "good", "-": "bad", "~": "warn"}


def warning(settings: Settings) -> list[Line]:
    """The lines that explain a rehearsal before it starts."""
    limits = (
        (settings.rehearsal_lock_timeout, "for a lock"),
        (settings.rehearsal_statement_timeout, "for a statement"),
    )
    given = ", ".join(f"{most:g} s {what}" for most, what in limits if most is not None)
    return [
        (("plain", "They really run, in one transaction that is rolled back."),),
        (("warn", "! Locks are held until then; others wait for them."),),
        (("plain", f"  At most {given}." if given else "  Without a limit of time."),),
        (("warn", "! Not rolled back: sequences, dead rows, WAL, dblink."),),
        (),
    ]


def both_ways(settings: Settings) -> list[Line]:
    """The lines that explain what a rehearsal in the database can tell, and what one on a scratch.

    They are for a dialog in which ``y`` is the one, and ``s`` is the other.
    """
    where = settings.scratch if settings.scratch in ("embedded", "server") else "--scratch"
    first, *others = warning(settings)[:-1]
    return [
        (("strong", "y "), *first),
        *others,
        (("strong", "s "), ("plain", f"On a scratch ({where}), which has no rows: no lock here.")),
        (("plain", "  It tells locks, rewrites, scans"), ("warn", "; not times, or bad rows.")),
    ]


class RehearsalThread(EngineThread):
    """Rehearses a plan, and keeps what it finds as a ``page``, with the ``advice`` on it."""

    noun = "rehearsal"
    doing = "rehearsing"

    def __init__(
        self, target: Target, settings: Settings, plan: Plan, advice: Sequence[Advice] = ()
    ) -> None:
        super().__init__(plan, RehearsalProgress())
        self.page = RehearsalPage(advice)
        self.page.database = target.identity
        self._target, self._settings = target, settings
        self._recorder = RunRecorder(settings, target, self._take, self.warnings.append)

    def _take(self, event: RehearsalEvent) -> None:
        """Pass an event on. The page has every one, the queue may be too full for some."""
        self.page.take(event)
        self._enqueue(event)


class InPlaceThread(RehearsalThread):
    """Rehearses in the database: see ``Rehearsal.rehearse``."""

    kept = "Everything is rolled back, as it would be in any case."

    def __init__(
        self, target: Target, settings: Settings, plan: Plan, advice: Sequence[Advice] = ()
    ) -> None:
        super().__init__(target, settings, plan, advice)
        self._rehearsal = Rehearsal(
            target.connect,
            settings.directory,
            settings.table,
            self._recorder,
            limits=settings.rehearsal_limits,
            extension_hint=target.extension_hint,
        )

    def _perform(self) -> None:
        with self._recorder:
            self._rehearsal.rehearse(self.plan)

    def _stop(self) -> None:
        self._rehearsal.cancel()


class ScratchThread(RehearsalThread):
    """Rehearses on a scratch: see ``rehearse_on_scratch``."""

    at_first = "the scratch is made"
    kept = "The scratch is removed, as it would be in any case; the database is not touched."

    def __init__(
        self, target: Target, settings: Settings, plan: Plan, advice: Sequence[Advice] = ()
    ) -> None:
        super().__init__(target, settings, plan, advice)
        self._switch = CancelSwitch()

    def _take(self, event: RehearsalEvent) -> None:
        if isinstance(event, Warned):
            self.warnings.append(event.message)
        else:
            super()._take(event)

    def _perform(self) -> None:
        from schemamig_tui.scratch_rehearsal import rehearse_on_scratch

        with self._recorder:
            rehearse_on_scratch(
                self._target,
                self._settings,
                self._switch.on_wait,
                lambda found: self.plan,
                self._recorder,
                progress=seldom(self._progressed, PROGRESS_SECONDS),
                cancelling=self._switch.cancelling,
            )

    def _progressed(self, name: str, number: int, total: int) -> None:
        self._enqueue(SchemaProgress(name, number, total))

    def _stop(self) -> None:
        self._switch.cancel()


class RehearsalProgress(RunProgress):
    """The progress of a rehearsal: a file that is rehearsed or left out counts as applied."""

    def take(self, timed: TimedEvent) -> None:
        """Add an event."""
        event: object = timed.event
        if isinstance(event, FileRehearsed | FileLeftOut):
            self.file, self.applied = None, self.applied + 1
            return
        total = self.total
        super().take(timed)
        if isinstance(event, FileStarted):
            self.total = total  # those that are left out count as well


@dataclass
class _File:
    """What was found about one file: its statements, and their locks and rewrites by number.

    Of a file with many statements only those at its end are kept that are slow or took locks;
    ``quiet`` counts the others. A statement may have ``work`` twice, where its COMMIT does some.
    """

    name: str
    statements: list[StatementFinished] = field(default_factory=list)
    locks: dict[int, tuple[RelationLock, ...]] = field(default_factory=dict)
    rewritten: dict[int, list[RelationsRewritten]] = field(default_factory=dict)
    work: dict[int, list[WorkDone]] = field(default_factory=dict)
    notices: int = 0
    end: FileRehearsed | FileLeftOut | FileFailed | None = None
    quiet: int = 0

    def add(self, one: StatementFinished) -> None:
        """Add a statement; its locks come after it, so only the one before may be dropped."""
        before = self.statements[-1] if len(self.statements) > _MOST_QUIET else None
        if before and (before.ms or 0) < SLOW and not self._did(before.statement):
            self.statements.pop()
            self.quiet += 1
        self.statements.append(one)

    def _did(self, number: int) -> bool:
        return number in self.locks or number in self.rewritten or number in self.work


class Report:
    """The report of a rehearsal, file by file, from the events of ``thread``."""

    def __init__(self, thread: RehearsalThread) -> None:
        self.finished: RehearsalFinished | None = None
        self._scratch: ScratchUsed | None = None
        self._at = clock.now()
        self._total = len(thread.plan.migrations)
        self.thread = thread
        self._files: dict[str, _File] = {}

    def take(self, events: Iterable[object]) -> None:
        """Add events."""
        for event in events:
            match event:
                case NoticeReceived(name=name):
                    self._file(name).notices += 1
                case StatementFinished(name=name):
                    self._file(name).add(event)
                case LocksTaken(name=name, statement=number, locks=locks):
                    # The locks of a COMMIT come for the statement before it, which had its own.
                    before = self._file(name).locks.get(number, ())
                    self._file(name).locks[number] = before + locks
                case RelationsRewritten(name=name, statement=number):
                    self._file(name).rewritten.setdefault(number, []).append(event)
                case WorkDone(name=name, statement=number):
                    self._file(name).work.setdefault(number, []).append(event)
                case FileRehearsed(name=name) | FileLeftOut(name=name) | FileFailed(name=name):
                    self._file(name).end = event
                case ScratchUsed():
                    self._scratch = event
                case RehearsalFinished():
                    self.finished = event

    def _file(self, name: str) -> _File:
        return self._files.setdefault(name, _File(name))

    @property
    def title(self) -> Line:
        """The line for the log at the start."""
        what = f"Rehearsing {plural(self._total, 'migration')}"
        return (("strong", what), ("dim", f", to roll it all back  {clock.time_of(self._at)}"))

    def of(self, name: str) -> list[Line]:
        """The report on a file; no lines if it was not rehearsed."""
        file = self._files.get(name)
        if file is None or file.end is None:
            return []
        way = "on a scratch" if self._scratch else "and rolled back"
        when = f"Rehearsed {self._at:%Y-%m-%d} {clock.time_of(self._at)}, {way}"
        return [(("dim", when),), (), *_file_lines(file)]

    @property
    def lines(self) -> list[Line]:
        """The whole report; the file that has failed is the last one, and comes first."""
        lines = [*self.summary, ()]
        files = self._files.values()
        for file in sorted(files, key=lambda file: not isinstance(file.end, FileFailed)):
            lines += [*_file_lines(file), ()]
        lines += [(("dim", f"• {inline(name)}: not come to"),) for name in self._remaining]
        return lines

    def marks(self, files: Mapping[str, MigrationFile]) -> dict[str, tuple[MigrationFile, bool]]:
        """The files that were rehearsed, by name, and whether each of them went well.

        One that was cancelled has done neither.
        """
        cancelled = self.finished.failed if self.finished and self.finished.cancelled else None
        ends = (
            (name, self._files[name].end)
            for name in files
            if name in self._files and name != cancelled
        )
        return {
            name: (files[name], isinstance(end, FileRehearsed))
            for name, end in ends
            if isinstance(end, FileRehearsed | FileFailed)
        }

    @property
    def _remaining(self) -> tuple[str, ...]:
        return self.finished.remaining if self.finished else ()

    @property
    def summary(self) -> list[Line]:
        """The result of the rehearsal in a few lines."""
        finished = self.finished
        if finished is None:
            return [(("warn", "The rehearsal has not come to its end; nothing is changed."),)]
        counts: list[Line] = [(("good", f"{len(finished.rehearsed):,} rehearsed"),)]
        if finished.left_out:
            counts.append((("warn", f"{len(finished.left_out):,} left out"),))
        if finished.failed:
            counts.append((("bad", "1 cancelled" if finished.cancelled else "1 failed"),))
        if finished.remaining:
            counts.append((("warn", f"{len(finished.remaining):,} remaining"),))
        spans = [span for count in counts for span in (("dim", ", "), *count)][1:]
        took = f" in {duration(finished.ms)}; everything is rolled back"
        if self._scratch:
            took = f" on {inline(self._scratch.scratch)}"
        lines: list[Line] = [(("strong", "Done: "), *spans, ("dim", took))]
        if self._scratch:
            lines += _about_scratch(self._scratch)
        lines += [_outage(outage, finished) for outage in finished.outages[:_MOST_OUTAGES]]
        if (more := len(finished.outages) - _MOST_OUTAGES) > 0:
            lines.append(
                (("dim", f"  and {plural(more, 'such wait')} more, as the locks below tell"),)
            )
        moved = "has moved on, which no rollback undoes"
        lines += [(("warn", f"! {inline(name)} {moved}"),) for name in finished.sequences]
        lines += [(("bad", f"! {inline(line)}"),) for line in over_budget(finished)]
        lines += [(("warn", f"! Left behind: {inline(line)}"),) for line in left_behind(finished)]
        if not finished.counted:
            lines.append((("warn", f"! {UNCOUNTED}"),))
        return lines


def _file_lines(file: _File) -> Iterator[Line]:
    if file.end is None:
        yield (("accent", "▶ "), ("strong", inline(file.name)))
    else:
        yield file_headline(file.name, file.end)
    if isinstance(file.end, FileFailed):
        for line in body(describe(file.end.failure, file.name)):
            yield (("plain", f"    {line}"),)
    if isinstance(file.end, FileRehearsed):
        for sign, depth, text in render(file.end.changes):
            indent = "    " * (depth + 1)
            yield ((_SIGNS.get(sign, "plain"), f"{indent}{sign} {inline(text)}"),)
        if not file.end.changes:
            yield (("dim", "    The schema stays as it is"),)
    yield from _statement_lines(file)
    if file.notices:
        yield (("dim", f"    {plural(file.notices, 'notice')}: see the log"),)


def _statement_lines(file: _File) -> Iterator[Line]:
    for one in file.statements:
        yield from event_lines(one)
        yield from (lock_line(lock) for lock in file.locks.get(one.statement, ()))
        for written in file.rewritten.get(one.statement, ()):
            yield from rewritten_lines(written)
        for done in file.work.get(one.statement, ()):
            yield from work_lines(done, one.tag)
    if file.quiet:
        yield (("dim", f"    and {plural(file.quiet, 'statement')} that took no new lock"),)


def _about_scratch(scratch: ScratchUsed) -> Iterator[Line]:
    """What it cannot tell, and whether it is like the database at all."""
    yield (("dim", f"Not known there: {SCRATCH_CANNOT_TELL}."),)
    if sentence := unlike(scratch):
        yield (("bad", f"! {inline(sentence)}"),)


def _outage(outage: Outage, finished: RehearsalFinished) -> Line:
    style = "bad" if "reads" in outage.blocks else "warn"
    size = there(outage.relation, finished.sizes)
    lasts = "" if outage.ms is None else duration(outage.ms)
    return (
        (style, f"! Blocks {', '.join(outage.blocks)}"),
        ("plain", f" of {inline(outage.relation)}{size}{' for ' if lasts else ''}"),
        ("strong", lasts),
        ("dim", f" ({inline(outage.name)})"),
    )
