"""Runs the engine in a thread of its own and queues its events for the UI."""

import threading
import time
from abc import ABC, abstractmethod
from collections import deque
from dataclasses import dataclass, field
from heapq import heappushpop
from typing import TYPE_CHECKING, Any, NamedTuple, final

from schemamig_tui.connect import Target
from schemamig_tui.engine import Plan
from schemamig_tui.engine.events import (
    Event,
    FileApplied,
    FileFailed,
    FileRetried,
    FilesLost,
    FileStarted,
    LockAwaited,
    Mode,
    NoticeReceived,
    RunFinished,
    RunStarted,
    ServerAwaited,
    StatementFinished,
)
from schemamig_tui.garbage import rare_collections
from schemamig_tui.reporting.recorder import RunRecorder
from schemamig_tui.settings import Settings

if TYPE_CHECKING:  # most runs have no batches
    from schemamig_tui.engine.backfill.control import BatchControl

_MOST_WAITING = 100_000
_SLOWEST = 5
_LONG = 100  # milliseconds of a statement from which on it can be called one of the slowest
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.05, 0.3


@final
class TimedEvent(NamedTuple):
    """An event that is no notice, and when it came (``time.monotonic``)."""

    at: float
    event: Event


class SlowStatement(NamedTuple):
    """How long a statement took, or ``batch`` of them up to and with this one."""

    ms: float
    name: str
    statement: int
    line: int
    tag: str
    batch: int


@dataclass
class RunProgress:
    """The state of a run, summed up from its events. Times are those of ``time.monotonic``.

    ``slow`` are the files that took longer than ``warn_after`` seconds.
    """

    total: int = 0
    number: int = 0
    file: FileStarted | None = None
    statement: int = 0
    statement_began: float = 0.0
    applied: int = 0
    notices: int = 0
    awaited: LockAwaited | None = None
    retried: FileRetried | None = None
    lost: ServerAwaited | None = None
    failed: FileFailed | None = None
    finished: RunFinished | None = None
    slowest: list[SlowStatement] = field(default_factory=list)
    warn_after: float | None = None
    slow: list[FileApplied] = field(default_factory=list)

    def take(self, timed: TimedEvent) -> None:
        """Update the state with an event. Notices never come here: ``drain`` counts them."""
        at, event = timed
        match event:
            case StatementFinished():
                self.statement, self.statement_began = event.statement, at
                self._time(event)
            case FileStarted():
                self.file, self.number, self.total = event, event.number, event.total
                self.statement_began = at
                self.statement, self.awaited, self.retried = event.resumed, None, None
            case FileApplied(ms=ms):
                self.file, self.applied = None, self.applied + 1
                if self.warn_after is not None and ms > self.warn_after * 1000:
                    self.slow.append(event)
            case FilesLost(names):
                self.applied -= len(names)
            case FileFailed():
                self.file, self.failed = None, event
            case RunStarted():
                self.total, self.awaited = len(event.files), None
            case LockAwaited():
                self.awaited = event
            case FileRetried():
                self.file, self.retried = None, event
            case ServerAwaited():
                self.lost = event
            case RunFinished():
                self.finished = event

    def _time(self, event: StatementFinished) -> None:
        if event.ms is None or event.ms < _LONG:
            return
        slow = SlowStatement(
            event.ms, event.name, event.statement, event.line, event.tag, event.batch
        )
        if len(self.slowest) < _SLOWEST:
            self.slowest.append(slow)
            self.slowest.sort()
        elif slow > self.slowest[0]:
            heappushpop(self.slowest, slow)

    @property
    def fraction(self) -> float:
        """How much is done, from 0 to 1; the statements of the current file count."""
        if not self.total:
            return 0.0
        part = self.statement / self.file.statements if self.file and self.file.statements else 0.0
        return min(1.0, (self.applied + part) / self.total)

    @property
    def has_begun(self) -> bool:
        """Whether a file has begun, was left out, or none will begin any more."""
        return bool(self.number or self.applied or self.finished)

    @property
    def mode(self) -> Mode | None:
        """How the current file is run."""
        return self.file.mode if self.file else None


