"""The checkpoint of a batch: written in its own transaction, and guarded by a fence.

A dead client is not a dead batch: the server may go on with what a killed run has sent it, and
commit after a later run has read how far it was. So each batch begins by locking the ledger's row
and comparing it with what this run wrote last.
"""

import secrets
from collections.abc import Iterator

from schemamig_tui.engine.backfill.place import BatchedPlace, BatchingRun
from schemamig_tui.engine.ledger.batch_mark import BatchMark
from schemamig_tui.engine.ledger.wording import BATCHES
from schemamig_tui.engine.pipeline.step import Role, Step
from schemamig_tui.engine.pipeline.transaction import BEGIN_WRITING, CHECK_CONSTRAINTS, COMMIT


class Checkpoints:
    """Makes the steps for one statement. ``mark`` is the progress that is surely committed."""

    def __init__(self, place: BatchedPlace, run: BatchingRun, mark: BatchMark | None) -> None:
        self._place = place
        self._run = run
        self._found = mark
        self._writer = secrets.token_hex(4)
        fresh = BatchMark(place.number + 1, place.batched.fingerprint, self._writer)
        self.mark = mark or fresh

    @property
    def writer(self) -> str:
        """A text that tells this run from every other one."""
        return self._writer

    def take_over(self, mark: BatchMark) -> Iterator[Step]:
        """Write the first mark of this run, in a transaction of its own.

        It fails unless the row still has the mark of the earlier try or, where there was none, no
        mark of batches at all.
        """
        yield Step(BEGIN_WRITING, Role.HOUSEKEEPING)
        yield from self.fence()
        yield from self.note(mark)
        yield Step(COMMIT, Role.HOUSEKEEPING, prompt=True, awaited=True)
        self._found = self.mark = mark

    def fence(self) -> Iterator[Step]:
        """Lock the row of the ledger and compare it, as ourselves; then go on as the file."""
        session, writes = self._run.session, self._run.writes
        if self._found is None:
            query, text = writes.first_fence, f"\n{BATCHES}"
        else:
            query, text = writes.fence, f"\n{self.mark.record}\n"
        yield Step(session.as_ourselves, Role.HOUSEKEEPING)
        yield Step(query, Role.FENCE, params=(self._place.name.encode(), text.encode()))
        yield Step(session.as_the_file, Role.HOUSEKEEPING)

    def note(self, mark: BatchMark) -> Iterator[Step]:
        """Write ``mark`` into the ledger, at the end of a transaction of the file."""
        yield Step(CHECK_CONSTRAINTS, Role.HOUSEKEEPING, statement=mark.statement - 1)
        yield Step(self._run.session.in_mid_file, Role.HOUSEKEEPING)
        message = self._run.progress.message(
            self._place.number, unknowable=self._run.unknowable, batches=mark
        )
        params = (self._place.name.encode(), message.encode())
        yield Step(self._run.writes.note_progress, Role.LEDGER, params=params)
