"""The dialogs that show a plan: a question before it runs, and a dry run to be read."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widgets import Button

from schemamig_tui.advice.advice import Advice
from schemamig_tui.connect import Identity
from schemamig_tui.engine import Plan
from schemamig_tui.tui.plans import goes_on
from schemamig_tui.tui.screens.dialogs import Answer, Dialog, Question, TextDialog
from schemamig_tui.tui.widgets.plan_view import PlanView
from schemamig_tui.units import plural

START_OVER = "Start over"
"""The other way to apply a plan: no file goes on with what an earlier try of it has committed."""


class PlanQuestion(Question):
    """Asks whether a plan is to run, or to be rehearsed: ``verb`` is what is done with it.

    ``other`` is another way to do that, which is open where the plan is refused, too. START_OVER is
    so only where an earlier try of a file in the plan is gone on with.

    ``y`` is yes as soon as the plan is shown. When something changes behind it the dialog shows the
    new plan and takes the ``y`` back: the next one says that the change has been seen. So does the
    first one where the view begins with a change. ``b`` leaves files
    with batches out, or no more.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("b", "backfills", "Without backfills")]

    def __init__(
        self,
        verb: str,
        view: PlanView,
        database: Identity | None,
        *,
        other: str = "",
    ) -> None:
        super().__init__(_title(verb, len(view.todo)), view, database, yes=verb, other=other)
        self._verb, self._plan_view = verb, view
        self._is_refused = False
        self.plan: Plan | None = None
        """The plan that is shown; None while it is being made."""
        self.advice: Sequence[Advice] = ()
        """What the database has advised on it so far."""

    def on_mount(self) -> None:
        """There is no yes before there is a plan."""
        self._show_state()

    def on_plan_view_planned(self, message: PlanView.Planned) -> None:
        """Let it be approved, unless it cannot be run, or another one is being made."""
        if message.plan is not self._plan_view.plan:
            return
        self.plan, self._is_refused = message.plan, message.is_refused
        self.advice = message.review.advice if message.review else ()
        self._show_title(len(message.plan.migrations))
        self._show_state()
        self.query_one(Dialog).show_keys(_backfills(self._plan_view).strip())

    def on_plan_view_changed(self, message: PlanView.Changed) -> None:
        """Take the yes back; where nothing is left to run there is nothing to ask."""
        if not message.count:
            self.dismiss(Answer.NO)
            return
        self.plan = None
        self._show_title(message.count)
        self._show_state()

    def action_backfills(self) -> None:
        """Leave files with batches out, or no more."""
        if _backfills(self._plan_view):
            self.plan = None
            self._plan_view.turn_backfills()
            self._show_state()

    def action_answer(self, answer: str) -> None:
        """Answer; a yes counts when what it is for is shown, and has been seen."""
        if answer == Answer.OTHER and not self._other:
            return
        if answer != Answer.NO and (self.plan is None or self._is_off(answer)):
            why = "Nothing can be run as it is" if self.plan else "The files are being read"
            self.query_one(Dialog).remark(why)
            return
        if answer != Answer.NO and self._plan_view.is_unseen:
            self._plan_view.confirm()
            self._show_state()
            return
        super().action_answer(answer)

    def _show_title(self, count: int) -> None:
        self.query_one(Dialog).border_title = Content(_title(self._verb, count))

    def _is_off(self, answer: str) -> bool:
        if answer == Answer.YES:
            return self._is_refused
        migrations = self.plan.migrations if self.plan else ()
        return not (goes_on(migrations) if self._other == START_OVER else migrations)

    def _show_state(self) -> None:
        for answer, label in (
            (Answer.YES, f"{self._verb} (y)"),
            (Answer.OTHER, f"{self._other} (s)"),
        ):
            for button in self.query(f"#{answer}").results(Button):
                button.disabled = self.plan is None or self._is_off(answer)
                is_unseen = self._plan_view.is_unseen and not button.disabled
                button.label = Content(f"Seen ({label[-2]})" if is_unseen else label)


class DryRun(TextDialog):
    """Shows a plan, and what becomes of it; it can be saved."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "save", "Save the plan"),
        Binding("b", "backfills", "Without backfills"),
    ]

    @dataclass
    class SaveAsked(Message):
        """The plan is to be saved as a file."""

        plan: Plan

    def __init__(self, view: PlanView) -> None:
        super().__init__("Dry run: nothing is changed", view, keys="s save   ")
        self._plan_view = view
        self._plan: Plan | None = None
        self._is_refused = False

    def on_plan_view_planned(self, message: PlanView.Planned) -> None:
        """Let it be saved, unless it cannot be run, or another one is being made."""
        if message.plan is self._plan_view.plan:
            self._plan, self._is_refused = message.plan, message.is_refused
            self.show_keys(f"{_backfills(self._plan_view)}s save   ")

    def on_plan_view_changed(self, message: PlanView.Changed) -> None:
        """Where nothing is left to run there is nothing to show."""
        self._plan = None
        if not message.count:
            self.dismiss()

    def action_backfills(self) -> None:
        """Leave files with batches out, or no more."""
        if _backfills(self._plan_view):
            self._plan = None
            self._plan_view.turn_backfills()

    def action_save(self) -> None:
        """Ask for it to be saved, or say why it cannot be."""
        if self._plan is None:
            self.query_one(Dialog).remark("The files are being read")
        elif self._is_refused:
            self.query_one(Dialog).remark("It cannot be applied, so there is no plan to save")
        else:
            self.post_message(self.SaveAsked(self._plan))


def _backfills(view: PlanView) -> str:
    """The key that leaves backfills out of a plan, or takes them in, with what it does."""
    return f"b {view.backfills_key}   " if view.backfills_key else ""


def _title(verb: str, count: int) -> str:
    return f"{verb} {plural(count, 'migration')}?"
