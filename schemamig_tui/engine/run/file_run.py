"""A file of a run, and what is known of it while it runs."""

from dataclasses import dataclass, field
from functools import partial

from psycopg.pq.abc import PGresult

from schemamig_tui.engine.ledger.batch_mark import BatchMark
from schemamig_tui.engine.ledger.checkpoint import Checkpoint, SessionState, State
from schemamig_tui.engine.ledger.left_off import LeftOff
from schemamig_tui.engine.pipeline.step import Role, Step
from schemamig_tui.engine.run.units import unit_at
from schemamig_tui.engine.script.script import Kind, Script
from schemamig_tui.sql.session_effects import only_writes


@dataclass(eq=False)
class FileRun:
    """A file of a run, and what is known of it while it runs.

    ``retried``: the ledger has a row of a failed try. ``done`` counts the statements that are
    committed, by an earlier try or this one, and ``retries`` how often the file was sent again
    because it did not get a lock. ``timed_out`` has the value of ``done`` for each time that a
    timeout of the file has cancelled our own work. ``alone`` are statements that turned out not to
    be allowed in a transaction, ``apart`` the first statements of transactions that turned out to
    be read-only.

    A file without a transaction is ``reopened`` where it goes on in its session, and ``goes_on``
    where only a batch of it is tried again. ``left_off`` says where the earlier try has stopped.
    ``modes`` are those of the transaction that a COMMIT AND CHAIN has begun, ``session`` is the
    state of its session after a failure. ``answered``: the server has said how the failed statement
    ended. ``unknowable`` is as in ``Checkpoint``. ``recorded_ms`` is the time that the ledger has
    for the file, as soon as that is written.
    """

    script: Script
    retried: bool = False
    done: int = 0
    retries: int = 0
    timed_out: list[int] = field(default_factory=list)
    alone: set[int] = field(default_factory=set)
    apart: set[int] = field(default_factory=set)
    reopened: bool = False
    goes_on: bool = False
    left_off: LeftOff | None = None
    modes: str | None = None
    session: SessionState | None = None
    answered: bool = True
    unknowable: int | None = None
    recorded_ms: int | None = None

    @property
    def name(self) -> str:
        """The file's name, by which the ledger knows it."""
        return self.script.file.name

    @property
    def checksum(self) -> bytes:
        """The checksum of the bytes that run."""
        return self.script.file.checksum.encode()

    @property
    def checkpoint(self) -> Checkpoint | None:
        """The checkpoint of the earlier try behind which the file goes on."""
        return self.left_off.checkpoint if self.left_off else None

    @property
    def mark(self) -> BatchMark | None:
        """The progress of its next statement, where that runs in batches and some are committed."""
        return self.checkpoint.batches if self.checkpoint else None

    @property
    def state(self) -> State:
        """What differs, in the session in which it goes on, from a new session."""
        session = self.checkpoint.session if self.checkpoint else None
        return session.state if session else {}

    def may_share(self, i: int) -> bool:
        """Whether a statement may be in one transaction with the note that it is done."""
        if self.script.kind(i) not in (Kind.ORDINARY, Kind.COPY_IN, Kind.COPY_OUT):
            return False
        # The server ignores a SET LOCAL outside a transaction, with a warning. In one transaction
        # with our note it would have effect, and there would be no warning.
        if i in self.script.ignored:
            return False
        return i not in self.alone and not self.script.traits(i).commits

    def may_repeat(self, i: int, *, read_only: bool) -> bool:
        """Whether the unit at statement ``i``, sent once more, might do its work twice.

        That is so where its note comes behind its COMMIT, and the server would not refuse to do the
        work again. ``read_only``: transactions there are read-only unless they say otherwise.
        """
        script = self.script
        if i >= len(script) or i in script.batched:
            return False
        unit = unit_at(script, i, whole_chains=read_only)
        traits = [script.traits(j) for j in unit]
        if len(unit) > 1:
            apart = read_only or any(found.read_only for found in traits)
            return apart and any(only_writes(script.sql(j)) for j in unit)
        work = traits[0].concurrently
        is_unnamed = work is not None and work.does == "create" and work.index is None
        return not self.may_share(i) and (traits[0].runs_code or is_unnamed)

    def take_modes(self, answer: PGresult) -> None:
        """Take the ``modes`` from what the server has answered."""
        self.modes = (answer.get_value(0, 0) or b"").decode("ascii") or None

    def note_recorded_time(self, answer: PGresult) -> None:
        """Take the time of the row from the answer to the query that has written it."""
        ms = answer.get_value(0, 0)
        self.recorded_ms = None if ms is None else int(ms)

    def writing(self, query: bytes, *params: bytes | None) -> Step:
        """The step that writes the row of the file."""
        return Step(query, Role.LEDGER, params=params, answer=self.note_recorded_time)

    def statement(self, i: int, *, alone: bool = False) -> Step:
        """The ``i``-th statement as a step; a COPY always runs ``alone``."""
        script = self.script
        kind = script.kind(i)
        return Step(
            script.sql(i),
            Role.STATEMENT,
            i,
            prompt=True,
            alone=alone or kind in (Kind.COPY_IN, Kind.COPY_OUT),
            copy_data=partial(script.copy_data, i) if kind is Kind.COPY_IN else None,
            line=script.line(i),
            encoding=script.encoding_at(i),
        )
