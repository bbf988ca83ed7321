"""Observes a run from the second connection: its progress, who blocks it, who waits behind it.

Its cost to a run cannot be measured: a few times a second it looks which step runs, in our own
memory, and it asks the server only about a step that takes long.
"""

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import psycopg

from schemamig_tui.engine.activity import Blocked, ServerProgress, Victims
from schemamig_tui.engine.events import (
    BlockedSeen,
    Event,
    FileFailed,
    FileRetried,
    Listener,
    NoticeReceived,
    ProgressSeen,
    ServerAwaited,
    VictimsSeen,
)
from schemamig_tui.engine.pipeline.backend import Backend
from schemamig_tui.engine.pipeline.pipeline import Pipeline
from schemamig_tui.engine.pipeline.step import Role, Step
from schemamig_tui.engine.watch.blockers import blocked, victims
from schemamig_tui.engine.watch.progress_views import server_progress
from schemamig_tui.engine.watch.silence import Silence
from schemamig_tui.engine.watch.watch import Watch
from schemamig_tui.errors import SchemamigError
from schemamig_tui.limits import BATCH_BLOCKING, Limits

# Seconds. The server is asked about a step that is still there at the second glance: then twice a
# second while something is new or somebody waits, and less and less often otherwise.
_GLANCE, _SHORTEST_GLANCE = 0.2, 0.02
_PAUSE, _LONGEST_PAUSE = 0.5, 2.0


class _Followed(NamedTuple):
    backend: Backend
    pipeline: Pipeline
    file_name: Callable[[], str | None]


class _Observation(NamedTuple):
    """What one look at a step has found."""

    progress: ServerProgress | None = None
    blocked: Blocked | None = None
    victims: Victims | None = None


_NOTHING = _Observation()
_OF_FILE = (Role.STATEMENT, Role.BATCH)


