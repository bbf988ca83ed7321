"""Writes migrations: asks for what is needed, and opens what was written in the editor."""

from pathlib import Path

from schemamig_tui.errors import FilesError, SchemamigError
from schemamig_tui.settings import Settings
from schemamig_tui.tui import editor
from schemamig_tui.tui.base_app import BaseApp
from schemamig_tui.tui.lines import Line, inline
from schemamig_tui.tui.looking import Looking
from schemamig_tui.tui.screens.main import MainScreen
from schemamig_tui.tui.screens.typed import TypedQuestion


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
        lines: list[Line] = [(("plain", f"It becomes the newest file in {folder}."),)]
        question = TypedQuestion(
            "New migration",
            lines,
            self._write_new,
            enter="writes it",
            placeholder="What it does, such as: add user preferences",
        )
        self._app.push_screen(question, self._written)

    def _write_new(self, title: str) -> str | None:
        """Write it; returns why that could not be done, if it could not."""
        from schemamig_tui.writing import new_migration

        try:
            self._new, warning = new_migration(self._settings, title)
        except SchemamigError as error:
            place = f"{error.place}: " if isinstance(error, FilesError) else ""
            return f"{place}{error.message}"
        self._main.log_view.add([(("good", "+ "), ("plain", f"Written: {inline(str(self._new))}"))])
        if warning:
            self._main.log_view.add([(("warn", inline(warning)),)])
        return None

    def _written(self, title: str | None) -> None:
        if title is not None and self._new is not None:
            self._edit(self._new)

    def _edit(self, path: Path, line: int | None = None) -> None:
        if problem := editor.edit(self._app, path, line):
            self._app.toast(problem, severity="warning")
        if self._main.run_panel.run is None:
            self._looking.ask()

    def select_new(self) -> None:
        """Select what was written last, once, as soon as it is shown."""
        if self._new and any(one.name == self._new.name for one in self._main.status.migrations):
            self._main.select(self._new.name)
            self._new = None
