"""The base of all statements in batches: their pauses, their VACUUM, and the check at the end."""

from abc import ABC, abstractmethod
from collections.abc import Iterator

from schemamig_tui.engine.backfill.batch import Batch, LockPatience, settings
from schemamig_tui.engine.backfill.checkpoints import Checkpoints
from schemamig_tui.engine.backfill.gate import Gate
from schemamig_tui.engine.backfill.key import Unusable
from schemamig_tui.engine.backfill.pace import Pace, rest
from schemamig_tui.engine.backfill.place import BatchedPlace, BatchingRun
from schemamig_tui.engine.backfill.questions import OWN_TRANSACTION, Questions, ask
from schemamig_tui.engine.ledger.batch_mark import BatchMark
from schemamig_tui.engine.pipeline.step import Role, Step
from schemamig_tui.engine.pipeline.transaction import COMMIT
from schemamig_tui.sql.words import literal

_DEADLOCK_TIMEOUT = (
    "SELECT extract(epoch FROM pg_catalog.current_setting('deadlock_timeout')::interval)"
)


class BatchSeries(ABC):
    """The batches of one statement. ``steps`` may be asked for again after one has failed.

    ``mark`` is how far an earlier try has got.
    """

    def __init__(
        self, place: BatchedPlace, run: BatchingRun, gate: Gate, mark: BatchMark | None
    ) -> None:
        self._place = place
        self._run = run
        self._gate = gate
        self._restraint = place.batched.asked.restraint
        self._checkpoints = Checkpoints(place, run, mark)
        self._pace = Pace(place, run.report)
        self._patience = LockPatience(file_decides=place.script.mentions("lock_timeout"))
        self._wal = 0

    @property
    def mark(self) -> BatchMark:
        """The progress that is surely committed."""
        return self._checkpoints.mark

    def steps(self) -> Iterator[Step]:
        """All steps that are left. Raises FilesError where the statement cannot run, or go on."""
        try:
            yield from self._all()
            yield from self._check()
        except Unusable as why:
            raise self._place.refusal(why) from None
        self._pace.finish(self.mark)
        self._run.finished(f"{self._place.batched.head.verb.upper()} {self.mark.changed}")

    @abstractmethod
    def _all(self) -> Iterator[Step]:
        """The batches that are left. Raises Unusable and FilesError."""

    @abstractmethod
    def make_smaller(self) -> int:
        """Make the next batch smaller after one that got no lock. Returns how many keys it has.

        A batch that cannot be smaller waits longer for its locks instead; the result is 0 where
        batches have no keys.
        """

    @property
    def failed(self) -> int:
        """How many batches of the smallest size have got no lock, one after the other."""
        return self._patience.failed

    def _ask_server(self) -> Iterator[Step]:
        """Ask the server for what the batches depend on."""
        ((timeout,),) = yield from ask(_DEADLOCK_TIMEOUT)
        self._patience.deadlock_timeout = float(timeout or 1)

    def _batch(self, target: float) -> Batch:
        found = settings(self._place, self._patience, target)
        return Batch(self._place, self._checkpoints, found)

    def _committed(
        self, batch: Batch, mark: BatchMark, seconds: float, rows: int | None, *, last: bool
    ) -> None:
        """Note that a batch is committed, report it, and wait as long as the limits ask for."""
        self._checkpoints.mark = mark
        self._patience.failed = 0
        self._gate.committed(batch.wal)
        self._pace.took(mark, seconds, rows, self._gate.dead, last=last)
        written = max(0, batch.wal - self._wal) if self._wal else 0
        self._wal = batch.wal
        if not last:
            self._gate.rest(rest(self._restraint, seconds, batch.changed, written))

    @staticmethod
    def _vacuum(table: str) -> Iterator[Step]:
        """Run a VACUUM without a timeout; it skips the table rather than wait for a lock."""
        before = yield from ask("SELECT pg_catalog.current_setting('statement_timeout')")
        timeout = "SELECT pg_catalog.set_config('statement_timeout', {}, false)"
        yield Step(timeout.format("'0'").encode(), Role.HOUSEKEEPING)
        yield Step(f"VACUUM (SKIP_LOCKED) {table}".encode(), Role.HOUSEKEEPING, alone=True)
        # Awaited, so that the next BEGIN is not behind a query in the same implicit transaction,
        # where no other isolation level can be had than the default.
        restored = timeout.format(literal(before[0][0] or "0"))
        yield Step(restored.encode(), Role.HOUSEKEEPING, awaited=True)

    def _check(self) -> Questions[None]:
        """Raises Unusable where ``check=``, a SELECT that has to find nothing, finds a row."""
        check = self._place.batched.asked.check
        if check is None:
            return
        yield Step(OWN_TRANSACTION.begin, Role.HOUSEKEEPING)
        yield Step(b"SET LOCAL row_security = off", Role.HOUSEKEEPING)
        rows = yield from ask(f"SELECT EXISTS ({check})", role=Role.CHECK)
        yield Step(COMMIT, Role.HOUSEKEEPING)
        if rows == [("t",)]:
            word = self._place.batched.word
            raise Unusable(
                f"The check of the {word} finds rows, behind {self.mark.people}.",
                "Rows may have come in meanwhile: have the application write them as they are to"
                " be, change these by hand, and apply again, which only checks once more.",
            )
