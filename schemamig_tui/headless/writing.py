"""``--new`` and ``--new-rollback``: write migrations."""

from schemamig_tui.errors import ExitCode
from schemamig_tui.headless.connecting import connecting
from schemamig_tui.headless.reporter import Reporter
from schemamig_tui.headless.signals import Stop
from schemamig_tui.settings import Settings
from schemamig_tui.writing import new_migration
from schemamig_tui.writing import new_rollback as write_rollback


def new(settings: Settings, reporter: Reporter, title: str) -> ExitCode:
    """Write a new migration with this title."""
    written = new_migration(settings, title)
    if written.warning:
        reporter.warning(written.warning)
    reporter.created(written.path)
    return ExitCode.DONE


def new_rollback(settings: Settings, reporter: Reporter, stop: Stop, name: str) -> ExitCode:
    """Write the reversal of the migration ``name``, and try it on the database."""
    from schemamig_tui.engine.pipeline.cancellation import Cancellation

    cancellation = Cancellation()
    with (
        connecting(settings, reporter, stop) as (target, on_wait),
        stop.cancelling(cancellation.request),
    ):
        rollback = write_rollback(settings, target, name, on_wait, cancellation)
    if rollback.warning:
        reporter.warning(rollback.warning)
    reporter.drafted(rollback)
    return ExitCode.DONE
