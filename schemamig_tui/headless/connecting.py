"""Finds the database of a command: reports which one it is, and that it is waited for."""

import contextlib
from collections.abc import Iterator

from schemamig_tui.connect import OnWait, Target, resolve
from schemamig_tui.errors import Interrupted
from schemamig_tui.headless.reporter import Reporter
from schemamig_tui.headless.signals import Stop
from schemamig_tui.settings import Settings


@contextlib.contextmanager
def connecting(
    settings: Settings, reporter: Reporter, stop: Stop
) -> Iterator[tuple[Target, OnWait]]:
    """The database of the settings, and what a connection to it reports its waiting to."""

    def on_wait(seconds_left: float, reason: str) -> None:
        if stop.requested:
            raise Interrupted("interrupted while waiting for the server")
        reporter.waiting(seconds_left, reason)

    with resolve(settings) as target:
        reporter.connecting(target.route, target.tried)
        target.on_identity = reporter.connected
        for warning in target.warnings:
            reporter.warning(warning)
        yield target, on_wait
