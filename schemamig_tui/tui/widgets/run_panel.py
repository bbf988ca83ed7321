"""The run that is on: how far it is, what the server is at, who is in the way."""

import time
from collections.abc import Callable, Sequence
from functools import partial

from textual.app import ComposeResult
from textual.containers import Vertical

from schemamig_tui.engine.events import Event
from schemamig_tui.engine.script.files import MigrationFile
from schemamig_tui.tui.background import in_thread
from schemamig_tui.tui.details import statement
from schemamig_tui.tui.insight import Insight
from schemamig_tui.tui.run import Heard, Work
from schemamig_tui.tui.widgets.insight_bar import InsightBar
from schemamig_tui.tui.widgets.status_bars import RunBar

_SLOW = 0.3

OnHeard = Callable[[Work, Sequence[Event], Sequence[Heard]], None]
"""Told what has happened since the last time: see ``Work.hear``."""


class RunPanel(Vertical):
    """Listens to a run until it is over, and shows how it stands."""

    def __init__(self, find: Callable[[str], MigrationFile | None]) -> None:
        super().__init__(id="run")
        self.run: Work | None = None
        self.insight = Insight()
        self._find = find
        self._bar = RunBar()
        self._insight_bar = InsightBar()
        self._statement: tuple[str, int, str | None] = ("", 0, None)

    def compose(self) -> ComposeResult:
        """The bars."""
        yield self._bar
        yield self._insight_bar

    def follow(self, run: Work, heard: OnHeard, over: Callable[[Work], None]) -> None:
        """Start ``run``; call ``heard`` when something has happened, and ``over`` at the end."""
        self.run = run
        run.start()
        self._tick(run, heard, over)

    def _tick(self, run: Work, told: OnHeard, over: Callable[[Work], None]) -> None:
        """Show what has happened since the last time."""
        is_over = run.ended
        events, heard = run.hear()
        if events:
            self.insight.take(heard)
            told(run, self.insight.news(events, heard), heard)
        self._bar.tell(run, self._current_sql(run))
        self._show_insight()
        if is_over and not events:
            self.run, self.insight = None, Insight()
            self._show_insight()
            over(run)
        else:
            self.set_timer(run.pause(), partial(self._tick, run, told, over))

    def _show_insight(self) -> None:
        self._insight_bar.tell(self.insight, time.monotonic())
        if self.screen.has_class("-stuck") != self.insight.is_stuck:
            self.screen.set_class(self.insight.is_stuck, "-stuck")
            self.app.refresh_bindings()

    def _current_sql(self, run: Work) -> str | None:
        """The statement that is running; it is read when it takes its time."""
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
