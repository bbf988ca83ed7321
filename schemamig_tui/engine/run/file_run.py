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
    committed, by an earlier try or this one, and ``retries`` how often it was sent again because it
    did not get a lock. ``timed_out`` has, for each time that a timeout of the file has cancelled
    our own work, how many statements were done then. ``alone`` are statements that turned out not
    to be allowed in a transaction, ``apart`` the first ones of transactions that turned out to be
    read-only.

    A file without a transaction is ``reopened`` where it goes on in its session, and ``goes_on``
    where only a batch of it is tried again. ``left_off`` says where the earlier try has stopped.
    ``modes`` are those of the transaction that a COMMIT AND CHAIN has begun, ``session`` is what
    its session was like after it has failed. ``answered``: the server has said how that ended.
    ``unknowable`` is the number, from 1, of the first statement that may have left what no server
    tells, see ``Checkpoint``.
    ``recorded_ms`` is the time that the ledger has for it, as soon as that is written.
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
        """What the ledger says of the earlier try that it goes on behind."""
        return self.left_off.checkpoint if self.left_off else None

    @property
    def mark(self) -> BatchMark | None:
        """How far its next statement was, where that runs in batches and some are committed."""
        return self.checkpoint.batches if self.checkpoint else None

    @property
    def state(self) -> State:
        """What its session is like where it goes on, other than a new one."""
        session = self.checkpoint.session if self.checkpoint else None
        return session.state if session else {}

    def may_share(self, i: int) -> bool:
        """Whether a statement may be in one transaction with the note of it."""
        if self.script.kind(i) not in (Kind.ORDINARY, Kind.COPY_IN, Kind.COPY_OUT):
            return False
        # A SET LOCAL that the server ignores would hold for our note, and it would not warn of it.
        if i in self.script.ignored:
            return False
        return i not in self.alone and not self.script.traits(i).commits

    def may_repeat(self, i: int, *, read_only: bool) -> bool:
        """Whether what begins with statement ``i`` would do its work once more if it is sent again.

        That is so where the note of it comes behind its COMMIT, and the server would not notice.
        ``read_only``: so are all transactions there that do not say otherwise.
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
        """Take the time of the row from the answer of what has written it."""
        ms = answer.get_value(0, 0)
        self.recorded_ms = None if ms is None else int(ms)

    def writing(self, query: bytes, *params: bytes | None) -> Step:
        """The step that writes the row of the file."""
        return Step(query, Role.LEDGER, params=params, answer=self.note_recorded_time)

    def statement(self, i: int, *, alone: bool = False) -> Step:
        """The ``i``-th statement as a step, which COPY makes ``alone`` in any case."""
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
