"""A file of a run, and what is known of it while it runs."""

from dataclasses import dataclass, field
from functools import partial

from psycopg.pq.abc import PGresult

from schemamig_tui.engine.pipeline.step import Role, Step
from schemamig_tui.engine.script.script import Kind, Script


@dataclass(eq=False)
class FileRun:
    """A file of a run, and what is known of it while it runs.

    ``retried`` tells that the ledger has a failed row of it, ``done`` counts the statements that
    an earlier try, or this one, has committed, ``retries`` how often it was sent again because it
    did not get a lock. ``alone`` holds statements that turned out not to be allowed in a
    transaction. A file without a transaction is ``reopened`` where it goes on in its session.
    ``recorded_ms`` is the time that the ledger has for it, as soon as that is written.
    """

    script: Script
    retried: bool = False
    done: int = 0
    retries: int = 0
    alone: set[int] = field(default_factory=set)
    reopened: bool = False
    recorded_ms: int | None = None

    @property
    def name(self) -> str:
        """The file's name, by which the ledger knows it."""
        return self.script.file.name

    @property
    def checksum(self) -> bytes:
        """The checksum of the bytes that run."""
        return self.script.file.checksum.encode()

    def note_recorded_time(self, answer: PGresult) -> None:
        """Take the time of the row from the answer of what has written it."""
        ms = answer.get_value(0, 0)
        self.recorded_ms = None if ms is None else int(ms)

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
        )
