"""The application: it owns the status poller, the run, and the report of the last rehearsal."""

import os
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from textual.screen import Screen
from textual.worker import WorkerFailed

from schemamig_tui.connect import Target
from schemamig_tui.engine import Migration, Status
from schemamig_tui.engine.events import Event, RunStarted
from schemamig_tui.errors import ConnectionFailed, SchemamigError
from schemamig_tui.settings import Settings
from schemamig_tui.tui import clipboard, editor
from schemamig_tui.tui.background import FolderWatch, Retry, in_thread
from schemamig_tui.tui.base_app import BaseApp
from schemamig_tui.tui.details import details
from schemamig_tui.tui.engine_thread import ApplyThread, EngineThread, TimedEvent
from schemamig_tui.tui.failures import read_failure
from schemamig_tui.tui.following import FileLogs, after, outcome, toast_text
from schemamig_tui.tui.lines import inline
from schemamig_tui.tui.plans import goes_on, nothing_to_do
from schemamig_tui.tui.screens.blockers import BlockersScreen
from schemamig_tui.tui.screens.dialogs import Answer, Question, TextDialog
from schemamig_tui.tui.screens.main import MainScreen
from schemamig_tui.tui.states import connecting, empty_folder, error_lines, error_page
from schemamig_tui.tui.status_poller import StatusPoller
from schemamig_tui.tui.widgets.lines_view import LinesView
from schemamig_tui.tui.widgets.plan_view import PlanView
from schemamig_tui.tui.widgets.run_panel import OnEnd, OnEvents
from schemamig_tui.units import plural

if TYPE_CHECKING:  # it is not imported before there is a rehearsal
    from schemamig_tui.tui.rehearsing import Report


