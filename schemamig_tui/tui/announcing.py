"""Shows a toast, and adds its text to the log, because a toast is gone after a while."""

from textual.notifications import SeverityLevel

from schemamig_tui.errors import SchemamigError
from schemamig_tui.tui.base_app import BaseApp
from schemamig_tui.tui.lines import inline
from schemamig_tui.tui.states import error_lines
from schemamig_tui.tui.widgets.run_log import RunLog


def announce(app: BaseApp, log: RunLog, text: str, severity: SeverityLevel = "information") -> None:
    """Show a toast with the ``text``, which is data, and add it to the log."""
    app.toast(text, severity)
    log.add([(("plain" if severity == "information" else "warn", inline(text)),)])


def announce_failure(app: BaseApp, log: RunLog, what: str, error: SchemamigError) -> None:
    """Warn that ``what`` was not done, and why; the log has the way out, too."""
    why, _, _ = error.placed_message.partition("\n")
    app.toast(f"{what}: {why}", "warning")
    log.add([(("warn", f"{inline(what)}:"),), *error_lines(error)])
