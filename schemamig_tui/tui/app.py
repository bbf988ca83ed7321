"""The application: wires the screen, the poller of folder and database, and the runs."""

from collections.abc import Callable

from textual.notifications import SeverityLevel
from textual.screen import Screen
from textual.widgets import Input

from schemamig_tui.engine import Selection
from schemamig_tui.settings import Settings
from schemamig_tui.tui import clipboard, pager, state_files
from schemamig_tui.tui.adopting import Adopting
from schemamig_tui.tui.announcing import announce
from schemamig_tui.tui.base_app import BaseApp
from schemamig_tui.tui.documenting import Documenting
from schemamig_tui.tui.engine_thread import EngineThread
from schemamig_tui.tui.keymap import checked
from schemamig_tui.tui.leaving import Leaving
from schemamig_tui.tui.linting import Linting
from schemamig_tui.tui.looking import Looking
from schemamig_tui.tui.obstacles import KeyState, Shown, no_use, obstacle
from schemamig_tui.tui.passwords import Passwords
from schemamig_tui.tui.plan_saving import ask_to_save_plan
from schemamig_tui.tui.repairing import Repairing
from schemamig_tui.tui.runs import Runs
from schemamig_tui.tui.screens.blockers import BlockersScreen
from schemamig_tui.tui.screens.dialogs import TextDialog
from schemamig_tui.tui.screens.main import MainScreen
from schemamig_tui.tui.screens.plan import DryRun
from schemamig_tui.tui.settings_shown import settings_dialog
from schemamig_tui.tui.states import (
    connecting,
    empty_folder,
    error_page,
    outage,
    outage_lines,
    outage_over,
)
from schemamig_tui.tui.targets import TargetChoice
from schemamig_tui.tui.verifying import Verifying
from schemamig_tui.tui.widgets.lines_view import LinesView
from schemamig_tui.tui.widgets.plan_view import PlanView
from schemamig_tui.tui.widgets.run_history import RunHistory
from schemamig_tui.tui.widgets.run_panel import RunPanel
from schemamig_tui.tui.writing import Writing