class Observer:
    """A thread that reports to ``listener`` what it sees, as long as the ``with`` block lasts.

    The run reports its own events by way of ``report``, so that the listener is never called twice
    at a time, and nothing is reported of a step that is over.
    """

    def __init__(self, watch: Watch, limits: Limits, listener: Listener) -> None:
        self._watch = watch
        self._silence = Silence(watch)
        self._listener = listener
        self._most_blocking = limits.blocking
        self._glance, self._longest = _GLANCE, _LONGEST_PAUSE
        if limits.lock:
            self._glance = max(_SHORTEST_GLANCE, min(_GLANCE, limits.lock / 6))
        if limits.blocking is not None:
            self._longest = max(_GLANCE, min(_LONGEST_PAUSE, limits.blocking / 4))
        self._turn = threading.Lock()
        self._wake = threading.Event()
        self._stopped = False
        self._listener_error: Exception | None = None
        self._followed: _Followed | None = None
        # The step that the last reports were about, its place in the file, and what they said.
        self._step: Step | None = None
        self._at: tuple[str, int | None, int | None] = "", None, None
        self._reported = _NOTHING
        self.last_blocked: Blocked | None = None
        """What was last seen to block the step that runs, or that has just failed.

        It is forgotten with the next event of the run, NOTICEs aside.
        """
        self.gave_way: Victims | None = None
        """The sessions for which ``Limits.blocking`` had a statement cancelled: SQLSTATE 57014.

        It is None again where the cancel had no effect and nobody waits too long any more. The
        message of the failure names them: "cancelled because 3 sessions had waited behind it, the
        longest 5.2 s (--max-blocking)".
        """

    def report(self, event: Event) -> None:
        """Report an event of the run, and before it the end of what was seen of the last step.

        A failure itself ends what was seen: after it, no event says that the step goes on. Raises
        what the listener raises now, or has raised in the observer's own thread.
        """
        with self._turn:
            if self._listener_error:
                raise self._listener_error
            if self._step and not isinstance(event, NoticeReceived):
                if isinstance(event, FileFailed | FileRetried | ServerAwaited):
                    self._reported = _NOTHING
                self._forget()
                self._wake.set()
            self._listener(event)

    def in_the_way(self, step: Step) -> Blocked | None:
        """What was last seen to block a step that has just failed because it did not get a lock.

        Where its wait was too short to be observed, the server is asked now who holds the lock.
        """
        if self.last_blocked or not self._followed:
            return self.last_blocked
        from schemamig_tui.engine.watch.holders import holders_question

        question = holders_question(step.sql) if step.role in _OF_FILE else None
        try:
            pid = self._followed.backend.pid
            self.last_blocked = self._watch.ask(question, pid) if question else None
        except (psycopg.Error, SchemamigError, UnicodeError):
            pass  # Nobody can say, then; why it has failed is known in any case.
        return self.last_blocked

    def follow(
        self,
        backend: Backend,
        pipeline: Pipeline,
        file_name: Callable[[], str | None],
    ) -> None:
        """From now on look at this pipeline on ``backend``; ``file_name`` gives the open file's."""
        self._followed = _Followed(backend, pipeline, file_name)

    def __enter__(self) -> "Observer":
        threading.Thread(target=self._observe, name="observer", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        # Not joined: it may be at a question that a dead line never answers.
        with self._turn:
            self._stopped = True
        self._wake.set()

    # -- in its own thread

    def _observe(self) -> None:
        pause = self._glance
        last: Step | None = None
        while True:
            self._wake.wait(pause)
            self._wake.clear()
            if self._stopped:
                return
            followed = self._followed
            step = followed.pipeline.running if followed else None
            try:
                if followed and step and step is last:
                    pause = self._look(followed, step, pause)
                else:
                    pause = self._glance
                    if followed and step and self._most_blocking is not None:
                        # What blocks others may be the locks of a transaction of many quick steps.
                        self._look_behind(followed)
            except (psycopg.Error, SchemamigError, UnicodeError):
                # Too busy, forbidden, gone, or with a query in some other encoding: nothing is
                # known then, and that is no reason to end a run.
                pause = self._longest
            if followed:
                self._doubt(followed)
            last = step

    def _doubt(self, followed: _Followed) -> None:
        """Have the run end where its session is silent because it is lost."""
        pipeline = followed.pipeline
        silent_s = pipeline.silent_s
        reason = self._silence.loss_reason(followed.backend, silent_s)
        # It may have said something while others were asked.
        if reason and not self._stopped and pipeline.silent_s >= silent_s:
            pipeline.give_up(reason)

    def _look(self, followed: _Followed, step: Step, pause: float) -> float:
        """Ask the server about a step, and report; returns the pause until the next look."""
        behind = self._look_behind(followed)
        before = self._watch.ask(blocked, followed.backend.pid)
        seen = _Observation(self._watch.ask(server_progress, followed.backend.pid), before, behind)
        with self._turn:
            name = followed.file_name()
            if self._stopped or name is None or followed.pipeline.running is not step:
                return self._glance
            try:
                if self._step is not step:
                    self._forget()
                    self._step, self._at = step, (name, *_place(step))
                news = self._show(seen)
            except Exception as error:
                # It is the listener's: the run is to end with it.
                self._listener_error, self._stopped = error, True
                return pause
        if news or before or behind:
            return min(_PAUSE, self._longest)
        return min(1.5 * pause, self._longest)

    def _look_behind(self, followed: _Followed) -> Victims | None:
        """The sessions that wait behind the run; where they wait too long, cancel its statement."""
        behind = self._watch.ask(victims, followed.backend.pid)
        running = followed.pipeline.running
        most = self._most_blocking
        if most is None and running and running.role is Role.BATCH:
            most = BATCH_BLOCKING
        too_long = behind is not None and most is not None and behind.longest_s >= most
        if running:
            self.gave_way = behind if too_long else None
            if too_long:
                # Asked for again where it came between two statements, and had no effect.
                self._watch.cancel(followed.backend)
        return behind

    # -- in either thread, in its turn

    def _show(self, seen: _Observation) -> bool:
        """Report what is new in ``seen``; returns whether anything is."""
        before, self._reported = self._reported, seen
        self.last_blocked = seen.blocked or self.last_blocked
        if progressed := seen.progress and _essence(seen.progress) != _essence(before.progress):
            self._listener(ProgressSeen(*self._at, seen.progress))
        if other_blockers := _blockers(seen.blocked) != _blockers(before.blocked):
            self._listener(BlockedSeen(*self._at, seen.blocked))
        if other_victims := _pids(seen.victims) != _pids(before.victims):
            self._listener(VictimsSeen(*self._at, seen.victims))
        return bool(progressed or other_blockers or other_victims)

    def _forget(self) -> None:
        """Report the end of whatever was seen of a step."""
        self._show(_NOTHING)
        self._step = self.last_blocked = None


def _place(step: Step) -> tuple[int | None, int | None]:
    """The number of the statement and its line; neither for our own work."""
    if step.role in _OF_FILE:
        return step.statement + 1, step.line
    return None, None


# -- what counts as new in an observation: not the time that goes by


def _essence(seen: ServerProgress | None) -> object:
    return seen and (replace(seen, waits_for=()), [other.pid for other in seen.waits_for])


def _blockers(seen: Blocked | None) -> object:
    return seen and (seen.lock, seen.on, [(a.pid, a.state, a.query) for a in seen.by])


def _pids(seen: Victims | None) -> object:
    return seen and (seen.count, [other.pid for other in seen.sessions])
