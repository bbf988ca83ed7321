"""``--verify``: checks that the applied migrations make the schema that the database has."""

from schemamig_tui import verification
from schemamig_tui.errors import ExitCode
from schemamig_tui.headless.connecting import connecting
from schemamig_tui.headless.reporter import Reporter
from schemamig_tui.headless.signals import Stop
from schemamig_tui.scratch.replay import seldom
from schemamig_tui.settings import Settings

PROGRESS_SECONDS = 1.0
"""So often at the most it is reported how far the migrations are."""


def verify(settings: Settings, reporter: Reporter, stop: Stop) -> ExitCode:
    """Run the migrations on a scratch and report how the database differs from that."""
    with connecting(settings, reporter, stop) as (target, on_wait):
        found = verification.verify(
            target,
            settings,
            on_wait,
            warn=reporter.warning,
            progress=seldom(reporter.verifying, PROGRESS_SECONDS),
            cancelling=stop.cancelling,
        )
    reporter.verified(found, settings.directory)
    return ExitCode.DONE if found.same else ExitCode.CHECK_FAILED
