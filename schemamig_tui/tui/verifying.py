"""Verifies the database from zero, in a thread, and shows what was found."""

import asyncio
import contextlib
import time

from schemamig_tui.connect import Target
from schemamig_tui.errors import SchemamigError
from schemamig_tui.settings import Settings
from schemamig_tui.tui.announcing import announce_failure
from schemamig_tui.tui.background import in_thread
from schemamig_tui.tui.base_app import BaseApp
from schemamig_tui.tui.lines import inline
from schemamig_tui.tui.screens.dialogs import TextDialog
from schemamig_tui.tui.widgets.lines_view import LinesView
from schemamig_tui.tui.widgets.run_log import RunLog

_PROGRESS_SECONDS = 2.0
"""So often at the most the log gets a line on how far the migrations are."""


class Verifying:
    """Verifies, one at a time; how far it is goes to the log."""

    def __init__(self, app: BaseApp, log: RunLog, settings: Settings) -> None:
        self._app, self._log, self._settings = app, log, settings
        self._is_on = False

    def start(self, target: Target | None) -> None:
        """Verify the database of ``target``, once there is one."""
        if self._is_on:
            self._app.toast("The database is being verified already")
        elif target is not None:
            self._is_on = True
            self._app.work("verifying", self.verify, target)

    async def verify(self, target: Target) -> None:
        """Verify the database of ``target``, and show what was found."""
        from schemamig_tui.scratch.wording import verification_lines
        from schemamig_tui.verification import verify

        loop = asyncio.get_running_loop()
        reported = 0.0

        def note(sentence: str) -> None:
            with contextlib.suppress(RuntimeError):  # the loop has been closed meanwhile
                loop.call_soon_threadsafe(self._log.add, [(("dim", inline(sentence)),)])

        def progress(name: str, number: int, total: int) -> None:
            nonlocal reported
            if time.monotonic() >= reported + _PROGRESS_SECONDS:
                reported = time.monotonic()
                note(f"On the scratch: {number} of {total}, {name}")

        self._app.toast("Verifying: the applied migrations run from zero on a scratch...")
        try:
            found = await in_thread(
                lambda: verify(
                    target,
                    self._settings,
                    lambda seconds, reason: note(f"Waiting for the scratch: {reason}"),
                    warn=note,
                    progress=progress,
                    cancelling=lambda cancel: contextlib.nullcontext(),
                )
            )
        except SchemamigError as error:
            announce_failure(self._app, self._log, "The database could not be verified", error)
            return
        finally:
            self._is_on = False
        lines = [(line,) for line in verification_lines(found, self._settings.directory)]
        self._log.add(lines[:1])
        view = LinesView(lines, fold=True)
        await self._app.push_when_free(TextDialog("Verification", view, wide=True))
