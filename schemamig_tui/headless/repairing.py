"""``--mark-applied``, ``--accept-checksum`` and the other modes that mend the ledger."""

import contextlib
from collections.abc import Iterator

from schemamig_tui.authoring.repair import REPAIRS, RepairPlace
from schemamig_tui.engine import wording
from schemamig_tui.engine.events import LockAwaited
from schemamig_tui.engine.pipeline.cancellation import Cancellation
from schemamig_tui.errors import ExitCode
from schemamig_tui.headless.connecting import connecting
from schemamig_tui.headless.reporter import Reporter
from schemamig_tui.headless.signals import Stop
from schemamig_tui.settings import Settings


def repair(settings: Settings, reporter: Reporter, stop: Stop, mode: str, name: str) -> ExitCode:
    """Repair the row of a migration, and show what it was and is."""
    with repair_place(settings, reporter, stop) as place:
        repairs = REPAIRS[mode](place, name)
        reporter.repaired(repairs)
        for one in repairs:
            if one.unfinished:
                reporter.warning(f"{one.name} {one.unfinished}")
    return ExitCode.DONE


@contextlib.contextmanager
def repair_place(
    settings: Settings, reporter: Reporter, stop: Stop, *, preview: bool = False
) -> Iterator[RepairPlace]:
    """Where a repair works: connected, and cancelled by a signal; closed at the end."""

    def report_wait(awaited: LockAwaited) -> None:
        reporter.warning(f"A run is on: {wording.holder(awaited.holder)}. It is waited for.")

    cancellation = Cancellation()
    with (
        connecting(settings, reporter, stop) as (target, on_wait),
        contextlib.closing(target.connect(on_wait)) as conn,
        stop.cancelling(cancellation.request),
    ):
        yield RepairPlace(
            conn,
            settings.directory,
            settings.table,
            report_wait,
            settings.run_lock_timeout,
            cancellation,
            preview,
        )
