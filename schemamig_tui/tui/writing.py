"""Writes migrations, and shows what has changed in those that are written.

It asks for what is needed, and opens what was written in the editor.
"""

from functools import partial
from pathlib import Path

from schemamig_tui.engine import Migration, State
from schemamig_tui.errors import FilesError, SchemamigError
from schemamig_tui.file_access import is_there
from schemamig_tui.settings import Settings
from schemamig_tui.tui import editor
from schemamig_tui.tui.background import in_thread
from schemamig_tui.tui.base_app import BaseApp
from schemamig_tui.tui.failures import read_failure
from schemamig_tui.tui.lines import Line, inline
from schemamig_tui.tui.looking import Looking
from schemamig_tui.tui.screens.dialogs import Answer, Question, TextDialog
from schemamig_tui.tui.screens.error import error_dialog
from schemamig_tui.tui.screens.main import MainScreen
from schemamig_tui.tui.screens.typed import TypedQuestion
from schemamig_tui.tui.widgets.lines_view import LinesView

_SIGNS = {"+": "good", "-": "bad", "@": "accent"}

_IS_DRIFT = (
    "To change it now is drift: it is not run again here, and other databases will get something"
    " else than this one has.",
    "A new migration is the way to change what it has done.",
)


class Writing:
    """Asks, writes, and goes to the new file when the next look has found it."""

    def __init__(
        self, app: BaseApp, main: MainScreen, looking: Looking, settings: Settings
    ) -> None:
        self._app, self._main = app, main
        self._looking, self._settings = looking, settings
        self._new: Path | None = None

    def ask_for_title(self) -> None:
        """Ask for the title of a new migration, write it, and edit it."""
        folder = inline(str(self._settings.directory))
        lines: list[Line] = [
            (("plain", f"What is it to do? It becomes the newest file in {folder}."),)
        ]
        question = TypedQuestion(
            "New migration",
            lines,
            self._write_new,
            enter="writes it",
            placeholder="Such as: add user preferences",
        )
        self._app.push_screen(question, self._written)

    def _write_new(self, title: str) -> str | None:
        """Write it; returns why that could not be done, if it could not."""
        from schemamig_tui.writing import new_migration

        try:
            self._new, warning = new_migration(self._settings, title)
        except SchemamigError as error:
            return error.placed_message
        self._main.log_view.add([(("good", "+ "), ("plain", f"Written: {inline(str(self._new))}"))])
        if warning:
            self._main.log_view.add([(("warn", inline(warning)),)])
        return None

    def _written(self, title: str | None) -> None:
        if title is not None and self._new is not None:
            self._edit(self._new)

    def edit(self, migration: Migration, line: int | None = None) -> None:
        """Edit a file, at ``line`` or at the place of its failure; of an applied one ask first."""
        file, row = migration.file, migration.row
        if file is None:
            return
        if line is None and row and row.error_message:
            line = read_failure(row.error_message).line
        if migration.state is not State.APPLIED or migration.written_since:
            self._edit(file.path, line)
            return

        def answered(answer: Answer | None) -> None:
            if answer is Answer.YES:
                self._edit(file.path)

        lines: list[Line] = [(("plain", sentence),) for sentence in _IS_DRIFT]
        view = LinesView(lines, fold=True)
        title = f"{inline(migration.name)} is applied"
        question = Question(title, view, self._looking.database, yes="Edit it", no="Leave it")
        self._app.push_screen(question, answered)

    # -- a reversal

    def ask_to_reverse(self, migration: Migration) -> None:
        """Ask whether to draft the reversal of a migration, draft and rehearse it, and edit it."""
        from schemamig_tui.tui import rehearsing

        name = inline(migration.name)
        what = f"What takes {name} back is drafted as the newest file. Both are rehearsed:"
        lines: list[Line] = [
            (("plain", what),),
            *rehearsing.warning(self._settings),
        ]
        question = Question(
            "Draft a reversal?",
            LinesView(lines, fold=True),
            self._looking.database,
            yes="Draft",
        )

        def answered(answer: Answer | None) -> None:
            if answer is Answer.YES:
                self._app.work("reversal", self._reverse, migration.name)

        self._app.push_screen(question, answered)

    async def _reverse(self, name: str) -> None:
        from schemamig_tui.authoring.reversal.report import differences, sentences
        from schemamig_tui.writing import new_rollback

        if self._looking.target is None:
            return
        self._app.toast(f"Drafting and rehearsing the reversal of {name} ...")
        work = partial(new_rollback, self._settings, self._looking.target, name)
        try:
            rollback = await in_thread(work)
        except SchemamigError as error:
            await self._app.push_when_free(error_dialog("Reversal", error))
            return
        self._new = rollback.path
        lines: list[Line] = [(("strong", f"Written: {inline(str(rollback.path))}"),), ()]
        for is_good, text in sentences(rollback):
            lines.append((("good", "✓ ") if is_good else ("warn", "! "), ("plain", inline(text))))
        lines += [_diff_line(line) for line in differences(rollback.trial)]
        if rollback.warning:
            lines.append((("warn", inline(rollback.warning)),))
        self._main.log_view.add(lines)
        self._edit(rollback.path)
        await self._show("Reversal", lines)

    # -- what has changed

    def show_difference(self, migration: Migration) -> None:
        """Show what has changed in an applied migration, and the commit that has changed it."""
        self._app.work("difference", self._show_difference, migration)

    async def _show_difference(self, migration: Migration) -> None:
        from schemamig_tui.authoring.drift import drift_of

        try:
            drift = await in_thread(partial(drift_of, migration))
        except SchemamigError as error:
            await self._app.push_when_free(error_dialog("Difference", error))
            return
        if drift is None:  # it is never changed and the same
            return
        lines: list[Line] = [(("plain", sentence),) for sentence in drift.sentences()]
        lines += [(), *map(_diff_line, drift.lines())]
        await self._show(f"{inline(migration.name)} since it was applied", lines)

    def ask_for_branch(self) -> None:
        """Ask for a branch, and show what a pull request to it would be refused for."""
        lines: list[Line] = [
            (
                (
                    "plain",
                    "With which branch, tag or commit? New files have to sort behind all that it"
                    " has, and none of those may change.",
                ),
            )
        ]
        question = TypedQuestion(
            "Compare with a branch",
            lines,
            lambda typed: None if typed.strip() else "It needs a branch, a tag or a commit",
            enter="compares",
            placeholder="Such as origin/main",
        )

        def answered(typed: str | None) -> None:
            if typed is not None:
                self._app.work("branch", self._compare, typed.strip())

        self._app.push_screen(question, answered)

    async def _compare(self, ref: str) -> None:
        from schemamig_tui.authoring.against import compare_with
        from schemamig_tui.authoring.wording import comparison_lines

        title = f"Compared with {inline(ref)}"
        try:
            compared = await in_thread(partial(compare_with, self._settings.directory, ref))
        except SchemamigError as error:
            await self._app.push_when_free(error_dialog(title, error))
        else:
            await self._show(title, [(line,) for line in comparison_lines(compared)])

    async def _show(self, title: str, lines: list[Line]) -> None:
        await self._app.push_when_free(TextDialog(title, LinesView(lines, fold=True), wide=True))

    def _edit(self, path: Path, line: int | None = None) -> None:
        problem = _missing(path) or editor.edit(self._app, path, line) or _missing(path)
        if problem:
            self._app.toast(problem, severity="warning")
        if self._main.run_panel.run is None:
            self._looking.ask()

    # -- behind it

    def select_new(self) -> None:
        """Select what was written last, once, as soon as it is shown."""
        if self._new and any(one.name == self._new.name for one in self._main.status.migrations):
            self._main.select(self._new.name)
            self._new = None


def _missing(path: Path) -> str | None:
    """Why a file that is shown cannot be edited any more: during a run the folder is not read."""
    try:
        return None if is_there(path) else f"{inline(path.name)} is gone from the folder"
    except FilesError as error:
        return inline(error.placed_message)


def _diff_line(text: str) -> Line:
    """A line of a difference, which is safe to show, in the colour of its sign."""
    return ((_SIGNS.get(text[:1], "plain"), text),)
