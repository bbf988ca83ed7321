"""The relations that were there before a rehearsal: which it locks, and which it writes anew."""

import contextlib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import psycopg
from psycopg.errors import InternalError_, LockNotAvailable
from psycopg.pq.abc import PGresult

from schemamig_tui.rehearsal.events import RelationLock
from schemamig_tui.rehearsal.weaving import microseconds, number

# The modes from the weakest to the strongest, and whom each keeps waiting. Reads need ACCESS SHARE,
# writes ROW EXCLUSIVE, and DDL at least SHARE UPDATE EXCLUSIVE:
# https://www.postgresql.org/docs/current/explicit-locking.html#TABLE-LOCK-COMPATIBILITY
_BLOCKS: dict[str, tuple[str, ...]] = {
    "AccessShareLock": (),
    "RowShareLock": (),
    "RowExclusiveLock": (),
    "ShareUpdateExclusiveLock": ("DDL",),
    "ShareLock": ("writes", "DDL"),
    "ShareRowExclusiveLock": ("writes", "DDL"),
    "ExclusiveLock": ("writes", "DDL"),
    "AccessExclusiveLock": ("reads", "writes", "DDL"),
}
_STRENGTH = {mode: strength for strength, mode in enumerate(_BLOCKS)}
_EXCLUSIVE = "AccessExclusiveLock"
# What nextval() and setval() take, and hold to the end of the transaction.
_MOVES_SEQUENCE = "RowExclusiveLock"

_KINDS = {
    "r": "table",
    "p": "table",
    "f": "foreign table",
    "m": "materialized view",
    "v": "view",
    "i": "index",
    "I": "index",
    "S": "sequence",
}
_ALL = """
SELECT c.oid::bigint, c.relfilenode::bigint, c.relkind::text,
    format('%%I.%%I', n.nspname, c.relname), format('%%I', c.relname)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = ANY (%s) AND c.relpersistence <> 't'
    AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
"""
# Whatever writes a relation anew has locked it exclusively. The clock is read once when the query
# starts and once when the locks have been looked at.
_LOOK = """
SELECT {began}, {ended}, locks.held
FROM (
    SELECT pg_catalog.string_agg(pg_catalog.concat_ws(' ', relation, mode,
        CASE WHEN mode OPERATOR(pg_catalog.=) '{exclusive}'
            THEN pg_catalog.pg_relation_filenode(relation) END), ',') AS held
    FROM pg_catalog.pg_locks
    WHERE pid OPERATOR(pg_catalog.=) {pid} AND granted
        AND locktype OPERATOR(pg_catalog.=) 'relation'
        AND database OPERATOR(pg_catalog.=) {database}::pg_catalog.oid
        AND relation OPERATOR(pg_catalog.<=) {last}::pg_catalog.oid
) locks
"""
_LAST_VALUES = """
SELECT oid::bigint, pg_sequence_last_value(oid) FROM unnest(%s::oid[]) AS oid
WHERE has_sequence_privilege(oid, 'USAGE, SELECT')
"""
_LOCKING = rb"(?is)(?:ALTER|CLUSTER|DROP|LOCK|REFRESH|REINDEX|TRUNCATE)\b.*?"
# Reading a sequence locks it: so many locks at a time the server has room for.
_BATCH = 500


class Sight(NamedTuple):
    """What is new since the look before.

    ``began`` and ``ended`` are when the server did this look, in microseconds of its clock.
    """

    began: int
    ended: int
    locks: tuple[RelationLock, ...]
    rewritten: tuple[str, ...]

    @property
    def exclusive(self) -> bool:
        """Whether an ACCESS EXCLUSIVE lock is among the new ones."""
        return any(lock.mode == _EXCLUSIVE for lock in self.locks)


class _Relation(NamedTuple):
    """``word`` is its name without the schema, as SQL writes it."""

    kind: str
    name: str
    word: str

    def __str__(self) -> str:
        return f"{_KINDS[self.kind]} {self.name}"