class EngineThread(ABC):
    """A thread that runs the engine.

    The thread only puts events into a queue; the UI takes them out with ``drain``. While nobody
    drains the queue, notices and timings beyond a bound are dropped and counted: a run must not
    fill the memory while its user is in the editor.
    """

    noun = "run"
    """What it is called."""
    doing = ""
    """The word that the progress bar shows for it; empty for a run."""
    at_first = "the files are read, and the server is asked"
    """What is done before the first file begins, in words."""
    kept = "What is committed stays, the rest is rolled back, and the ledger says so."
    """The sentence that says what a cancellation leaves in the database."""

    def __init__(self, plan: Plan, progress: RunProgress) -> None:
        self.plan = plan
        self.files = {one.name: one.file for one in plan.migrations if one.file}
        """The files of the run by name."""
        self.began = time.monotonic()
        self.progress = progress
        self.cancelled = False
        self.left_out = 0
        self.error: Exception | None = None
        """The error that ended the engine early: a SchemamigError, or else a bug."""
        self.warnings: list[str] = []
        """What went wrong beside the run: with its log file, or its alert."""
        self._queue: deque[NoticeReceived | TimedEvent] = deque()
        self._worked = time.thread_time()
        # A daemon: whoever quits without waiting for a server that is frozen is not held up by it.
        self._thread = threading.Thread(target=self._run, name="run", daemon=True)

    @abstractmethod
    def _perform(self) -> None:
        """Call the engine with ``_enqueue`` as its listener; runs on the thread."""

    @abstractmethod
    def _stop(self) -> None:
        """Ask the engine to stop."""

    @property
    def batch_control(self) -> "BatchControl | None":
        """What steers statements that run in batches; None where there can be none."""
        return None

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def cancel(self) -> None:
        """Ask the engine to stop; that may take a while."""
        self.cancelled = True
        self._stop()

    @property
    def ended(self) -> bool:
        """Whether the thread is done and the queue is drained."""
        return not self._thread.is_alive() and not self._queue

    def wait(self) -> None:
        """Block until the thread is done."""
        self._thread.join()

    def drain(self) -> tuple[list[Event], list[TimedEvent]]:
        """Take all events out of the queue.

        Returns all of them in their order, and once more, with their times, those that are no
        notices.
        """
        events: list[Event] = []
        timed: list[TimedEvent] = []
        take = self._queue.popleft
        for _ in range(len(self._queue)):
            one = take()
            if type(one) is TimedEvent:
                timed.append(one)
                events.append(one.event)
                self.progress.take(one)
            else:
                events.append(one)
        self.progress.notices += len(events) - len(timed)
        return events, timed

    def pause(self) -> float:
        """How many seconds the UI should wait before it drains the queue again.

        That is ten times what the UI has worked since the last time: the engine's thread needs
        the interpreter too, so a flood of events is shown less often.
        """
        before, self._worked = self._worked, time.thread_time()
        return min(max(_SHORTEST_PAUSE, 10 * (self._worked - before)), _LONGEST_PAUSE)

    def _run(self) -> None:
        try:
            with rare_collections():
                self._perform()
        except Exception as error:  # the app shows it when the run is over
            self.error = error

    def _enqueue(self, event: Any) -> None:  # noqa: ANN401  # a rehearsal has more than Event
        if len(self._queue) >= _MOST_WAITING and isinstance(
            event, NoticeReceived | StatementFinished
        ):
            self.left_out += 1
        elif type(event) is NoticeReceived:  # there may be very many of them
            self._queue.append(event)
        else:
            self._queue.append(TimedEvent(time.monotonic(), event))


class ApplyThread(EngineThread):
    """Applies a plan: see ``Runner.apply``."""

    def __init__(self, target: Target, settings: Settings, plan: Plan) -> None:
        from schemamig_tui.engine import Runner

        super().__init__(plan, RunProgress(warn_after=settings.warn_after))
        self._recorder = RunRecorder(settings, target, self._enqueue, self.warnings.append)
        self._runner = Runner(
            target.connect,
            settings.directory,
            settings.table,
            self._recorder,
            limits=settings.limits,
            extension_hint=target.extension_hint,
        )

    def _perform(self) -> None:
        with self._recorder:
            self._runner.apply(self.plan)

    def _stop(self) -> None:
        self._runner.cancel()

    @property
    def batch_control(self) -> "BatchControl":
        """What steers statements that run in batches."""
        return self._runner.batch_control
