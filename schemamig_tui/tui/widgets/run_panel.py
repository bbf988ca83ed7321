"""The panel of a run: its progress, what the server is doing, and who blocks it."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.message import Message

from schemamig_tui.engine.events import BatchEvent, Event
from schemamig_tui.tui.background import in_thread
from schemamig_tui.tui.details import statement
from schemamig_tui.tui.engine_thread import EngineThread, TimedEvent
from schemamig_tui.tui.insight import Insight
from schemamig_tui.tui.terminal_title import TerminalTitle
from schemamig_tui.tui.widgets.insight_bar import InsightBar
from schemamig_tui.tui.widgets.status_bars import RunBar

if TYPE_CHECKING:
    from schemamig_tui.tui.widgets.batch_bar import BatchBar

_SLOW = 0.3


class RunPanel(Vertical):
    """Drains the events of a run until it is over, and shows its progress."""

    @dataclass
    class Progressed(Message):
        """The run has reported ``events``; ``timed`` are those that are no notices."""

        run: EngineThread
        events: Sequence[Event]
        timed: Sequence[TimedEvent]

    @dataclass
    class Ended(Message):
        """The run is over, and all that it has reported has been posted."""

        run: EngineThread

    def __init__(self) -> None:
        super().__init__(id="run")
        self.run: EngineThread | None = None
        self.insight = Insight()
        self._bar = RunBar()
        self._insight_bar = InsightBar()
        self._batch_bar: BatchBar | None = None  # most runs have no batches
        self._statement: tuple[str, int, str | None] = ("", 0, None)
        self._title: TerminalTitle | None = None

    def compose(self) -> ComposeResult:
        """The bars."""
        yield self._bar
        yield self._insight_bar

    @property
    def has_batches(self) -> bool:
        """Whether a statement is running in batches that can be steered."""
        bar, run = self._batch_bar, self.run
        return bar is not None and bar.is_on and run is not None and run.batch_control is not None

    def key_name(self, binding: Binding) -> str:
        """What the footer calls a key; that which cancels names what it would cancel now."""
        if binding.id != "cancel":
            return binding.description
        return f"Cancel {self.run.noun if self.run else 'verification'}"

    def follow(self, run: EngineThread) -> None:
        """Start ``run``, and post what comes of it."""
        self.run = run
        self._title = TerminalTitle(self.app)
        run.start()
        self._tick(run)

    def on_unmount(self) -> None:
        """Restore the title of the terminal, also where the user leaves in mid-run."""
        if self._title:
            self._title.restore()
            self._title = None

    def _tick(self, run: EngineThread) -> None:
        """Show the new events, and come back after a pause unless the run is over."""
        if self._title is None:  # it came due before the pane was gone
            return
        is_over = run.ended
        events, timed = run.drain()
        if events:
            self.insight.take(timed)
            self._take_batches(timed)
            self.post_message(self.Progressed(run, self.insight.news(events, timed), timed))
        self._bar.show(run, self._current_sql(run), batches=self.has_batches)
        self._show_insight()
        self._show_batches(run)
        if is_over and not events:
            self.run, self.insight = None, Insight()
            self._show_insight()
            self._set_class("-batches", on=False)
            self._title.end(run)
            self.post_message(self.Ended(run))
        else:
            self._title.show(run)
            # A timer of Textual 8.2 never rings if its time has passed when it begins.
            tick = partial(self.call_next, self._tick, run)
            asyncio.get_running_loop().call_later(run.pause(), tick)

    def _show_insight(self) -> None:
        self._insight_bar.show(self.insight, time.monotonic())
        self._set_class("-stuck", on=self.insight.is_stuck)

    def _take_batches(self, timed: Sequence[TimedEvent]) -> None:
        if self._batch_bar is None:
            if not any(isinstance(one.event, BatchEvent) for one in timed):
                return
            from schemamig_tui.tui.widgets.batch_bar import BatchBar

            self._batch_bar = BatchBar()
            self.mount(self._batch_bar, after=self._bar)
        self._batch_bar.take(timed)

    def _show_batches(self, run: EngineThread) -> None:
        if self._batch_bar is not None:
            self._batch_bar.show(run, time.monotonic())
            self._set_class("-batches", on=self.has_batches)

    def _set_class(self, name: str, *, on: bool) -> None:
        """Set a class of the screen that decides which keys the footer shows; it has no style."""
        if self.screen.has_class(name) != on:
            self.screen.set_class(on, name, update=False)
            self.app.refresh_bindings()

    def _current_sql(self, run: EngineThread) -> str | None:
        """The text of the running statement, read from its file once it takes longer."""
        file, number = run.progress.file, run.progress.statement
        if file is None or time.monotonic() - run.progress.statement_began < _SLOW:
            return None
        if self._statement[:2] != (file.name, number):
            self._statement = (file.name, number, None)
            self.run_worker(self._read(run, file.name, number), group="statement", exclusive=True)
        return self._statement[2]

    async def _read(self, run: EngineThread, name: str, number: int) -> None:
        if file := run.files.get(name):
            self._statement = (name, number, await in_thread(partial(statement, file, number)))
