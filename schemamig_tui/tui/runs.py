"""Asks before an apply or a rehearsal, starts it, and shows what comes of it."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from schemamig_tui.connect import Target
from schemamig_tui.engine import Migration, Plan, Selection
from schemamig_tui.engine.events import RunStarted
from schemamig_tui.engine.run.selection import EVERYTHING
from schemamig_tui.errors import FilesError, PlanChanged, SchemamigError
from schemamig_tui.settings import Settings
from schemamig_tui.tui.base_app import BaseApp
from schemamig_tui.tui.closing import SessionTally
from schemamig_tui.tui.engine_thread import ApplyThread, EngineThread
from schemamig_tui.tui.following import FileLogs, after, outcome, toast_text
from schemamig_tui.tui.keys import key_of
from schemamig_tui.tui.lines import Line
from schemamig_tui.tui.looking import Looking
from schemamig_tui.tui.page_saving import ask_to_save_page
from schemamig_tui.tui.plans import goes_on, hidden_lines, nothing_to_do
from schemamig_tui.tui.protection import ask_for_target
from schemamig_tui.tui.screens.blockers import BlockersScreen
from schemamig_tui.tui.screens.dialogs import Answer, Question
from schemamig_tui.tui.screens.main import MainScreen
from schemamig_tui.tui.screens.plan import START_OVER, DryRun, PlanQuestion
from schemamig_tui.tui.screens.rehearsal import RehearsalDialog
from schemamig_tui.tui.widgets.lines_view import LinesView
from schemamig_tui.tui.widgets.plan_view import PlanBefore, PlanView
from schemamig_tui.tui.widgets.run_panel import RunPanel

if TYPE_CHECKING:  # it is not imported before there is a rehearsal
    from schemamig_tui.tui.rehearsing import Report


class Runs:
    """Asks, starts and follows; one run at a time. The screens are those of ``app``."""

    def __init__(
        self, app: BaseApp, main: MainScreen, looking: Looking, settings: Settings
    ) -> None:
        self._app, self._main = app, main
        self._looking, self._settings = looking, settings
        self._logs = FileLogs()
        self._report: Report | None = None
        self._question: Question | None = None
        self.tally = SessionTally()
        """What the runs have done so far."""
        self.bug: Exception | None = None
        """What has ended a run because of a bug in the program."""

    @property
    def on(self) -> EngineThread | None:
        """The run or the rehearsal that is on."""
        return self._main.run_panel.run

    def log_of(self, migration: Migration) -> list[Line]:
        """What the last run of a file, or its last rehearsal, has reported of it.

        Nothing where the ledger says that it has been run since, by somebody else.
        """
        name, row = migration.name, migration.row
        log = self._logs.of(name)
        if name == self._main.running or self._logs.ended_as(name, row.success if row else None):
            return log
        is_applied = row is not None and row.success
        return self._report.of(name) if self._report and not is_applied else []

    # -- before

    def ask(self, selection: Selection = EVERYTHING, found: Sequence[str] = ()) -> None:
        """Ask whether to apply what is chosen. ``found`` has changed since one asked."""
        if view := self._view(selection, found=found):
            other = START_OVER if goes_on(view.todo) else ""
            database = self._looking.database
            question = PlanQuestion("Apply", view, database, other=other)
            self._app.push_screen(question, partial(self._approved, question))

    def ask_to_rehearse(self, selection: Selection = EVERYTHING, found: Sequence[str] = ()) -> None:
        """Ask whether to rehearse what is chosen."""
        from schemamig_tui.tui import rehearsing

        if view := self._view(selection, rehearsing.both_ways(self._settings), found):
            other, database = "Scratch", self._looking.database
            question = PlanQuestion("Rehearse", view, database, other=other)
            self._app.push_screen(question, partial(self._rehearsal_approved, question))

    def show_plan(self) -> None:
        """Show what an apply would do."""
        if view := self._view(EVERYTHING):
            self._app.push_screen(DryRun(view))

    def mark_refused(self, plan: Plan) -> None:
        """Mark the files of a plan that cannot be run in the list.

        One that an earlier try has begun is no such file: the dialog has a way to start it over.
        Nor is one that is to run alone, which may only lack what is pending before it.
        """
        refused = {e.path.name for e in plan.refusals if isinstance(e, FilesError)}
        if plan.only is None and not goes_on(plan.migrations):
            planned = {m.name: m.file for m in plan.migrations}
            found = [file for name, file in planned.items() if file and name in refused]
            others = [file for file in self._main.refused if file != planned.get(file.name)]
            self._main.mark_refused([*others, *found])

    def _view(
        self, selection: Selection, preface: Sequence[Line] = (), found: Sequence[str] = ()
    ) -> PlanView | None:
        """The view of what is to run; if that is nothing, a toast says why."""
        if self._looking.latest is None:
            return None
        # A run that is on has done more than what the last look has found.
        survey = replace(self._looking.latest, status=self._main.status)
        stays = self.on is not None
        todo = selection.of(survey.status)
        if not todo:
            self._app.toast(nothing_to_do(survey.status, selection))
            return None
        names = [migration.name for migration in todo]
        hidden = hidden_lines(self._main.hidden(names), self._main.filter.value)
        before = PlanBefore([*preface, *hidden], found, stays)
        target, settings = self._looking.target, self._settings
        return PlanView(survey, selection, target, settings, before)

    def _approved(self, question: PlanQuestion, answer: Answer | None) -> None:
        plan = question.plan
        if plan is None or answer not in (Answer.YES, Answer.OTHER):
            return
        approved = plan.starting_over() if answer is Answer.OTHER else plan
        ask_for_target(
            self._app, self._settings, self._looking.database, lambda: self._apply(approved)
        )

    def _apply(self, plan: Plan) -> None:
        if target := self._free_target():
            self._logs.forget(migration.name for migration in plan.migrations)
            self._follow(ApplyThread(target, self._settings, plan))

    def _rehearsal_approved(self, question: PlanQuestion, answer: Answer | None) -> None:
        from schemamig_tui.tui import rehearsing

        plan = question.plan
        if plan is None or answer not in (Answer.YES, Answer.OTHER):
            return
        if target := self._free_target():
            on_scratch = answer is Answer.OTHER
            kind = rehearsing.ScratchThread if on_scratch else rehearsing.InPlaceThread
            thread = kind(target, self._settings, plan, question.advice)
            self._report = report = rehearsing.Report(thread)
            self._main.log_view.add([report.title])
            self._follow(thread)

    def _free_target(self) -> Target | None:
        """The database if it is connected and no run is on; otherwise a toast says why not."""
        if self.on is not None:
            self._app.toast(f"A {self.on.noun} is on", severity="warning")
            return None
        if self._looking.target is None:
            self._app.toast(f"Not connected: {key_of('refresh')} tries again", severity="warning")
        return self._looking.target

    def _follow(self, run: EngineThread) -> None:
        self._looking.pause()
        self._main.show_run(on=True)
        self._main.follow_run()
        self._main.run_panel.follow(run)
        self._app.refresh_bindings()

    # -- while one is on, and behind it

    def pause_batches(self) -> None:
        """Have the next batch wait, or go on."""
        if self.on and (control := self.on.batch_control):
            control.pause(not control.paused)

    def change_batch_target(self, by: int) -> None:
        """Let the batches take longer, or less time where ``by`` is negative."""
        if self.on and (control := self.on.batch_control):
            (control.take_longer if by > 0 else control.take_shorter)()

    def show_blockers(self, *, read_only: bool) -> None:
        """Show who blocks the run, and who waits behind it; a toast says where nobody does."""
        panel = self._main.run_panel
        if self._looking.target and panel.insight.is_stuck:
            connect, database = self._looking.target.connect, self._looking.database
            self._app.push_screen(BlockersScreen(panel, connect, database, read_only=read_only))
        else:
            self._app.toast("Nothing blocks the run" if self.on else "Nothing blocks: no run is on")

    def ask_to_cancel(self) -> None:
        """Ask whether to cancel what is on, and say what that keeps."""
        run = self.on
        if run is None:
            return

        def answered(answer: Answer | None) -> None:
            if answer is Answer.YES and run is self.on:
                run.cancel()

        view = LinesView([(("plain", run.kept),)], fold=True)
        yes = f"Cancel the {run.noun}"
        question = Question(f"{yes}?", view, self._looking.database, yes=yes, no="Go on")
        self.ask_about(question, answered)

    def ask_about(self, question: Question, answered: Callable[[Answer | None], None]) -> None:
        """Ask something about what is on, up to its end: then there is nothing to answer."""
        self._question = question
        self._app.push_screen(question, answered)

    def show_events(self, message: RunPanel.Progressed) -> None:
        """Show what a run has done since the last time."""
        events = message.events
        if self._report and message.run.doing:
            self._report.take(events)
            events = [one for one in events if not isinstance(one, RunStarted)]
        else:
            self._logs.take(events)
        self._main.log_view.add_events(events)
        file = message.run.progress.file
        running = file.name if file else None
        status = self._main.status if message.run.doing else after(self._main.status, message.timed)
        if status is self._main.status:
            self._main.mark_running(running)
        else:
            self._main.fill(status, running=running)

    def end(self, run: EngineThread) -> None:
        """Say how a run has ended."""
        if self._question:
            self._question.dismiss(Answer.NO)
        self._main.show_run(on=False)
        self._main.mark_running(None)
        self._main.log_view.add(outcome(run))
        self._main.log_view.add_survey(None, run.warnings)
        self.tally.add(run)
        if run.error and not isinstance(run.error, SchemamigError):
            self.bug = run.error
        if run.doing and self._report and run.error is None:
            self._main.log_view.add(self._report.summary)
            self._main.mark_rehearsed(self._report.marks(run.files))

    def show_result(self, run: EngineThread) -> None:
        """Show what is to be seen behind a run: its result, or the question that it answered."""
        if isinstance(run.error, PlanChanged):
            selection = run.plan.selection._replace(resume=True)
            if run.doing:
                self.ask_to_rehearse(selection, run.error.differences)
            else:
                self.ask(selection, run.error.differences)
        elif run.doing and run.error is None:
            if self._app.screen is self._main:
                self.show_report()
            else:
                key = key_of("report")
                self._app.toast(f"The rehearsal is over: {key} shows what it has found")
        else:
            self._app.toast(*toast_text(run))
        if run.progress.failed and not self._main.detail.view.has_focus:
            self._main.select(run.progress.failed.name)
            if not run.doing:  # the report of a rehearsal has its failure
                self._main.detail.open("Result")
        elif run.doing and run.files:
            self._main.stop_following(next(iter(run.files)))

    def show_report(self) -> None:
        """Show the report of the last rehearsal."""
        if self._report is not None:
            view = LinesView(self._report.lines, fold=True)
            self._app.push_screen(RehearsalDialog(view))

    @property
    def has_report(self) -> bool:
        """Whether there has been a rehearsal."""
        return self._report is not None

    def save_report(self) -> None:
        """Save the last rehearsal as a page."""
        if self._report is None or self._report.thread is self.on:
            self._app.toast("The rehearsal is still on")
        else:
            ask_to_save_page(self._app, self._main.log_view, self._report.thread.page)
