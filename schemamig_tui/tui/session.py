"""Shows the UI from its start to its end, and again for each target that is chosen in it."""

import os
from collections.abc import Callable, Iterator

from textual.worker import WorkerFailed

from schemamig_tui.settings import Settings
from schemamig_tui.tui.app import MigrationsApp
from schemamig_tui.tui.base_app import signals_restored
from schemamig_tui.tui.closing import Closing


def run(
    settings: Settings, *, read_only: bool = False, settings_of: Callable[[str], Settings]
) -> Iterator[Closing]:
    """Show the UI until its user quits; ``read_only`` never writes to the database.

    ``settings_of`` makes the settings of a target, for which the UI is then shown again: there is
    a Closing for each. Raises the error that ended it, or a run in it by a bug.
    """
    shown: Settings | None = settings
    while shown:
        if not shown.color:
            os.environ["NO_COLOR"] = "1"  # which Textual goes by as an app is made, and editors do
        app = MigrationsApp(shown, read_only=read_only, settings_of=settings_of)
        yield _run(app)
        shown = app.targets.chosen


def _run(app: MigrationsApp) -> Closing:
    try:
        with signals_restored():
            app.run()
    finally:
        app.close()
    if error := app._exception or app.runs.bug:
        raise error.error if isinstance(error, WorkerFailed) else error
    return app.runs.tally.closing(app.looking.database, app.run_on, app.ended_by)
