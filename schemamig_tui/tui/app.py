"""The application: it owns the connection, the look at the ledger, and the run."""

import asyncio
import os
import signal
import time
from collections.abc import Callable, Coroutine, Iterable, Sequence
from functools import partial
from typing import ParamSpec

from textual.app import App, SystemCommand
from textual.notifications import SeverityLevel
from textual.screen import Screen
from textual.worker import WorkerFailed, WorkType

from schemamig_tui.engine.status import Migration, Status
from schemamig_tui.errors import ConnectionFailed, SchemamigError
from schemamig_tui.settings import Settings
from schemamig_tui.tui import clipboard, editor, keys
from schemamig_tui.tui.background import FolderWatch, in_thread
from schemamig_tui.tui.details import details, statement
from schemamig_tui.tui.failures import read_failure
from schemamig_tui.tui.following import FileLogs, after, outcome
from schemamig_tui.tui.insight import Insight
from schemamig_tui.tui.lines import duration, plural, said
from schemamig_tui.tui.look import Lookout
from schemamig_tui.tui.run import Run
from schemamig_tui.tui.screens.blockers import BlockersScreen
from schemamig_tui.tui.screens.dialogs import Answer, Question, Reading, key_lines
from schemamig_tui.tui.screens.main import MainScreen
from schemamig_tui.tui.states import complaint, connecting, empty_folder, trouble
from schemamig_tui.tui.widgets.lines_view import LinesView
from schemamig_tui.tui.widgets.plan_view import PlanView

Arguments = ParamSpec("Arguments")

