"""Turns the results of a pipeline into events, file by file."""

import time
from collections.abc import Collection, Sequence

from schemamig_tui.engine.events import (
    FileApplied,
    FilesLost,
    FileStarted,
    FileWarned,
    Listener,
    Mode,
    Notice,
    NoticeReceived,
    StatementFinished,
)
from schemamig_tui.engine.pipeline.step import Arrival, Role, Step
from schemamig_tui.engine.run.file_run import FileRun

_SILENCE = 100  # milliseconds, more than a thread has to wait for the interpreter
_NO_STATEMENT = Step(b"", Role.OPEN)


class Logbook:
    """Follows a pipeline through ``runs``: it knows which file is open and which are committed.

    ``applied`` are the files that were reported as applied, without those that were taken back
    because the server has ``lost`` them. ``total`` is how many files there will be, where ``runs``
    has not all of them yet.
    """

    def __init__(
        self, runs: Sequence[FileRun], listener: Listener, total: int | None = None
    ) -> None:
        self._runs = runs
        self._total = len(runs) if total is None else total
        self._report = listener
        self._next = 0
        self._began = self._mark = time.perf_counter()
        self._last = _NO_STATEMENT
        self._untimed = 0
        self._starts_over = False
        self._early: list[Notice] = []
        self.current: FileRun | None = None
        self.applied: list[str] = []
        self.lost: tuple[str, ...] = ()

    def current_name(self) -> str | None:
        """The name of the file that is open. From any thread."""
        run = self.current
        return run.name if run else None

    @property
    def remaining(self) -> Sequence[FileRun]:
        """The files that have not begun."""
        return self._runs[self._next :]

    @property
    def begun(self) -> int:
        """How many files have begun."""
        return self._next

    @property
    def finished(self) -> int:
        """How many files are over: the number, from 0, of the one to go on with."""
        return self._next - (self.current is not None)

    @property
    def at_end(self) -> bool:
        """Whether all files are over."""
        return self.finished == self._total

    @property
    def at(self) -> int:
        """The statement that the current file is at, by number from 0; its length at its end."""
        if self.current and self._last is _NO_STATEMENT:
            return self.current.done
        return self._last.statement + 1

    @property
    def elapsed(self) -> float:
        """Milliseconds since the current file began."""
        return (time.perf_counter() - self._began) * 1000

    def step_done(self, step: Step, tag: str, arrival: Arrival) -> None:
        """Note that a step has succeeded."""
        if step.role is Role.OPEN and (self.current is None or self._starts_over):
            self.open()
            self._mark = arrival.at
        elif step.role is Role.STATEMENT:
            self._finish(step, tag, arrival)
        elif step.role is Role.CLOSE:
            self._close(step, tag, arrival)
        if step.saves is not None and self.current:
            self.current.done = step.saves

    def finish_batches(self, i: int, line: int, tag: str) -> None:
        """Note that all batches of statement ``i``, from 0, are done."""
        arrival = Arrival(time.perf_counter())
        self._finish(Step(b"", Role.STATEMENT, i, line=line), tag, arrival)

    def notice(self, step: Step, message: Notice) -> None:
        """Note what the server said while it did a step."""
        if self.current is None:
            if step.role is Role.OPEN:
                # A warning of the parser arrives before the result of the step in front of it.
                self._early.append(message)
            return
        # A message that comes during our own work belongs to the last statement.
        of = step if step.role in (Role.STATEMENT, Role.BATCH) else self._last
        self._report(NoticeReceived(self.current.name, of.statement + 1, of.line, message))

    def open(self) -> FileRun:
        """Begin with the next file, or with the current one that starts over."""
        if self.current is None:
            self._next += 1
        self._starts_over = False
        self.current = run = self._runs[self._next - 1]
        self._last = _NO_STATEMENT
        self._untimed = 0
        self._began = self._mark = time.perf_counter()
        mode, count = run.script.mode, len(run.script)
        self._report(FileStarted(run.name, self._next, self._total, mode, count, run.done))
        for warning in run.script.warnings:
            self._report(FileWarned(run.name, warning.line, warning.message))
        for message in self._early:
            line = run.script.line(run.done)
            self._report(NoticeReceived(run.name, run.done + 1, line, message))
        self._early.clear()
        return run

    def start_over(self) -> None:
        """Expect the current file to begin once more."""
        self._starts_over = True

    def close(self) -> None:
        """End the current file: it has been committed together with its row.

        The event has the time of the row, so that nobody reads two different times.
        """
        if run := self.current:
            self.applied.append(run.name)
            ms = self.elapsed if run.recorded_ms is None else run.recorded_ms
            self._report(FileApplied(run.name, ms))
            self.current = None

    def take_back(self, held: Collection[str]) -> tuple[str, ...]:
        """Take back the files that were reported as applied and are not ``held`` by the ledger.

        Returns their names.
        """
        lost = tuple(name for name in self.applied if name not in held)
        if lost:
            self.applied = [name for name in self.applied if name in held]
            self.lost += lost
            self._report(FilesLost(lost))
        return lost

    def _close(self, step: Step, tag: str, arrival: Arrival) -> None:
        if self.current and self.current.script.mode is Mode.OWN_TRANSACTION:
            self._finish(step, tag, arrival)
        self.close()

    def _finish(self, step: Step, tag: str, arrival: Arrival) -> None:
        if self.current is None:
            return
        ms, batch = self._time(arrival)
        self._last = step
        name, number = self.current.name, step.statement + 1
        self._report(StatementFinished(name, number, step.line, tag, ms, batch))

    def _time(self, arrival: Arrival) -> tuple[float | None, int]:
        """How long the statement took in ms (None: unknown), and how many statements that covers.

        Where results come together after a long silence, the first of them has taken that time.
        """
        self._untimed += 1
        ms, batch = (arrival.at - self._mark) * 1000, self._untimed
        if arrival.with_next and ms < _SILENCE:
            return None, 1
        self._mark, self._untimed = arrival.at, 0
        return (ms, batch) if ms > 0 else (None, 1)