class MigrationsApp(BaseApp):
    """The UI for one folder and one database."""

    TITLE = "schemamig-tui"
    CSS_PATH = "app.tcss"

    def __init__(
        self,
        settings: Settings,
        *,
        read_only: bool = False,
        settings_of: Callable[[str], Settings] | None = None,
    ) -> None:
        super().__init__(checked(settings.keys, settings.origins.get("keys", "keys")))
        self.animation_level = "none"  # what a key does is there at once
        self.settings, self.read_only = settings, read_only or settings.read_only
        self.main = MainScreen(str(settings.directory), settings.warnings)
        self.main.top.read_only = self.read_only
        if settings.target:
            self.main.top.name_target(settings.target, settings.header)
        self.looking = Looking(settings, self.post_message, Passwords(self))
        self.runs = Runs(self, self.main, self.looking, settings)
        self.linting = Linting(self, self.main, self.looking, settings)
        self.writing = Writing(self, self.main, self.looking, settings)
        self.repairing = Repairing(self, self.main, self.looking, settings)
        self.adopting = Adopting(self, self.main, self.looking, settings)
        self.documenting = Documenting(self, self.main.log_view, settings)
        self.verifying = Verifying(self, self.main.log_view, settings)
        self.leaving = Leaving(self, self.runs, self.looking)
        self.targets = TargetChoice(self, settings, settings_of)
        self._has_seen = False

    def get_default_screen(self) -> Screen[None]:
        """The main screen, which is always there."""
        return self.main

    def on_ready(self) -> None:
        """Look at folder and ledger for the first time, and again and again from then on."""
        self._show_top()
        self.main.show_page(connecting(self.settings.embedded))
        self.work("looking", self.looking.run)

    def close(self) -> None:
        """After the end: cancel a run that is still on, and close the connections."""
        if self.run_on is not None and not self.leaving.is_on:
            self.run_on.cancel()
            self.run_on.wait()
        self.verifying.close()
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
            log.add([outage_over(message.absence)])
        log.add_survey(self.looking.database, message.warnings)
        if self.run_on is not None:
            return
        if message.absence:  # a file that was refused may have been there no more
            self.main.mark_refused(())
        is_first, self._has_seen = not self._has_seen, True
        self.main.leave_page()
        # Where the folder is empty the page of an error has to go, though all is as it was before.
        if message.absence or message.survey.status is not self.main.status:
            self.main.fill(message.survey.status)
        recovered, target = message.absence is not None, self.looking.target
        for screen in self.screen_stack:
            for view in screen.query(PlanView):
                view.follow(message.survey, target, recovered=recovered)
            for history in screen.query(RunHistory):
                history.follow(message.survey.status)
        if is_first or self.main.selected is None:
            self.main.select_first(focus=is_first)
        self.linting.look()
        self.writing.select_new()
        self.refresh_bindings()
        self.take_keys()

    def on_looking_waiting(self, message: Looking.Waiting) -> None:
        """Say that the server is waited for."""
        if self._has_seen:
            self._show_top("waiting for the server")
        else:
            lines = connecting(self.settings.embedded, self.looking.route, message.text)
            self.main.show_page(lines)

    def on_looking_failed(self, message: Looking.Failed) -> None:
        """Say once why nothing new can be shown; what is shown stays."""
        error = message.error
        self._show_top(outage(error).lower())
        self.take_keys()
        if message.known:
            return
        if self.main.selected is None:
            self.main.show_page(error_page(error, retried=message.retried))
        else:
            self.main.log_view.add(outage_lines(error, message.since))

    def _show_top(self, why: str | None = None) -> None:
        self.main.top.show(self.looking, why)

    def on_plan_view_planned(self, message: PlanView.Planned) -> None:
        """Mark the files that cannot be run: until they are mended there is nothing to apply."""
        self.runs.mark_refused(message.plan)
        self.refresh_bindings()

    def on_plan_view_linted(self, message: PlanView.Linted) -> None:
        """Log what could not be looked at."""
        self.linting.remark(message.report)

    # -- the selected migration

    def on_main_screen_selected(self) -> None:
        """Show the selected migration, as it stands now."""
        self._open_selected()

    def _open_selected(self, *, again: bool = False) -> None:
        selected = self.main.selected
        if selected is not None:
            dialect, log = self.looking.dialect, self.runs.log_of(selected)
            detail, runs = self.main.detail, selected.name == self.main.running
            detail.open_migration(selected, dialect=dialect, log=log, runs=runs, again=again)
        elif self._has_seen and not self.main.status.migrations:
            self.main.detail.show_message(empty_folder(str(self.settings.directory)))

    def on_detail_opened(self) -> None:
        """Show the keys that work for it."""
        self.refresh_bindings()

    def on_detail_turned(self) -> None:
        """Look for findings where the tab for them has been opened."""
        self.linting.look()

    def action_finding(self, by: int) -> None:
        """Show the next finding, or with -1 the one before."""
        self.linting.go(by)

    def action_edit(self) -> None:
        """Edit the file, at the selected finding, or else at the place of its failure."""
        if self.main.selected is not None:
            finding = self.main.detail.finding
            self.writing.edit(self.main.selected, finding.line if finding else None)

    def action_new(self) -> None:
        """Write a new migration, and edit it."""
        self.writing.ask_for_title()

    def action_reverse(self) -> None:
        """Draft the reversal of the selected migration."""
        if self.main.selected is not None:
            self.writing.ask_to_reverse(self.main.selected)

    def action_repair(self) -> None:
        """Choose a repair of the selected migration's row."""
        if self.main.selected is not None:
            self.repairing.choose(self.main.selected)

    def action_adopt(self) -> None:
        """Take over the migrations and the ledger of another tool."""
        self.work("adopting", self.adopting.offer)

    def action_difference(self) -> None:
        """Show what has changed in the selected migration since it was applied."""
        if self.main.selected is not None:
            self.writing.show_difference(self.main.selected)

    def action_branch(self) -> None:
        """Compare the files with those of a branch."""
        self.writing.ask_for_branch()

    def action_copy(self) -> None:
        """Copy the text of the pane with the focus."""
        self.toast(clipboard.copy(self, self._text))

    def action_copy_path(self) -> None:
        """Copy the path of the selected file."""
        if self.main.selected is not None and self.main.selected.file is not None:
            path = str(self.main.selected.file.path.absolute())
            self.toast(f"{path}: {clipboard.copy(self, path)}")

    def action_page(self) -> None:
        """Open the text of the pane with the focus in the pager."""
        if problem := pager.page(self, self._text):
            self.toast(problem, severity="warning")

    def action_save_log(self) -> None:
        """Save the whole log in a file."""
        self.toast(state_files.save_log(self.main.log_view.text))

    def action_history(self) -> None:
        """Show the runs of the past."""
        view = RunHistory(self.main.status)
        self.push_screen(TextDialog("Runs", view, wide=True))

    def action_document(self) -> None:
        """Write the schema of the database into the files that the settings name."""
        self.documenting.start(self.looking.target)

    def action_validate(self) -> None:
        """Compare the documentation with the database."""
        self.documenting.start_to_validate(self.looking.target)

    def action_verify(self) -> None:
        """Run the applied migrations from zero on a scratch, and compare."""
        self.verifying.start(self.looking.target)

    @property
    def _text(self) -> str:
        """The text of the pane with the focus; with a list that is the selected migration."""
        view = self.screen.focused
        return (view if isinstance(view, LinesView) else self.main.detail.view).text

    # -- the run

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Which keys work now; the others are not in the footer."""
        if action in ("pause_batches", "batch_target"):
            # Their keys go before those of the pane, but what is typed into an input is text.
            return self.main.run_panel.has_batches and not isinstance(self.screen.focused, Input)
        return self.why_not(action) is None

    def why_not(self, action: str) -> str | None:
        """Why an action of the table of keys cannot be taken now."""
        selected = self.main.selected
        state = KeyState(
            self.run_on,
            self.verifying.is_on,
            self.read_only,
            self.looking.latest is not None,
            self.looking.is_connected,
            self.main.refused,
            selected,
        )
        status, has_report = self.main.status, self.runs.has_report
        shown = Shown(status, selected, has_report, self.targets.is_there)
        return obstacle(action, state) or no_use(action, shown)

    def action_apply(self) -> None:
        """Apply all, after a dialog that shows the plan."""
        self.runs.ask()

    def action_apply_to(self) -> None:
        """Apply up to the selected one, after a dialog that shows the plan."""
        if self.main.selected is not None and self.main.selected.file is not None:
            self.runs.ask(Selection(to=self.main.selected.name))

    def action_apply_only(self) -> None:
        """Apply the selected one alone, after a dialog that shows the plan."""
        if self.main.selected is not None and self.main.selected.file is not None:
            self.runs.ask(Selection(only=self.main.selected.name))

    def action_dry_run(self) -> None:
        """Show how each pending file would be run."""
        self.runs.show_plan()

    def on_dry_run_save_asked(self, message: DryRun.SaveAsked) -> None:
        """Save the plan."""
        if self.looking.target:
            ask_to_save_plan(self, self.main.log_view, message.plan, self.looking.target)

    def action_rehearse(self) -> None:
        """Rehearse all, after a dialog that explains what a rehearsal does."""
        self.runs.ask_to_rehearse()

    def action_rehearse_to(self) -> None:
        """Rehearse up to the selected one, after the same dialog."""
        if self.main.selected is not None and self.main.selected.file is not None:
            self.runs.ask_to_rehearse(Selection(to=self.main.selected.name))

    def action_report(self) -> None:
        """Show the report of the last rehearsal."""
        self.runs.show_report()

    def on_rehearsal_dialog_page_asked(self) -> None:
        """Save what the last rehearsal has found."""
        self.runs.save_report()

    def on_run_panel_progressed(self, message: RunPanel.Progressed) -> None:
        """Show what the run has done."""
        self.runs.show_events(message)

    def on_run_panel_ended(self, message: RunPanel.Ended) -> None:
        """Show how the run has ended, and look at what it has left; or leave."""
        self.runs.end(message.run)
        self.refresh_bindings()
        if self.leaving.is_on:
            self.exit()
            return
        self.looking.resume()
        self.runs.show_result(message.run)
        self._open_selected(again=True)
        applied = message.run.progress.applied if not message.run.doing else 0
        if applied and self.settings.docs_after_apply:
            self.action_document()

    # -- the run or rehearsal that is on

    @property
    def run_on(self) -> EngineThread | None:
        """The run or the rehearsal that is on."""
        return self.runs.on

    def action_pause_batches(self) -> None:
        """Have the next batch wait, or go on."""
        self.runs.pause_batches()

    def action_batch_target(self, by: int) -> None:
        """Let the batches take longer, or less time where ``by`` is negative."""
        self.runs.change_batch_target(by)

    def action_blockers(self) -> None:
        """Show who blocks the run, and who waits behind it."""
        self.runs.show_blockers(read_only=self.read_only)

    def on_blockers_screen_end_asked(self, message: BlockersScreen.EndAsked) -> None:
        """Log what was done about a session."""
        outcome = f"{message.what}: {message.refusal or 'done'}"
        severity: SeverityLevel = "warning" if message.refusal else "information"
        announce(self, self.main.log_view, outcome, severity)

    def action_cancel_run(self) -> None:
        """Ask whether to cancel the run, and say what that keeps; cancel a verification at once."""
        if self.run_on is None:
            self.verifying.cancel()
        else:
            self.runs.ask_to_cancel()

    # -- the program

    def action_target(self) -> None:
        """Choose a target, for another UI behind this one."""
        self.targets.ask()

    def action_settings(self) -> None:
        """Show every setting, and where it came from."""
        self.push_screen(settings_dialog(self.settings))

    async def action_quit(self) -> None:
        """Quit, or ask where a run is on; asked again, quit at once."""
        self.leaving.ask()

    def terminated(self) -> None:
        """Leave, after cancelling the run; at once when asked again."""
        self.leaving.leave()