_SLOW = 0.3
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class MigrationsApp(App[None]):
    """The UI for one folder and one database."""

    TITLE = "schemamig-tui"
    CSS_PATH = "app.tcss"

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.animation_level = "none"  # what a key does is there at once
        self.settings = settings
        self.main = MainScreen(str(settings.directory))
        self.status = Status(())
        self.run_on: Run | None = None
        self.insight = Insight()
        self.lookout = Lookout(settings)
        self._logs = FileLogs()
        self._opened: Migration | None = None
        self._leaving = False
        self._statement: tuple[str, int, str | None] = ("", 0, None)

    def get_default_screen(self) -> Screen[None]:
        """The one that is always there."""
        return self.main

    def on_ready(self) -> None:
        """Start to look, and to listen to the folder and to signals."""
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                loop.add_signal_handler(number, self._terminated)
        self._work("look", self._refresh)
        self._work("folder", self._watch_folder)

    def on_unmount(self) -> None:
        """Give the signals back."""
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            loop.remove_signal_handler(number)

    def _fatal_error(self) -> None:
        # Textual would print a traceback with the values of local variables, and those may hold
        # passwords. The error goes to whoever called run(), without them.
        self._close_messages_no_wait()

    def close(self) -> None:
        """After the end: cancel a run that is still on, and let go of the database."""
        if self.run_on is not None and not self._leaving:
            self.run_on.cancel()
            self.run_on.wait()
        self.lookout.close()

    # -- looking

    def action_refresh(self) -> None:
        """Read the folder and the ledger again."""
        if self.run_on is None:
            self._work("look", self._refresh)

    async def _refresh(self) -> None:
        if self.lookout.seen is None:
            self.main.detail.say(connecting("", None))
        try:
            found = await in_thread(partial(self.lookout.look, self._waiting))
        except SchemamigError as error:
            self._not_looked(error)
            return
        is_first, self.lookout.seen = self.lookout.seen is None, found
        self._show_top()
        if is_first:
            self.main.log_view.add((("warn", said(text)),) for text in found.warnings)
        self._show(found.status)
        if is_first or self.main.selected is None:
            self._select_first()
        self.refresh_bindings()

    def _waiting(self, seconds_left: float, reason: str) -> None:
        said_so = f"Waiting up to {seconds_left:.0f} s for the server: {reason}"
        self.call_later(self.main.detail.say, connecting(self.lookout.route, said_so))

    def _not_looked(self, error: SchemamigError) -> None:
        self._show_top("not connected" if isinstance(error, ConnectionFailed) else "not up to date")
        if self.main.selected is None:
            self.main.detail.say(trouble(error))
        else:
            self.main.log_view.add(complaint(error))

    def _show_top(self, why: str | None = None) -> None:
        seen = self.lookout.seen
        server, status = (seen.server, seen.status) if seen else (None, None)
        self.main.top.tell(server, self.lookout.route, status, why)

    def _show(self, status: Status) -> None:
        """Show where the migrations stand, and the selected one as it is now."""
        self.status = status
        file = self.run_on.progress.file if self.run_on else None
        self.main.fill(status, running=file.name if file else None)
        self.on_main_screen_selected()
        if not status.migrations:
            self._opened = None
            self.main.detail.say(empty_folder(str(self.settings.directory)))

    def _select_first(self) -> None:
        for migrations in (self.status.failed, self.status.pending, self.status.applied[-1:]):
            if migrations:
                self.main.select(migrations[0].name)
                return

    async def _watch_folder(self) -> None:
        watch = FolderWatch(self.settings.directory)
        while True:
            await watch.changed()
            self.action_refresh()

    # -- the selected migration

    def on_main_screen_selected(self) -> None:
        """Show the selected migration, as it stands now."""
        selected = self.main.selected
        if selected is not None and selected != self._opened:
            self._opened = selected
            self._work("detail", self._read, selected)

    async def _read(self, migration: Migration) -> None:
        standard = self.lookout.standard_strings
        log = self._logs.of(migration.name)
        found = await in_thread(partial(details, migration, standard_strings=standard, log=log))
        self.main.detail.show(found)
        self.refresh_bindings()

    def action_edit(self) -> None:
        """Edit the file, at the place of its failure."""
        selected = self.main.selected
        if selected is None or selected.file is None:
            return
        row = selected.row
        line = read_failure(row.error_message).line if row and row.error_message else None
        if complaint := editor.edit(self, selected.file.path, line):
            self._tell(complaint, severity="warning")
        self.action_refresh()

    def action_copy(self) -> None:
        """Copy what the pane with the focus shows."""
        view = self.main.focused
        text = (view if isinstance(view, LinesView) else self.main.detail.view).text
        self._tell(clipboard.copy(self, text))

    # -- the run

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Which keys work now; the others are not in the footer."""
        if action == "cancel_run":
            return self.run_on is not None
        if action in ("apply", "apply_to", "refresh"):
            return self.run_on is None
        if action == "edit":
            selected = self.main.selected
            return selected is not None and selected.file is not None
        return True

    async def action_apply(self) -> None:
        """Apply all, after showing what that is."""
        await self._ask(None)

    async def action_apply_to(self) -> None:
        """Apply up to the selected one, after showing what that is."""
        if self.main.selected is not None and self.main.selected.file is not None:
            await self._ask(self.main.selected.name)

    async def _ask(self, to: str | None) -> None:
        todo = self._todo(to)
        if not todo:
            return
        what = f"Apply {plural(len(todo), 'migration')}?"

        def answered(answer: Answer | None) -> None:
            if answer is Answer.YES:
                self._start(to)

        view = PlanView(todo, self.lookout)
        await self.push_screen(Question(what, view, yes="Apply", no="Cancel"), answered)

    def _todo(self, to: str | None = None) -> Sequence[Migration]:
        """What there is to run; where there is nothing, its user is told why."""
        todo = self.status.to_run(to)
        if self.lookout.seen is None:
            self._tell("Nothing is known yet: r tries again", severity="warning")
        elif not todo:
            self._tell("Nothing to do: no migration is pending" + (" up to this one" if to else ""))
        return todo

    async def action_dry_run(self) -> None:
        """Show how each pending file would be run."""
        todo = self._todo()
        if not todo:
            return
        view = PlanView(todo, self.lookout)
        await self.push_screen(Reading("Dry run: nothing is changed", view))

    def _start(self, to: str | None) -> None:
        if self.lookout.target is None:
            self._tell("Not connected: r tries again", severity="warning")
            return
        self._logs.forget(migration.name for migration in self.status.to_run(to))
        self.run_on = run = Run(self.lookout.target, self.settings, to)
        self.main.add_class("-running")
        self.refresh_bindings()
        run.start()
        self._tick(run)

    def _tick(self, run: Run) -> None:
        """Show what has happened since the last time."""
        is_over = run.ended
        events, heard = run.hear()
        if events:
            self.insight.take(heard)
            self._logs.take(events)
            self.main.log_view.hear(events)
            status = after(self.status, heard)
            if status is not self.status:
                self._show(status)
            else:
                self.main.mark_running(run.progress.file.name if run.progress.file else None)
        self.main.run_bar.tell(run, self._current_sql(run))
        self._show_insight()
        if is_over and not events:
            self._finish(run)
        else:
            self.set_timer(run.pause(), partial(self._tick, run))

    def _show_insight(self) -> None:
        self.main.insight_bar.tell(self.insight, time.monotonic())
        if self.main.has_class("-stuck") != self.insight.is_stuck:
            self.main.set_class(self.insight.is_stuck, "-stuck")
            self.refresh_bindings()

    def action_blockers(self) -> None:
        """Show who blocks the run, and who waits behind it."""
        if self.lookout.target and self.insight.is_stuck:
            self.push_screen(BlockersScreen(lambda: self.insight, self.lookout.target.connect))
        else:
            self._tell("Nothing blocks" if self.run_on else "Nothing blocks: no run is on")

    def on_blockers_screen_ended(self, message: BlockersScreen.Ended) -> None:
        """Keep what was done about a session."""
        self._tell(message.outcome)
        self.main.log_view.add([(("plain", said(message.outcome)),)])

    def _current_sql(self, run: Run) -> str | None:
        """The statement that is running; it is read when it takes its time."""
        file, number = run.progress.file, run.progress.statement
        if file is None or time.monotonic() - run.progress.statement_began < _SLOW:
            return None
        if self._statement[:2] != (file.name, number):
            self._statement = (file.name, number, None)
            self._work("statement", self._read_statement, file.name, number)
        return self._statement[2]

    async def _read_statement(self, name: str, number: int) -> None:
        migration = next((m for m in self.status.migrations if m.name == name), None)
        if migration is not None and migration.file is not None:
            sql = await in_thread(partial(statement, migration.file, number))
            self._statement = (name, number, sql)

    def _finish(self, run: Run) -> None:
        self.run_on = None
        self.insight = Insight()
        self._show_insight()
        self.main.remove_class("-running")
        self.refresh_bindings()
        self.main.log_view.add(outcome(run))
        if self._leaving:
            self.exit()
            return
        finished, failed = run.progress.finished, run.progress.failed
        if finished and not finished.failed:
            took = duration(finished.ms)
            self._tell(f"{plural(len(finished.applied), 'migration')} applied in {took}")
        if failed is not None:
            self.main.select(failed.name)
        self._work("look", self._refresh)

    def action_cancel_run(self) -> None:
        """Cancel the run."""
        if self.run_on is not None:
            self.run_on.cancel()

    # -- the program

    def action_help(self) -> None:
        """Show all keys."""
        self.push_screen(Reading("Keys", LinesView(key_lines(), fold=True)))

    async def action_quit(self) -> None:
        """Quit, or ask where a run is on."""
        if self.run_on is None:
            self.exit()
            return

        def answered(answer: Answer | None) -> None:
            if answer is Answer.YES and self._leaving:
                self.exit()
            elif answer is Answer.YES:
                self._terminated()

        what = (
            "What is committed stays, the rest is rolled back, and the ledger says so."
            " Quitting waits for that; asked again it does not."
        )
        view = LinesView([(("plain", what),)], fold=True)
        question = Question("A run is on", view, yes="Cancel the run and quit", no="Stay")
        self.push_screen(question, answered)

    def _terminated(self) -> None:
        """Leave, after cancelling the run; at once when asked again."""
        if self.run_on is None or self._leaving:
            self.exit()
            return
        self._leaving = True
        self.run_on.cancel()

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """The commands of the palette: the table of keys, and the theme."""
        for group in keys.GROUPS.values():
            for key in group:
                if key.where == "main" and key.id != "palette":
                    run = partial(self.run_action, key.action, self.main)
                    yield SystemCommand(key.what, keys.shown(key), run)
        yield SystemCommand("Theme", "Change the colours", self.action_change_theme)

    def _work(
        self,
        group: str,
        work: Callable[Arguments, Coroutine[None, None, None]],
        *args: Arguments.args,
        **kwargs: Arguments.kwargs,
    ) -> None:
        """Start something that takes a while, in the place of what its group was doing."""
        started: WorkType[None] = partial(work, *args, **kwargs)
        self.run_worker(started, group=group, exclusive=True)

    def _tell(self, message: str, severity: SeverityLevel = "information") -> None:
        self.notify(said(message), severity=severity, markup=False)


def run(settings: Settings) -> None:
    """Show the UI until its user quits.

    Raises whatever error has ended it, after the terminal is as it was.
    """
    if not settings.color:
        os.environ["NO_COLOR"] = "1"  # which Textual goes by, and editors do
    app = MigrationsApp(settings)
    try:
        app.run()
    finally:
        app.close()
    if error := app._exception:
        raise error.error if isinstance(error, WorkerFailed) else error