class MigrationsApp(BaseApp):
    """The UI for one folder and one database."""

    TITLE = "schemamig-tui"
    CSS_PATH = "app.tcss"

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.animation_level = "none"  # what a key does is there at once
        self.settings = settings
        self.main = MainScreen(str(settings.directory), settings.warnings)
        self.status = Status(())
        self.poller = StatusPoller(settings)
        self._logs = FileLogs()
        self._opened: Migration | None = None
        self._leaving = False
        self._shown_error = ""
        self._retry = Retry(self.set_timer, self._poll_quietly)
        self._report: Report | None = None

    def get_default_screen(self) -> Screen[None]:
        """The main screen, which is always there."""
        return self.main

    def on_ready(self) -> None:
        """Read folder and ledger for the first time, and watch the folder from then on."""
        self.work("survey", self._refresh)
        self.work("folder", self._watch_folder)

    def close(self) -> None:
        """After the end: cancel a run that is still on, and close the connections."""
        if self.run_on is not None and not self._leaving:
            self.run_on.cancel()
            self.run_on.wait()
        self.poller.close()

    # -- folder and ledger

    def action_refresh(self) -> None:
        """Read the folder and the ledger again."""
        if self.run_on is None:
            self._retry.reset()
            self.work("survey", self._refresh)

    async def _refresh(self, *, quiet: bool = False) -> None:
        if self.poller.latest is None and not quiet:
            self._show_top()
            self.main.detail.show_message(connecting(self.settings.embedded))
        try:
            survey = await in_thread(partial(self.poller.poll, None if quiet else self._waiting))
        except SchemamigError as error:
            self._show_error(error, quiet=quiet)
            return
        is_first, self.poller.latest = self.poller.latest is None, survey
        self._show_top()
        self.main.log_view.add_survey(self.poller.database, self.poller.news(survey))
        self._show(survey.status)
        if is_first or self.main.selected is None:
            self.main.select_first()
        self.refresh_bindings()

    def _waiting(self, seconds_left: float, reason: str) -> None:
        if self.poller.latest is None:
            waiting = f"Waiting up to {seconds_left:.0f} s for the server: {reason}"
            lines = connecting(self.settings.embedded, self.poller.route, waiting)
            self.call_later(self.main.detail.show_message, lines)
        else:
            self.call_later(self._show_top, "waiting for the server")

    def _show_error(self, error: SchemamigError, *, quiet: bool) -> None:
        is_away = isinstance(error, ConnectionFailed)
        retried = is_away and self.settings.embedded is None
        if not quiet or error.message != self._shown_error:
            self._shown_error = error.message
            self._show_top("not connected" if is_away else "not up to date")
            if self.main.selected is None:
                self.main.detail.show_message(error_page(error, retried=retried))
            else:
                self.main.log_view.add(error_lines(error))
        if retried:
            self._retry.later()

    def _poll_quietly(self) -> None:
        """Try to connect again, unless a run is on or a dialog is open."""
        if self.run_on is None and self.screen is self.main:
            self.work("survey", self._refresh, quiet=True)
        else:
            self._retry.later()

    def _show_top(self, why: str | None = None) -> None:
        self.main.top.show(self.poller, why)

    def _show(self, status: Status) -> None:
        """Show the status of the migrations, and the selected one as it is now."""
        self.status = status
        file = self.run_on.progress.file if self.run_on else None
        self.main.fill(status, running=file.name if file else None)
        self.on_main_screen_selected()
        if not status.migrations:
            self._opened = None
            self.main.detail.show_message(empty_folder(str(self.settings.directory)))

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
            self.work("detail", self._read, selected)

    async def _read(self, migration: Migration) -> None:
        standard = self.poller.standard_strings
        log = self._logs.of(migration.name)
        if self._report and not log:
            log = self._report.of(migration.name)
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
        if problem := editor.edit(self, selected.file.path, line):
            self.toast(problem, severity="warning")
        self.action_refresh()

    def action_copy(self) -> None:
        """Copy the text of the pane with the focus."""
        view = self.screen.focused
        text = (view if isinstance(view, LinesView) else self.main.detail.view).text
        self.toast(clipboard.copy(self, text))

    # -- the run

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Which keys work now; the others are not in the footer."""
        if action == "cancel_run":
            return self.run_on is not None
        if action in ("apply", "apply_to", "rehearse", "refresh") and self.run_on is not None:
            return False
        if action in ("apply", "dry_run", "rehearse"):
            return self.poller.latest is not None
        if action in ("apply_to", "edit"):
            selected = self.main.selected
            return selected is not None and selected.file is not None
        return True

    async def action_apply(self) -> None:
        """Apply all, after a dialog that shows the plan."""
        await self._ask(None)

    async def action_apply_to(self) -> None:
        """Apply up to the selected one, after a dialog that shows the plan."""
        if self.main.selected is not None and self.main.selected.file is not None:
            await self._ask(self.main.selected.name)

    async def _ask(self, to: str | None) -> None:
        if not (todo := self._todo(to)):
            return
        what = f"Apply {plural(len(todo), 'migration')}?"

        def answered(answer: Answer | None) -> None:
            if answer in (Answer.YES, Answer.OVER):
                self._start(to, resume=answer is Answer.YES)

        view = PlanView(todo, self.poller)
        over = "Start over" if goes_on(todo) else ""
        question = Question(what, view, self.poller.database, yes="Apply", over=over)
        await self.push_screen(question, answered)

    def _todo(self, to: str | None = None) -> Sequence[Migration]:
        """The migrations to run; if there are none, a toast says why."""
        if not (todo := self.status.to_run(to)):
            self.toast(nothing_to_do(self.status, to))
        return todo

    async def action_dry_run(self) -> None:
        """Show how each pending file would be run."""
        if not (todo := self._todo()):
            return
        view = PlanView(todo, self.poller)
        await self.push_screen(TextDialog("Dry run: nothing is changed", view))

    def _start(self, to: str | None, *, resume: bool) -> None:
        if target := self._free_target():
            self._logs.forget(migration.name for migration in self.status.to_run(to))
            run = ApplyThread(target, self.settings, to, resume=resume)
            self._follow(run, self._show_events, self._finished)

    def _free_target(self) -> Target | None:
        """The database if it is connected and no run is on; otherwise a toast says why not."""
        if self.run_on is not None:
            self.toast("A run is on", severity="warning")
            return None
        if self.poller.target is None:
            self.toast("Not connected: r tries again", severity="warning")
        return self.poller.target

    def _follow(self, run: EngineThread, on_events: OnEvents, on_end: OnEnd) -> None:
        self.main.add_class("-running")
        self.main.run_panel.follow(run, on_events, on_end)
        self.refresh_bindings()

    def _show_events(
        self, run: EngineThread, events: Sequence[Event], timed: Sequence[TimedEvent]
    ) -> None:
        """Show what a run has done since the last call."""
        self._logs.take(events)
        self.main.log_view.add_events(events)
        status = after(self.status, timed)
        if status is not self.status:
            self._show(status)
        else:
            self.main.mark_running(run.progress.file.name if run.progress.file else None)

    def _over(self, run: EngineThread) -> bool:
        """Clean up after a run or a rehearsal. Returns whether the app goes on."""
        self.main.remove_class("-running")
        self.refresh_bindings()
        self.main.log_view.add(outcome(run))
        if self._leaving:
            self.exit()
        return not self._leaving

    def _finished(self, run: EngineThread) -> None:
        if not self._over(run):
            return
        self.toast(*toast_text(run))
        if run.progress.failed is not None:
            self.main.select(run.progress.failed.name)
        self.action_refresh()

    # -- the rehearsal

    async def action_rehearse(self) -> None:
        """Rehearse all, after a dialog that explains what a rehearsal does."""
        from schemamig_tui.tui import rehearsing

        if not (todo := self._todo()):
            return

        def answered(answer: Answer | None) -> None:
            if answer is Answer.YES and (target := self._free_target()):
                self._report = report = rehearsing.Report(len(todo))
                run = rehearsing.RehearsalThread(target, self.settings)
                self.main.log_view.add([report.title])
                self._follow(run, self._show_rehearsal_events, self._rehearsed)

        what = f"Rehearse {plural(len(todo), 'migration')}?"
        view = PlanView(todo, self.poller, rehearsing.warning(self.settings))
        await self.push_screen(Question(what, view, self.poller.database, yes="Rehearse"), answered)

    def _show_rehearsal_events(
        self, run: EngineThread, events: Sequence[Event], timed: Sequence[TimedEvent]
    ) -> None:
        assert self._report is not None
        self._report.take(events)
        self.main.log_view.add_events([one for one in events if not isinstance(one, RunStarted)])
        self.main.mark_running(run.progress.file.name if run.progress.file else None)

    def _rehearsed(self, run: EngineThread) -> None:
        assert self._report is not None
        self.main.mark_running(None)
        if not self._over(run):
            return
        if run.error is None:
            self.main.log_view.add(self._report.summary)
            if self.screen is self.main:
                self.action_report()
            else:
                self.toast("The rehearsal is over: v shows what it has found")
        else:
            self.toast(*toast_text(run))
        self._opened = None
        self.on_main_screen_selected()

    def action_report(self) -> None:
        """Show the report of the last rehearsal."""
        if self._report is None:
            self.toast("No rehearsal yet: R rehearses what is pending")
        else:
            view = LinesView(self._report.lines, fold=True)
            self.push_screen(TextDialog("Rehearsal", view, wide=True))

    # -- the run or rehearsal that is on

    @property
    def run_on(self) -> EngineThread | None:
        """The run or the rehearsal that is on."""
        return self.main.run_panel.run

    def action_blockers(self) -> None:
        """Show who blocks the run, and who waits behind it."""
        panel = self.main.run_panel
        if self.poller.target and panel.insight.is_stuck:
            connect, database = self.poller.target.connect, self.poller.database
            self.push_screen(BlockersScreen(lambda: panel.insight, connect, database))
        else:
            self.toast("Nothing blocks the run" if panel.run else "Nothing blocks: no run is on")

    def on_blockers_screen_ended(self, message: BlockersScreen.Ended) -> None:
        """Log what was done about a session."""
        outcome = f"{message.what}: {message.refusal or 'done'}"
        self.toast(outcome, "warning" if message.refusal else "information")
        self.main.log_view.add([(("warn" if message.refusal else "plain", inline(outcome)),)])

    def action_cancel_run(self) -> None:
        """Cancel the run."""
        if self.run_on is not None:
            self.run_on.cancel()

    # -- the program

    async def action_quit(self) -> None:
        """Quit, or ask where a run is on."""
        if self.run_on is None:
            self.exit()
            return

        def answered(answer: Answer | None) -> None:
            if answer is Answer.YES and self._leaving:
                self.exit()
            elif answer is Answer.YES:
                self.terminated()

        what = f"{self.run_on.kept} Quitting waits for that; asked again it does not."
        view = LinesView([(("plain", what),)], fold=True)
        yes = "Cancel the run and quit"
        question = Question("A run is on", view, self.poller.database, yes=yes, no="Stay")
        self.push_screen(question, answered)

    def terminated(self) -> None:
        """Leave, after cancelling the run; at once when asked again."""
        if self.run_on is None or self._leaving:
            self.exit()
            return
        self._leaving = True
        self.run_on.cancel()


def run(settings: Settings) -> None:
    """Show the UI until its user quits. Raises the error that ended it, if one did."""
    if not settings.color:
        os.environ["NO_COLOR"] = "1"  # which Textual goes by, and editors do
    app = MigrationsApp(settings)
    try:
        app.run()
    finally:
        app.close()
    if error := app._exception:
        raise error.error if isinstance(error, WorkerFailed) else error
