"""The panel of a run: its progress, what the server is doing, and who blocks it."""

import time
from collections.abc import Callable, Sequence
from functools import partial

from textual.app import ComposeResult
from textual.containers import Vertical

from schemamig_tui.engine import MigrationFile
from schemamig_tui.engine.events import Event
from schemamig_tui.tui.background import in_thread
from schemamig_tui.tui.details import statement
from schemamig_tui.tui.engine_thread import EngineThread, TimedEvent
from schemamig_tui.tui.insight import Insight
from schemamig_tui.tui.widgets.insight_bar import InsightBar
from schemamig_tui.tui.widgets.status_bars import RunBar

_SLOW = 0.3

OnEvents = Callable[[EngineThread, Sequence[Event], Sequence[TimedEvent]], None]
"""Called with the thread and with what its ``drain`` returned."""

OnEnd = Callable[[EngineThread], None]
"""Called once, when the thread is done and its last events have been shown."""


class RunPanel(Vertical):
    """Drains the events of a run until it is over, and shows its progress."""

    def __init__(self, find: Callable[[str], MigrationFile | None]) -> None:
        super().__init__(id="run")
        self.run: EngineThread | None = None
        self.insight = Insight()
        self._find = find
        self._bar = RunBar()
        self._insight_bar = InsightBar()
        self._statement: tuple[str, int, str | None] = ("", 0, None)

    def compose(self) -> ComposeResult:
        """The bars."""
        yield self._bar
        yield self._insight_bar

    def follow(self, run: EngineThread, on_events: OnEvents, on_end: OnEnd) -> None:
        """Start ``run``; call ``on_events`` when there are events, and ``on_end`` at the end."""
        self.run = run
        run.start()
        self._tick(run, on_events, on_end)

    def _tick(self, run: EngineThread, on_events: OnEvents, on_end: OnEnd) -> None:
        """Show the new events, and come back after a pause unless the run is over."""
        is_over = run.ended
        events, timed = run.drain()
        if events:
            self.insight.take(timed)
            on_events(run, self.insight.news(events, timed), timed)
        self._bar.show(run, self._current_sql(run))
        self._show_insight()
        if is_over and not events:
            self.run, self.insight = None, Insight()
            self._show_insight()
            on_end(run)
        else:
            self.set_timer(run.pause(), partial(self._tick, run, on_events, on_end))

    def _show_insight(self) -> None:
        self._insight_bar.show(self.insight, time.monotonic())
        if self.screen.has_class("-stuck") != self.insight.is_stuck:
            self.screen.set_class(self.insight.is_stuck, "-stuck")
            self.app.refresh_bindings()

    def _current_sql(self, run: EngineThread) -> str | None:
        """The text of the running statement, read from its file once it takes longer."""
        file, number = run.progress.file, run.progress.statement
        if file is None or time.monotonic() - run.progress.statement_began < _SLOW:
            return None
        if self._statement[:2] != (file.name, number):
            self._statement = (file.name, number, None)
            self.run_worker(self._read(file.name, number), group="statement", exclusive=True)
        return self._statement[2]

    async def _read(self, name: str, number: int) -> None:
        file = self._find(name)
        if file is not None:
            self._statement = (name, number, await in_thread(partial(statement, file, number)))
