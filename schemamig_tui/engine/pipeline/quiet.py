"""Runs queries of our own in a pipeline that reports no events.

Nothing watches over its silence either (see ``engine.watch.silence``). So it waits in the way of
its connection, with the same limit as any other query there.
"""

from collections.abc import Generator, Iterable
from typing import Any

import psycopg
from psycopg.waiting import Ready, Wait

from schemamig_tui.engine.pipeline.cancellation import Cancellation
from schemamig_tui.engine.pipeline.pipeline import Crash, Pipeline
from schemamig_tui.engine.pipeline.step import Step


def run_quietly(conn: psycopg.Connection[Any], steps: Iterable[Step]) -> Crash | None:
    """Run steps up to the first that fails, and return that failure.

    ``conn`` is in autocommit mode. Raises what ``Pipeline.run`` does.
    """
    return _QuietPipeline(
        conn,
        Cancellation(),
        on_done=lambda step, tag, arrival: None,
        on_notice=lambda step, notice: None,
        cancel=lambda: None,
    ).run(steps)


class _QuietPipeline(Pipeline):
    """A pipeline that cannot be cancelled, and waits as its connection does."""

    def _wait(self, *, unsent: bool, block: bool = True) -> None:
        if not block:
            super()._wait(unsent=unsent, block=False)
        elif self._conn.wait(_ready(Wait.RW if unsent else Wait.R)) & Ready.R:
            self._pg.consume_input()


def _ready(wanted: Wait) -> Generator[Wait, Ready | int, Ready]:
    """Waits until the server says something, or takes more, as psycopg's generators do."""
    while not (ready := (yield wanted)):
        pass
    return Ready(ready)
