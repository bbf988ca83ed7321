"""The application: it owns the looks at the database, the run, and the last rehearsal's report."""

import os
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from textual.screen import Screen
from textual.worker import WorkerFailed

from schemamig_tui.connect import Target
from schemamig_tui.engine import Migration, Status
from schemamig_tui.engine.events import Event, RunStarted
from schemamig_tui.settings import Settings
from schemamig_tui.tui import clipboard, editor
from schemamig_tui.tui.background import in_thread
from schemamig_tui.tui.base_app import BaseApp
from schemamig_tui.tui.details import details
from schemamig_tui.tui.engine_thread import ApplyThread, EngineThread, TimedEvent
from schemamig_tui.tui.failures import read_failure
from schemamig_tui.tui.following import FileLogs, after, outcome, toast_text
from schemamig_tui.tui.lines import inline
from schemamig_tui.tui.looking import Looking
from schemamig_tui.tui.plans import goes_on, nothing_to_do
from schemamig_tui.tui.screens.blockers import BlockersScreen
from schemamig_tui.tui.screens.dialogs import Answer, Question, TextDialog
from schemamig_tui.tui.screens.main import MainScreen
from schemamig_tui.tui.states import (
    connected_again,
    connecting,
    empty_folder,
    error_page,
    outage_lines,
)
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
        self.looking = Looking(settings, self.post_message)
        self._logs = FileLogs()
        self._opened: Migration | None = None
        self._leaving = False
        self._has_seen = False
        self._report: Report | None = None

    def get_default_screen(self) -> Screen[None]:
        """The main screen, which is always there."""
        return self.main

    def on_ready(self) -> None:
        """Look at folder and ledger for the first time, and again and again from then on."""
        self._show_top()
        self.main.detail.show_message(connecting(self.settings.embedded))
        self.work("looking", self.looking.run)

    def close(self) -> None:
        """After the end: cancel a run that is still on, and close the connections."""
        if self.run_on is not None and not self._leaving:
            self.run_on.cancel()
            self.run_on.wait()
        self.looking.close()

    # -- folder and ledger

    def action_refresh(self) -> None:
        """Look at the folder and the ledger again."""
        if self.run_on is None:
            self.looking.ask()

    def on_looking_found(self, message: Looking.Found) -> None:
        """Show what was found. A run that is on shows more, and is followed by another look."""
        self._show_top()
        log = self.main.log_view
        if message.absence and self._has_seen:
            log.add([connected_again(message.absence)])
        log.add_survey(self.looking.database, message.warnings)
        if self.run_on is not None:
            return
        is_first, self._has_seen = not self._has_seen, True
        if message.survey.status is not self.status:
            self._show(message.survey.status)
        if is_first or self.main.selected is None:
            self.main.select_first()
        self.refresh_bindings()

    def on_looking_waiting(self, message: Looking.Waiting) -> None:
        """Say that the server is waited for."""
        if self._has_seen:
            self._show_top("waiting for the server")
        else:
            waiting = f"Waiting for the server: {message.reason}"
            lines = connecting(self.settings.embedded, self.looking.route, waiting)
            self.main.detail.show_message(lines)

    def on_looking_failed(self, message: Looking.Failed) -> None:
        """Say once why nothing new can be shown; what is shown stays."""
        error = message.error
        self._show_top("not connected" if message.since else "not up to date")
        if message.known:
            return
        if self.main.selected is None:
            self.main.detail.show_message(error_page(error, retried=message.retried))
        else:
            self.main.log_view.add(outage_lines(error, message.since))

    def _show_top(self, why: str | None = None) -> None:
        self.main.top.show(self.looking, why)

    def _show(self, status: Status) -> None:
        """Show the status of the migrations, and the selected one as it is now."""
        self.status = status
        file = self.run_on.progress.file if self.run_on else None
        self.main.fill(status, running=file.name if file else None)
        self.on_main_screen_selected()
        if not status.migrations:
            self._opened = None
            self.main.detail.show_message(empty_folder(str(self.settings.directory)))

    # -- the selected migration

    def on_main_screen_selected(self) -> None:
        """Show the selected migration, as it stands now."""
        selected = self.main.selected
        if selected is not None and selected != self._opened:
            self._opened = selected
            self.work("detail", self._read, selected)

    async def _read(self, migration: Migration) -> None:
        standard = self.looking.standard_strings
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
            return self.looking.latest is not None
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

        view = PlanView(todo, self.looking)
        over = "Start over" if goes_on(todo) else ""
        question = Question(what, view, self.looking.database, yes="Apply", over=over)
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
        view = PlanView(todo, self.looking)
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
        if self.looking.target is None:
            self.toast("Not connected: r tries again", severity="warning")
        return self.looking.target

    def _follow(self, run: EngineThread, on_events: OnEvents, on_end: OnEnd) -> None:
        self.looking.pause()
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
            return False
        self.looking.resume()
        return True

    def _finished(self, run: EngineThread) -> None:
        if not self._over(run):
            return
        self.toast(*toast_text(run))
        if run.progress.failed is not None:
            self.main.select(run.progress.failed.name)

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
        view = PlanView(todo, self.looking, rehearsing.warning(self.settings))
        await self.push_screen(
            Question(what, view, self.looking.database, yes="Rehearse"), answered
        )

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
        if self.looking.target and panel.insight.is_stuck:
            connect, database = self.looking.target.connect, self.looking.database
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
        question = Question("A run is on", view, self.looking.database, yes=yes, no="Stay")
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
