"""The view of a plan. It makes the plan, asks the database, and follows what changes behind it."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from textual.message import Message

from schemamig_tui.connect import Target
from schemamig_tui.engine import Migration, Plan, Selection, Survey, make_plan
from schemamig_tui.engine.run.survey import with_folder_of_now
from schemamig_tui.errors import FilesError, SchemamigError, SettingsError
from schemamig_tui.garbage import no_collections
from schemamig_tui.lint.finding import LintReport
from schemamig_tui.settings import Settings
from schemamig_tui.survey import Review, review
from schemamig_tui.text import one_line
from schemamig_tui.tui.background import in_thread
from schemamig_tui.tui.lines import Line
from schemamig_tui.tui.pending_findings import pending_findings
from schemamig_tui.tui.plans import (
    change_line,
    changes,
    names,
    passed_over_lines,
    plan_lines,
    total,
)
from schemamig_tui.tui.widgets.lines_view import LinesView, widest

_AT_ONCE = 100
"""The lines of so many files are made at once; those of more in a thread, as keys would wait."""
_PROGRESS = 0.25
"""Seconds between two times that it is shown how many files have been read."""


@dataclass(frozen=True, slots=True)
class PlanBefore:
    """What the view of a plan has to know before the plan is made.

    ``preface`` are the lines above the plan, ``found`` says what has changed since the user was
    asked the last time. The folder is read again first, unless it ``stays``.
    """

    preface: Sequence[Line] = ()
    found: Sequence[str] = ()
    stays: bool = False


_NOTHING_BEFORE = PlanBefore()


class PlanView(LinesView):
    """The migrations that would run, as chosen: names, then the plan, advice, and findings.

    ``survey`` is what the last look has found, ``target`` the database, ``before`` what there is to
    know before the plan is made.
    """

    @dataclass
    class Planned(Message):
        """The plan is shown; with ``review`` what the database says of it, too."""

        plan: Plan
        review: Review | None = None

        @property
        def is_refused(self) -> bool:
            """Whether nothing of it can be run, or all of it has to wait."""
            refusals = self.review.refusals if self.review else self.plan.refusals
            return bool(refusals) or not self.plan.migrations

    @dataclass
    class Linted(Message):
        """The findings are shown."""

        report: LintReport

    @dataclass
    class Changed(Message):
        """Something else would run now than was shown: ``count`` files. See ``Planned``."""

        count: int

    def __init__(
        self,
        survey: Survey,
        selection: Selection,
        target: Target | None,
        settings: Settings,
        before: PlanBefore = _NOTHING_BEFORE,
    ) -> None:
        self._survey, self.selection = survey, selection
        self._target, self._settings = target, settings
        self._preface, self._stays = before.preface, before.stays
        self._earlier = self._found = before.found
        self._is_seen = False
        self._asked: Plan | None = None
        self.todo: Sequence[Migration] = selection.of(survey.status)
        """The migrations that are shown."""
        self.plan: Plan | None = None
        """The plan that is shown; None while it is being made."""
        self._review: Review | None = None
        self._findings = LintReport({})
        self._read = 0
        super().__init__(self._first_lines(), fold=True)

    def on_mount(self) -> None:
        """Begin to read the files. Textual lets the view show its first lines, after that."""
        self.set_interval(_PROGRESS, self._show_progress)
        self.run_worker(self._fill(), group="plan", exclusive=True)

    def follow(self, survey: Survey, target: Target | None, *, recovered: bool) -> None:
        """Show another plan where ``survey`` has found that something else would run now.

        Where folder and database can be read again (``recovered``), so may be what is refused, and
        the database can be asked what it could not be asked before: at ``target``, as it may be
        reached in another way now.
        """
        self._target = target
        todo: Sequence[Migration] = ()
        wanted: Sequence[Migration] = ()
        with contextlib.suppress(SettingsError):  # the file that it is to end with is gone
            todo = self.selection.of(survey.status)
            wanted = self.plan.open_in(survey) if self.plan else todo
        found = changes(self.todo, survey.status, wanted)
        if not found:
            if recovered and self._is_incomplete:
                self._survey = survey
                self._begin_again(todo)
            return
        self._survey, self._is_seen = survey, False
        self._found = self._changes_since_asked(survey) if self._asked else found
        self.post_message(self.Changed(len(todo)))
        self._begin_again(todo)

    @property
    def _is_incomplete(self) -> bool:
        is_unknown = self._review is not None and self._review.unknown is not None
        return self.plan is not None and (bool(self.plan.refusals) or is_unknown)

    def _changes_since_asked(self, survey: Survey) -> Sequence[str]:
        """What has changed since the user has seen a plan: one change may follow another unseen."""
        assert self._asked is not None
        wanted: Sequence[Migration] = ()
        with contextlib.suppress(SettingsError):
            wanted = self._asked.open_in(survey)
        found = changes(self._asked.migrations, survey.status, wanted)
        return tuple(dict.fromkeys((*self._earlier, *found)))

    @property
    def is_unseen(self) -> bool:
        """Whether the view begins with changes that the user has not confirmed yet."""
        return bool(self._found) and not self._is_seen

    def confirm(self) -> None:
        """The user has seen the plan that is shown, and what has changed."""
        self._is_seen, self._asked, self._earlier = True, self.plan, ()

    @property
    def backfills_key(self) -> str:
        """What the key for files with batches does now: leave them out, or not; "" without any."""
        if self.selection.skip_backfills:
            return "with backfills"
        batched = [bool(file.script.batched) for file in self.plan.files] if self.plan else []
        return "without backfills" if any(batched) and not all(batched) else ""

    def turn_backfills(self) -> None:
        """Make the plan without files that have batches, or with them again."""
        skip = not self.selection.skip_backfills
        self.selection = self.selection._replace(skip_backfills=skip)
        self._asked = None
        if self.is_unseen:
            self._earlier = self._found
        self._begin_again(self.selection.of(self._survey.status))

    def _begin_again(self, todo: Sequence[Migration]) -> None:
        self.todo, self._stays = todo, True
        self.plan = self._review = None
        self._findings = LintReport({})
        if todo:
            self.run_worker(self._fill(), group="plan", exclusive=True)

    # -- the plan

    async def _fill(self) -> None:
        self._read = 0
        self.show(self._first_lines(), keep_place=True, fold=True)
        self.plan = plan = await in_thread(self._make_plan)
        self._asked = self._asked or plan
        self._survey, self.todo, self._stays = plan.survey, plan.migrations, True
        if not plan.migrations and not plan.waiting:
            self.post_message(self.Changed(0))
            return
        await self._draw()
        self.post_message(self.Planned(plan))
        asking = partial(_reviewed, plan, self._target, self._settings.advice_timeout)
        self._review = found = await in_thread(asking)
        await self._draw()
        self.post_message(self.Planned(plan, found))
        self._findings = await in_thread(self._lint)
        await self._draw()
        self.post_message(self.Linted(self._findings))

    def _lint(self) -> LintReport:
        return pending_findings(self._survey, self.selection, self._target, self._settings)

    def _make_plan(self) -> Plan:
        survey, unreadable = self._survey, None
        with no_collections():
            try:
                survey = survey if self._stays else with_folder_of_now(survey)
                plan = make_plan(survey, self.selection, progress=self._note_read)
            except (FilesError, SettingsError) as error:  # a file that cannot be, or is gone
                survey, unreadable = self._survey, error
                plan = make_plan(survey, self.selection)
        return replace(plan, refusals=(unreadable, *plan.refusals)) if unreadable else plan

    def _note_read(self, count: int) -> None:
        self._read = count  # in the thread that reads

    def _show_progress(self) -> None:
        if self.plan is None and self._read:
            self.show(self._first_lines(), keep_place=True, fold=True)

    def _first_lines(self) -> list[Line]:
        lines = [*self._above(), total(self.todo)]
        if self._read:
            lines.append((("dim", f"Reading: {self._read:,} of {len(self.todo):,}"),))
        lines += [(), *names(self.todo[:_AT_ONCE])]
        if more := len(self.todo) - _AT_ONCE:
            lines += [(("dim", f"and {more:,} more"),)] if more > 0 else []
        return lines

    def _above(self) -> list[Line]:
        changed = [change_line(self._found)] if self._found else []
        return [*self._preface, *passed_over_lines(self._survey.status, self.selection), *changed]

    # -- its lines

    def _arrange(self) -> None:
        if self.plan is None:
            super()._arrange()
        elif len(self.todo) <= _AT_ONCE:
            self._put(*self._made())
        else:
            self.run_worker(self._draw(), group="fold", exclusive=True)

    async def _draw(self) -> None:
        self._put(*await in_thread(self._made))

    def _made(self) -> tuple[list[Line], list[list[Line]], int]:
        """The lines for the present width, the rows they are folded to, and the width of these."""
        assert self.plan is not None
        columns = self.scrollable_content_region.width
        with no_collections():
            plan = plan_lines(self.plan, self._review, columns, self._findings)
            lines = [*self._above(), *plan]
            rows = list(self.fold(lines))
            return lines, rows, widest(rows)

    def _put(self, lines: Sequence[Line], rows: Sequence[Sequence[Line]], columns: int) -> None:
        self.lines = lines
        self._show_rows(rows, columns)


def _reviewed(plan: Plan, target: Target | None, advice_timeout: float | None) -> Review:
    """Ask the database about a plan. Blocks."""
    if target is None:
        return Review(plan, plan.refusals, unknown="not connected")
    try:
        with contextlib.closing(target.connect()) as conn:
            return review(plan, target, conn, advice_timeout)
    except SchemamigError as error:
        return Review(plan, plan.refusals, unknown=one_line(error))
