"""Verifies the database from zero, in a thread, and shows what was found."""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from schemamig_tui.connect import Target
from schemamig_tui.errors import Interrupted, SchemamigError
from schemamig_tui.settings import Settings
from schemamig_tui.tui.announcing import announce, announce_failure
from schemamig_tui.tui.background import in_thread
from schemamig_tui.tui.base_app import BaseApp
from schemamig_tui.tui.cancelling import PROGRESS_SECONDS, CancelSwitch
from schemamig_tui.tui.lines import inline
from schemamig_tui.tui.screens.dialogs import TextDialog
from schemamig_tui.tui.widgets.lines_view import LinesView
from schemamig_tui.tui.widgets.run_log import RunLog

if TYPE_CHECKING:  # it is not imported before there is a verification
    from schemamig_tui.scratch.verified import SchemaVerification

_LONGEST_END = 5.0
"""So long a program that ends waits, in seconds, until the scratch is removed."""


class Verifying:
    """Verifies, one at a time; how far it is goes to the log."""

    def __init__(self, app: BaseApp, log: RunLog, settings: Settings) -> None:
        self._app, self._log, self._settings = app, log, settings
        self._switch = CancelSwitch()
        self._done = threading.Event()
        self._done.set()

    @property
    def is_on(self) -> bool:
        """Whether a verification is on that nobody has cancelled."""
        return not self._done.is_set() and not self._switch.requested

    def cancel(self) -> None:
        """Cancel the one that is on, which has nothing to lose."""
        self._switch.cancel()
        self._app.refresh_bindings()

    def close(self) -> None:
        """Cancel the one that is on, and wait a while until its scratch is removed."""
        self._switch.cancel()
        self._done.wait(_LONGEST_END)

    def start(self, target: Target | None) -> None:
        """Verify the database of ``target``, once there is one."""
        if not self._done.is_set():
            self._app.toast("The database is being verified already")
        elif target is not None:
            self._switch = CancelSwitch()
            self._done.clear()
            self._log.follow()
            self._app.refresh_bindings()
            self._app.work("verifying", self._verify, target, self._switch)

    async def _verify(self, target: Target, switch: CancelSwitch) -> None:
        """Verify the database of ``target``, and show what was found."""
        from schemamig_tui.scratch.wording import verification_lines

        self._app.toast("Verifying: the applied migrations run from zero on a scratch...")
        work = self._work(target, switch, asyncio.get_running_loop())
        try:
            found = await in_thread(work)
        except Interrupted:
            announce(self._app, self._log, "The verification was cancelled", "warning")
            return
        except SchemamigError as error:
            announce_failure(self._app, self._log, "The database could not be verified", error)
            return
        finally:
            self._app.refresh_bindings()
        lines = [(line,) for line in verification_lines(found, self._settings.directory)]
        self._log.add(lines[:1])
        view = LinesView(lines, fold=True)
        await self._app.push_when_free(TextDialog("Verification", view, wide=True))

    def _work(
        self, target: Target, switch: CancelSwitch, loop: asyncio.AbstractEventLoop
    ) -> "Callable[[], SchemaVerification]":
        """What is done in a thread; how far it is goes to the log in the ``loop``."""
        from schemamig_tui.scratch.replay import seldom
        from schemamig_tui.scratch.wording import replaying
        from schemamig_tui.verification import verify

        def note(sentence: str) -> None:
            with contextlib.suppress(RuntimeError):  # the loop has been closed meanwhile
                loop.call_soon_threadsafe(self._log.add, [(("dim", inline(sentence)),)])

        def progress(name: str, number: int, total: int) -> None:
            note(replaying(name, number, total))

        def on_wait(seconds: float, reason: str) -> None:
            switch.on_wait(seconds, reason)
            note(f"Waiting for the scratch: {reason}")

        def work() -> "SchemaVerification":
            try:
                return verify(
                    target,
                    self._settings,
                    on_wait,
                    warn=note,
                    progress=seldom(progress, PROGRESS_SECONDS),
                    cancelling=switch.cancelling,
                )
            finally:
                self._done.set()

        return work