class Relations:
    """Those that are there now, and what the session of ``conn`` does to them from now on.

    ``guards`` is a query that limits how long the ones after it in its transaction may wait.
    """

    def __init__(self, conn: psycopg.Connection[Any], guards: bytes) -> None:
        self._guards = guards
        self._all: dict[int, _Relation] = {}
        self._files: dict[int, int] = {}
        for oid, file, *relation in conn.execute(_ALL, (list(_KINDS),)):
            self._all[oid] = _Relation(*relation)
            self._files[oid] = file
        self._modes: dict[int, str] = {}
        self._touched: set[int] = set()
        sequences = [oid for oid, relation in self._all.items() if relation.kind == "S"]
        self._values = self._last_values(conn, sequences)
        database = conn.execute("SELECT oid FROM pg_database WHERE datname = current_database()")
        ((database_oid,),) = database.fetchall()
        self.query = _LOOK.format(
            began=microseconds("statement_timestamp"),
            ended=microseconds("clock_timestamp"),
            exclusive=_EXCLUSIVE,
            pid=conn.info.backend_pid,
            database=database_oid,
            last=max(self._all, default=0),
        ).encode()
        """What ``see`` is to have the answer of. Any session may ask it, whatever it has set."""

    def see(self, answer: PGresult) -> Sight:
        """What is new since the look before."""
        fresh: dict[int, str] = {}
        rewritten: list[int] = []
        for oid, mode, file in _entries(answer.get_value(0, 2)):
            if oid not in self._all:
                continue
            if _STRENGTH[mode] > _STRENGTH.get(self._modes.get(oid, ""), -1):
                self._modes[oid] = fresh[oid] = mode
            if file is not None and file != self._files[oid]:
                self._files[oid] = file
                rewritten.append(oid)
            if self._all[oid].kind == "S" and mode == _MOVES_SEQUENCE:
                self._touched.add(oid)
        return Sight(
            number(answer, 0), number(answer, 1), self._locks(fresh), self._rewritten(rewritten)
        )

    def remember(self) -> Callable[[], None]:
        """What makes everything forgotten again that is seen from now on, but for sequences."""
        modes, files = self._modes.copy(), self._files.copy()

        def forget() -> None:
            self._modes, self._files = modes, files

        return forget

    def locks_again(self) -> Callable[[bytes], bool]:
        """Tells of a statement whether it seems to take an exclusive lock that is held already.

        That it takes it cannot be seen; it is taken for granted of DDL that names the relation.
        """
        words = [self._all[oid].word for oid, mode in self._modes.items() if mode == _EXCLUSIVE]
        if not words:
            return lambda sql: False
        names = b"|".join(re.escape(word.encode()) for word in words)
        pattern = re.compile(_LOCKING + rb"(?<![\w$])(?:" + names + rb")(?![\w$])")
        return lambda sql: pattern.match(sql) is not None

    def moved_sequences(self, conn: psycopg.Connection[Any]) -> tuple[str, ...]:
        """The sequences that the session has moved, when all else has been rolled back."""
        now = self._last_values(conn, list(self._touched))
        return tuple(
            sorted(
                self._all[oid].name
                for oid in now.keys() & self._values.keys()
                if now[oid] != self._values[oid]
            )
        )

    def _locks(self, fresh: dict[int, str]) -> tuple[RelationLock, ...]:
        """The strongest first. An index is locked with its table: told is what blocks more."""
        told = [
            (-_STRENGTH[mode], RelationLock(str(self._all[oid]), mode, _BLOCKS[mode]))
            for oid, mode in fresh.items()
            if _BLOCKS[mode] or self._all[oid].kind not in "iI"
        ]
        return tuple(lock for _, lock in sorted(told, key=lambda one: (one[0], one[1].relation)))

    def _rewritten(self, oids: Iterable[int]) -> tuple[str, ...]:
        relations = (self._all[oid] for oid in oids)
        return tuple(sorted(str(relation) for relation in relations if relation.kind != "S"))

    def _last_values(
        self, conn: psycopg.Connection[Any], oids: Sequence[int]
    ) -> dict[int, int | None]:
        """Where sequences stand, without those that somebody else has locked or just dropped."""
        values: dict[int, int | None] = {}
        for start in range(0, len(oids), _BATCH):
            with contextlib.suppress(LockNotAvailable, InternalError_), conn.transaction():
                conn.execute(self._guards)
                values.update(conn.execute(_LAST_VALUES, (oids[start : start + _BATCH],)))
        return values


def _entries(held: bytes | None) -> Iterator[tuple[int, str, int | None]]:
    """The locks in an answer: an oid, a mode, and the file of what is locked exclusively."""
    for entry in held.decode("ascii").split(",") if held else ():
        oid, mode, *file = entry.split(" ")
        yield int(oid), mode, int(file[0]) if file else None
