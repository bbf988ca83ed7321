"""Leaves the program: at once, or, during a run, when that has been cancelled."""

from schemamig_tui.tui.base_app import BaseApp
from schemamig_tui.tui.looking import Looking
from schemamig_tui.tui.runs import Runs
from schemamig_tui.tui.screens.dialogs import Answer, Question
from schemamig_tui.tui.widgets.lines_view import LinesView


class Leaving:
    """Waits for the end of a run before it leaves; asked again, it does not."""

    def __init__(self, app: BaseApp, runs: Runs, looking: Looking) -> None:
        self._app, self._runs, self._looking = app, runs, looking
        self.is_on = False
        """Whether the end of a run is waited for."""

    def ask(self) -> None:
        """Leave, or ask where a run is on."""
        run = self._runs.on
        if run is None or self.is_on:
            self._app.exit()
            return

        def answered(answer: Answer | None) -> None:
            if answer is Answer.YES:
                self.leave()

        what = f"{run.kept} Quitting waits for that; asked again it does not."
        view = LinesView([(("plain", what),)], fold=True)
        yes = "Cancel it and quit"
        question = Question(f"A {run.noun} is on", view, self._looking.database, yes=yes, no="Stay")
        self._runs.ask_about(question, answered)

    def leave(self) -> None:
        """Leave, after cancelling the run; at once when asked again."""
        run = self._runs.on
        if run is None or self.is_on:
            self._app.exit()
            return
        self.is_on = True
        run.cancel()
