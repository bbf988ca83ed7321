"""A run in a thread of its own, and what has been heard of it so far."""

import contextlib
import gc
import threading
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from heapq import heappushpop
from typing import NamedTuple, final

from schemamig_tui.connect import Target
from schemamig_tui.engine.events import (
    Event,
    FileApplied,
    FileFailed,
    FileRetried,
    FileStarted,
    LockAwaited,
    Mode,
    NoticeReceived,
    RunFinished,
    RunStarted,
    ServerAwaited,
    StatementFinished,
)
from schemamig_tui.settings import Settings

_MOST_WAITING = 100_000
_SLOWEST = 5
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.05, 0.3


@final
class Heard(NamedTuple):
    """An event that is no notice, and when it came (``time.monotonic``)."""

    at: float
    event: Event


class Slow(NamedTuple):
    """How long a statement took."""

    ms: float
    name: str
    statement: int
    line: int
    tag: str


@dataclass
class Progress:
    """What the events told so far add up to. Times are those of ``time.monotonic``."""

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
    slowest: list[Slow] = field(default_factory=list)

    def take(self, heard: Heard) -> None:
        """Add an event. Notices are counted by whoever has them."""
        at, event = heard
        match event:
            case StatementFinished():
                self.statement, self.statement_began = event.statement, at
                slow = Slow(event.ms, event.name, event.statement, event.line, event.tag)
                if len(self.slowest) < _SLOWEST:
                    self.slowest.append(slow)
                    self.slowest.sort()
                elif slow > self.slowest[0]:
                    heappushpop(self.slowest, slow)
            case FileStarted():
                self.file, self.number, self.total = event, event.number, event.total
                self.statement_began = at
                self.statement, self.awaited, self.retried = event.resumed, None, None
            case FileApplied():
                self.file, self.applied = None, self.applied + 1
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

    @property
    def fraction(self) -> float:
        """How much is done, from 0 to 1; the statements of the current file count."""
        if not self.total:
            return 0.0
        part = self.statement / self.file.statements if self.file and self.file.statements else 0.0
        return min(1.0, (self.applied + part) / self.total)

    @property
    def mode(self) -> Mode | None:
        """How the current file is run."""
        return self.file.mode if self.file else None


class Work(ABC):
    """What the engine does in a thread of its own, from its start to ``ended``.

    That thread only puts its events into a queue; ``hear`` takes them out. Where nobody does,
    notices and timings beyond a bound are left out, and counted: a run must not fill the memory
    while its user is in the editor.
    """

    doing = ""
    """What it is called while it is on, unless it is a run."""
    kept = "What is committed stays, the rest is rolled back, and the ledger says so."
    """What becomes of its work when it is cancelled."""

    def __init__(self, progress: Progress) -> None:
        self.began = time.monotonic()
        self.progress = progress
        self.cancelled = False
        self.left_out = 0
        self.error: Exception | None = None
        """What kept the run from its end: a SchemamigError, or else a bug."""
        self._heard: deque[NoticeReceived | Heard] = deque()
        self._worked = time.thread_time()
        self._thread = threading.Thread(target=self._run, name="run")

    @abstractmethod
    def _work(self) -> None:
        """Do it, and tell ``_listen``."""

    @abstractmethod
    def _stop(self) -> None:
        """Ask the engine to stop."""

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def cancel(self) -> None:
        """Ask the server to stop; it may take a while."""
        self.cancelled = True
        self._stop()

    @property
    def ended(self) -> bool:
        """Whether it is over and everything has been heard."""
        return not self._thread.is_alive() and not self._heard

    def wait(self) -> None:
        """Block until the thread is done."""
        self._thread.join()

    def hear(self) -> tuple[list[Event], list[Heard]]:
        """What has come since the last time: all events, and those that are no notices again."""
        come: list[Event] = []
        heard: list[Heard] = []
        take = self._heard.popleft
        for _ in range(len(self._heard)):
            one = take()
            if type(one) is Heard:
                heard.append(one)
                come.append(one.event)
                self.progress.take(one)
            else:
                come.append(one)
        self.progress.notices += len(come) - len(heard)
        return come, heard

    def pause(self) -> float:
        """Seconds until the loop should hear again: ten times what it has worked since the last.

        The engine's thread needs the interpreter too, and a flood is shown less often, not slower.
        """
        before, self._worked = self._worked, time.thread_time()
        return min(max(_SHORTEST_PAUSE, 10 * (self._worked - before)), _LONGEST_PAUSE)

    def _run(self) -> None:
        try:
            with _collector_at_rest():
                self._work()
        except Exception as error:  # told by the app, which is where it can be seen
            self.error = error

    def _listen(self, event: Event) -> None:
        if len(self._heard) >= _MOST_WAITING and isinstance(
            event, NoticeReceived | StatementFinished
        ):
            self.left_out += 1
        elif type(event) is NoticeReceived:  # there may be very many of them
            self._heard.append(event)
        else:
            self._heard.append(Heard(time.monotonic(), event))


class Run(Work):
    """Applies what is pending, up to and with the file ``to``: see ``Runner.apply``."""

    def __init__(
        self, target: Target, settings: Settings, to: str | None, *, resume: bool = True
    ) -> None:
        from schemamig_tui.engine.run.runner import Runner

        super().__init__(Progress())
        self._to, self._resume = to, resume
        self._runner = Runner(
            target.connect,
            settings.directory,
            settings.table,
            self._listen,
            limits=settings.limits,
        )

    def _work(self) -> None:
        self._runner.apply(self._to, resume=self._resume)

    def _stop(self) -> None:
        self._runner.cancel()


@contextlib.contextmanager
def _collector_at_rest() -> Iterator[None]:
    """Have garbage looked for seldom, and not among what is there already.

    The UI and what a run has told are many objects, and to go through them stops both threads.
    """
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(250_000, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
