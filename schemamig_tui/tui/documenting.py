"""Writes the documentation of the schema, when asked and behind a run, and compares it."""

import threading

from schemamig_tui.connect import Target
from schemamig_tui.errors import SchemamigError
from schemamig_tui.file_access import is_there
from schemamig_tui.settings import Settings
from schemamig_tui.tui.announcing import announce_failure
from schemamig_tui.tui.background import in_thread
from schemamig_tui.tui.base_app import BaseApp
from schemamig_tui.tui.keys import key_of
from schemamig_tui.tui.lines import inline
from schemamig_tui.tui.screens.dialogs import TextDialog
from schemamig_tui.tui.widgets.lines_view import LinesView
from schemamig_tui.tui.widgets.run_log import RunLog


class Documenting:
    """Writes the files of the settings, or compares, and says in the log what came of it."""

    def __init__(self, app: BaseApp, log: RunLog, settings: Settings) -> None:
        self._app, self._log, self._settings = app, log, settings
        self._one_at_a_time = threading.Lock()

    def start(self, target: Target | None) -> None:
        """Write them, once there is a target."""
        if target is not None:
            self._app.toast("Reading the schema...")
            self._app.work("documenting", self.write, target)

    async def write(self, target: Target) -> None:
        """Write them from the schema of ``target``."""
        try:
            sentences = await in_thread(lambda: self._write(target))
        except SchemamigError as error:
            announce_failure(self._app, self._log, "The documentation is not up to date", error)
        else:
            self._log.add([(("plain", inline(sentence)),) for sentence in sentences])
            self._app.toast(sentences[0])

    def start_to_validate(self, target: Target | None) -> None:
        """Compare the DBML file with the database, once there is a target."""
        if target is not None:
            self._app.toast("Reading the schema...")
            self._app.work("validating", self.validate, target)

    async def validate(self, target: Target) -> None:
        """Compare the DBML file with the database of ``target``, and show each difference."""
        from schemamig_tui.docs.wording import validated_lines
        from schemamig_tui.documentation import dbml_of, validate

        settings = self._settings
        dbml = dbml_of(settings.docs_path)
        try:
            if not await in_thread(lambda: is_there(dbml)):
                self._app.toast(f"There is no {dbml} yet: {key_of('document')} writes it")
                return
            found = await in_thread(lambda: validate(target, dbml, settings.docs_schema))
        except SchemamigError as error:
            announce_failure(self._app, self._log, "The documentation could not be compared", error)
            return
        lines = [(line,) for line in validated_lines(found)]
        self._log.add(lines[:1])
        view = LinesView(lines, fold=True)
        await self._app.push_when_free(TextDialog("Documentation", view, wide=True))

    def _write(self, target: Target) -> list[str]:
        from schemamig_tui.documentation import generate

        settings = self._settings
        with self._one_at_a_time:
            found = generate(target, settings.table, settings.docs_path, settings.docs_schema)
            return [line for one in found for line in (one.sentence, *one.remarks)]
