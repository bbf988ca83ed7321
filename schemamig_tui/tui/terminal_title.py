"""The title of the terminal's window while a run is on, and the bell at the end of a long one."""

import time

from textual.app import App

from schemamig_tui.tui.engine_thread import EngineThread

_LONG = 10.0
"""Seconds from which on a run has been long enough for its user to look elsewhere."""

# Window manipulation of xterm (ctlseqs, "CSI Ps ; Ps ; Ps t"): the title is kept on a stack.
# A terminal that has none ignores them, and shows the last title from then on.
_PUSH, _POP = "\x1b[22;2t", "\x1b[23;2t"


class TerminalTitle:
    """Shows the progress of a run in the title, and puts back the title that was there before."""

    def __init__(self, app: App[object]) -> None:
        self._app = app
        self._shown: str | None = None

    def show(self, run: EngineThread) -> None:
        """Show how far a run is."""
        progress = run.progress
        count = f" {progress.applied:,}/{progress.total:,}" if progress.total else ""
        title = f"▶ {run.doing or 'applying'}{count} - schemamig-tui"
        if title != self._shown:
            push = "" if self._shown else _PUSH
            self._shown = title
            self._write(f"{push}\x1b]2;{title}\x1b\\")

    def restore(self) -> None:
        """Put back the title from before the run."""
        if self._shown:
            self._shown = None
            self._write(_POP)

    def end(self, run: EngineThread) -> None:
        """Put the title back; after a long run ring the bell."""
        self.restore()
        if time.monotonic() - run.began >= _LONG:
            self._app.bell()

    def _write(self, text: str) -> None:
        if self._app._driver is not None:  # as Textual's copy_to_clipboard writes
            self._app._driver.write(text)
