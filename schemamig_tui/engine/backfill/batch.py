"""The transaction of one batch: the fence, the statement, its checkpoint, and nothing besides."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from psycopg.pq.abc import PGresult

from schemamig_tui.engine.backfill.checkpoints import Checkpoints
from schemamig_tui.engine.backfill.place import BatchedPlace
from schemamig_tui.engine.backfill.questions import texts
from schemamig_tui.engine.ledger.batch_mark import BatchMark
from schemamig_tui.engine.pipeline.step import Role, Step
from schemamig_tui.engine.pipeline.transaction import BEGIN_WRITING, COMMIT
from schemamig_tui.limits import milliseconds
from schemamig_tui.patience import doubled
from schemamig_tui.sql.words import literal

_LONGEST_PATIENCE = 30.0
_LEAST = 0.05
# The plans in the code of a procedure would be made for any range after five of them.
_FRESH_PLANS = ("plan_cache_mode", "force_custom_plan")
_CLOCK = b"SELECT extract(epoch FROM pg_catalog.clock_timestamp())"
_WAL_POSITION = "SELECT pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_insert_lsn(), '0/0')"


@dataclass
class LockPatience:
    """How long a batch waits for a lock.

    A batch and its wait for a lock together stay below ``deadlock_timeout``: so in a deadlock our
    batch gives up before the server looks for one, and the server never ends a transaction of the
    application. Each time that a batch of the smallest size has ``failed`` to get a lock doubles
    the wait. With ``file_decides`` the file sets a lock_timeout of its own, which holds.
    """

    deadlock_timeout: float = 1.0
    file_decides: bool = False
    failed: int = 0

    def seconds(self, target: float) -> float:
        """The lock_timeout of a batch that is to take ``target`` seconds."""
        gentle = max(_LEAST, 0.9 * self.deadlock_timeout - 1.5 * target)
        return doubled(gentle, self.failed, _LONGEST_PATIENCE)


@dataclass
class Batch:
    """Makes the steps of one batch, and keeps what the server answers to them.

    ``changed`` is how many rows the statement has changed, ``wal`` the position of the WAL after
    it. ``worked`` is for how many seconds the server has worked on the statement, and on what a
    COMMIT does for its rows; what the network takes, and the COMMIT itself, is not in it.
    """

    place: BatchedPlace
    checkpoints: Checkpoints
    settings: Sequence[tuple[str, str]]
    changed: int = 0
    wal: int = 0
    worked: float = 0.0

    def open(self) -> Iterator[Step]:
        """Begin the transaction, with the settings of a batch."""
        yield Step(BEGIN_WRITING, Role.HOUSEKEEPING)
        yield from self.checkpoints.fence()
        yield set_locally(self.settings)

    def statement(
        self, sql: bytes, values: Sequence[str] = (), types: tuple[int, ...] | None = None
    ) -> Iterator[Step]:
        """Run the statement on its range, and set ``changed``."""
        yield Step(_CLOCK, Role.HOUSEKEEPING, answer=self._begin_work)
        yield Step(
            sql,
            Role.BATCH,
            self.place.number,
            params=texts(values) if values else None,
            types=types,
            prompt=True,
            together=True,
            line=self.place.line,
            answer=self._take_tag,
        )
        yield Step(_CLOCK, Role.HOUSEKEEPING, prompt=True, awaited=True, answer=self._end_work)

    def close(self, mark: BatchMark) -> Iterator[Step]:
        """Write the checkpoint, ask how much WAL has been written, and commit.

        The COMMIT is the last step of a batch: a late cancellation or timeout would hit any step
        behind it, and a batch that is committed would count as failed.
        """
        yield Step(_CLOCK, Role.HOUSEKEEPING, answer=self._begin_work)
        yield from self.checkpoints.note(mark)
        yield Step(_CLOCK, Role.HOUSEKEEPING, answer=self._end_work)
        yield Step(_WAL_POSITION.encode(), Role.HOUSEKEEPING, answer=self._take_position)
        yield Step(COMMIT, Role.HOUSEKEEPING, prompt=True, awaited=True)

    def _begin_work(self, result: PGresult) -> None:
        self.worked -= _time(result)

    def _end_work(self, result: PGresult) -> None:
        self.worked += _time(result)

    def _take_tag(self, result: PGresult) -> None:
        self.changed = result.command_tuples or 0

    def _take_position(self, result: PGresult) -> None:
        self.wal = int(result.get_value(0, 0) or 0)


def _time(result: PGresult) -> float:
    return float(result.get_value(0, 0) or 0)


def settings(place: BatchedPlace, patience: LockPatience, target: float) -> list[tuple[str, str]]:
    """The settings of the transaction of one batch, with its lock_timeout."""
    found = settings_of(place)
    if not patience.file_decides:
        found.insert(0, ("lock_timeout", f"{milliseconds(patience.seconds(target))}ms"))
    return found


def settings_of(place: BatchedPlace) -> list[tuple[str, str]]:
    """The settings that are the same for all batches of a statement."""
    fresh_plans = [_FRESH_PLANS] if place.batched.head.verb == "call" else []
    return [("row_security", "off"), *fresh_plans, *place.batched.asked.restraint.settings]


def set_locally(settings: Sequence[tuple[str, str]]) -> Step:
    """The step that makes these settings for the rest of the transaction."""
    calls = ", ".join(
        f"pg_catalog.set_config({literal(name)}, {_value(value)}, true)" for name, value in settings
    )
    return Step(f"SELECT {calls}".encode(), Role.HOUSEKEEPING)


def _value(value: str) -> str:
    return "NULL" if value.lower() == "default" else literal(value)
