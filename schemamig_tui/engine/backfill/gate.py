"""Holds the next batch back while others suffer from batches or a person wants it, and says why.

The server is asked between two batches, at most once a second. Where it does not answer, or the
role may not see the answer, the batches go on. Only the transactions that have written to the table
before the first batch have to be known: the first batch waits until they are.
"""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psycopg

from schemamig_tui.engine.backfill import signals
from schemamig_tui.engine.backfill.control import BatchControl
from schemamig_tui.engine.backfill.lag import Lag
from schemamig_tui.engine.backfill.place import BatchedPlace
from schemamig_tui.engine.backfill.signals import ServerState, Writer
from schemamig_tui.engine.batch_events import BatchesGoOn, BatchesNoted, BatchesWaiting
from schemamig_tui.engine.events import Listener
from schemamig_tui.engine.pipeline.cancellation import Cancellation
from schemamig_tui.engine.watch.watch import Watch
from schemamig_tui.errors import FilesError, SchemamigError
from schemamig_tui.file_access import is_there
from schemamig_tui.text import some_names, visible
from schemamig_tui.units import plural

_GLANCE, _ASK_EVERY, _REPORT_EVERY = 0.2, 1.0, 30.0
_HIDDEN_LAG = (
    "this role may not see how far the standbys are: max-lag has no effect without"
    " GRANT pg_monitor (a standby that is gone is seen)"
)
_HIDDEN_SNAPSHOTS = (
    "this role may not see how old the snapshots of others are, for which dead rows are kept:"
    " GRANT pg_monitor shows them"
)


@dataclass(frozen=True)
class Gatekeeper:
    """What a gate works with: the second connection, and the ``pid`` of the session of the batches.

    While the file ``pause_file`` is there, batches wait.
    """

    watch: Watch
    pid: int
    cancellation: Cancellation
    report: Listener
    control: BatchControl
    pause_file: Path | None = None


class Gate:
    """Stands between two batches of one statement."""

    def __init__(self, place: BatchedPlace, keeper: Gatekeeper) -> None:
        restraint = place.batched.asked.restraint
        self._place = place
        self._keeper = keeper
        self._lag = Lag(restraint.max_lag, restraint.ignored)
        self._slot_wal = restraint.max_slot_wal
        self._table: int | None = None
        self._next = 0.0
        self._obstacles: tuple[str, ...] = ()
        self._noted: set[str] = set()
        self.dead: int | None = None
        """How many dead rows the table had when that was asked last."""

    def pass_through(self) -> None:
        """Return when nothing is in the way any more, or at a cancellation."""
        self._wait_while(self._reasons)

    def rest(self, seconds: float) -> None:
        """Wait for so long, or up to a cancellation."""
        if seconds > 0:
            self._keeper.cancellation.wait(seconds)

    def await_writers(self, table: int, name: str) -> None:
        """Wait for the end of all transactions that have written to the table by now.

        The walk would miss rows that they have not committed yet. So where the server cannot tell
        which transactions these are, the first batch waits until it can.
        """
        first: dict[str, Writer] | None = None

        def reasons() -> tuple[str, ...]:
            nonlocal first
            writers = self._writers(table)
            if writers is None:
                return (f"the server does not say now who has written to {visible(name)} before",)
            found = {one.number: one for one in writers}
            first = found if first is None else {n: w for n, w in first.items() if n in found}
            if not first:
                return ()
            names = some_names([writer.who for writer in first.values()])
            what = plural(len(first), "transaction")
            return (f"{what} that had written to {visible(name)} before: {names}",)

        self._wait_while(reasons)

    def watch_table(self, table: int) -> None:
        """Look at this table from now on."""
        self._table = table

    def committed(self, wal: int) -> None:
        """Note that a batch is committed, with the position of the WAL behind it."""
        self._lag.committed(wal)

    def _wait_while(self, in_the_way: Callable[[], tuple[str, ...]]) -> None:
        began = time.monotonic()
        reported_at = 0.0
        kinds: list[str] = []
        while reasons := in_the_way():
            now = time.monotonic()
            # The sentence of a reason also says how long it has lasted: a new number is no news.
            if (kind := [re.sub(r"\d", "", reason) for reason in reasons]) != kinds or (
                now - reported_at > _REPORT_EVERY
            ):
                self._keeper.report(BatchesWaiting(*self._place.at, reasons, now - began))
                reported_at, kinds = now, kind
            if self._keeper.cancellation.wait(_GLANCE):
                return
        if kinds:
            self._keeper.report(BatchesGoOn(*self._place.at, time.monotonic() - began))

    def _reasons(self) -> tuple[str, ...]:
        return (*self._reasons_of_people(), *self._reasons_of_server())

    def _reasons_of_people(self) -> tuple[str, ...]:
        """Why people want the batches to wait, as sentences."""
        file = self._keeper.pause_file
        found = ["paused by the user"] if self._keeper.control.paused else []
        if file is None:
            return tuple(found)
        name = visible(str(file))
        try:
            if is_there(file):
                found.append(f"the file {name} is there (--pause-file)")
        except FilesError as error:
            found.append(f"the file {name} may be there (--pause-file): {error.message[:-1]}")
        return tuple(found)

    def _reasons_of_server(self) -> tuple[str, ...]:
        """Why batches would hurt the server or a standby, as it was within the last second."""
        now = time.monotonic()
        if now >= self._next:
            self._next = now + _ASK_EVERY
            state = self._ask_server()
            if state is not None:
                self._obstacles = (*self._lag.reasons(state.standbys), *state.obstacles)
                self.dead = state.dead
                self._note(state)
        return self._obstacles

    def _ask_server(self) -> ServerState | None:
        try:
            return self._keeper.watch.ask(
                signals.server_state, self._keeper.pid, self._table, self._slot_wal
            )
        except (psycopg.Error, SchemamigError):
            self._obstacles = ()
            return None

    def _writers(self, table: int) -> tuple[Writer, ...] | None:
        """The transactions that have written to the table; None where nobody can be asked now."""
        try:
            return self._keeper.watch.ask(signals.writers, self._keeper.pid, table)
        except (psycopg.Error, SchemamigError):
            return None

    def _note(self, state: ServerState) -> None:
        """Report, once, what people should know although it holds no batch back."""
        notes = dict(state.snapshots)
        if self._lag.hidden:
            notes["hidden lag"] = _HIDDEN_LAG
        if state.hides_snapshots:
            notes["hidden snapshots"] = _HIDDEN_SNAPSHOTS
        for key, message in notes.items():
            if key not in self._noted:
                self._noted.add(key)
                self._keeper.report(BatchesNoted(*self._place.at, message))
