"""Observes which of the existing relations a rehearsal locks, and which it writes anew."""

import contextlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from typing import Any, NamedTuple

import psycopg
from psycopg.errors import InternalError_, LockNotAvailable
from psycopg.pq.abc import PGresult

from schemamig_tui.engine.pipeline.step import Role, Step
from schemamig_tui.rehearsal import probe
from schemamig_tui.rehearsal.events import RelationLock
from schemamig_tui.sql.calls import only_changes_catalogs
from schemamig_tui.sql.lexer import tokens
from schemamig_tui.sql.locks import BY_SERVER_NAME, Lock
from schemamig_tui.sql.new_relations import names_beside_new
from schemamig_tui.sql.touch import ObjectKind
from schemamig_tui.sql.touches import touches
from schemamig_tui.sql.words import Name, identifier

_BLOCKS = {lock.server_name: lock.blocks for lock in Lock}
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
# An index and the sequence of a column belong to a table. Other schemas may come before pg_catalog
# in the search_path of the role. 1259 is pg_class.
_ALL = """
SELECT c.oid::pg_catalog.int8, c.relkind::pg_catalog.text,
    pg_catalog.format('%%I.%%I', n.nspname, c.relname), n.nspname, c.relname,
    coalesce(x.indrelid, d.refobjid)::pg_catalog.int8, c.relfilenode::pg_catalog.int8,
    c.reltuples::pg_catalog.float8
FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
    LEFT JOIN pg_catalog.pg_index x ON x.indexrelid OPERATOR(pg_catalog.=) c.oid
    LEFT JOIN pg_catalog.pg_depend d ON c.relkind OPERATOR(pg_catalog.=) 'S'
        AND d.classid OPERATOR(pg_catalog.=) '1259' AND d.objid OPERATOR(pg_catalog.=) c.oid
        AND d.refclassid OPERATOR(pg_catalog.=) '1259'
        AND d.deptype OPERATOR(pg_catalog.=) ANY (ARRAY['a', 'i']::pg_catalog."char"[])
WHERE c.relkind OPERATOR(pg_catalog.=) ANY (%s::pg_catalog."char"[])
    AND c.relpersistence OPERATOR(pg_catalog.<>) 't' AND n.nspname OPERATOR(pg_catalog.<>)
        ALL (ARRAY['pg_catalog', 'information_schema', 'pg_toast']::pg_catalog.name[])
"""
_LAST_VALUES = """
SELECT oid::pg_catalog.int8, pg_catalog.pg_sequence_last_value(oid)
FROM pg_catalog.unnest(%s::pg_catalog.oid[]) AS oid
WHERE pg_catalog.has_sequence_privilege(oid, 'USAGE, SELECT')
"""
# Of those relations that the open transaction has changed or made: their rows, or those of their
# schemas, carry its number or that of a subtransaction, which is higher.
_NAMES = b"""
SELECT c.oid, pg_catalog.encode(pg_catalog.convert_to(
        n.nspname::pg_catalog.text, pg_catalog.getdatabaseencoding()), 'hex'),
    pg_catalog.encode(pg_catalog.convert_to(
        c.relname::pg_catalog.text, pg_catalog.getdatabaseencoding()), 'hex')
FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
WHERE pg_catalog.age(c.xmin) OPERATOR(pg_catalog.<=) 0
    OR pg_catalog.age(n.xmin) OPERATOR(pg_catalog.<=) 0
"""
_DATABASE = """
SELECT oid FROM pg_catalog.pg_database
WHERE datname OPERATOR(pg_catalog.=) pg_catalog.current_database()
"""
# Whatever gives a relation another name or schema has one of these words, or calls a function.
_RENAMES = (b"rename", b"schema", b"execute")
# From so many relations on it is not asked behind each statement which of them are locked, but
# behind one of so many.
_MANY, _MOST_UNASKED = 100, 50
# Reading a sequence locks it: so many locks at a time the server has room for.
_BATCH = 500


class StatementObservation(NamedTuple):
    """The locks and rewrites of a statement, as the probe behind it has found them.

    ``moment`` is when the probe ran. ``taken`` are the locks of the statement, ``news`` those that
    its file did not hold yet, or not as strong. ``new_files`` are the oids of the relations that it
    has given another relfilenode.
    """

    moment: probe.Moment
    taken: tuple[RelationLock, ...] = ()
    news: tuple[RelationLock, ...] = ()
    new_files: Set[int] = frozenset()


class KnownRelation(NamedTuple):
    """A relation that existed before the rehearsal; ``full_name`` is its name as SQL.

    ``belongs_to`` is the table together with which it is always locked, ``file`` its relfilenode at
    the start, and ``rows`` how many rows the server believes it has.
    """

    kind: str
    full_name: str
    schema: str
    name: str
    belongs_to: int | None
    file: int
    rows: float

    def __str__(self) -> str:
        return f"{_KINDS[self.kind]} {self.full_name}"


class Relations:
    """Knows the existing relations, and finds what the session of ``conn`` does to them.

    ``guards`` is a query that limits the waits of later queries in the same transaction.
    """

    def __init__(self, conn: psycopg.Connection[Any], guards: bytes) -> None:
        self._guards = guards
        self.known: dict[int, KnownRelation] = {}
        # The present schemas of the relations that have a name, also of some that are new.
        self._named: defaultdict[str, dict[int, str]] = defaultdict(dict)
        self._names: dict[int, str] = {}
        self._may_be_renamed = False
        for oid, *relation in conn.execute(_ALL, (list(_KINDS),)):
            self.known[oid] = known = KnownRelation(*relation)
            self._name(oid, known.schema, known.name)
        # The last answer, and what it says: the locks that are held, and the relations that have
        # another file than they had at first.
        self._last: bytes | None = None
        self._held: set[tuple[int, str]] = set()
        self.replaced: dict[int, int] = {}
        """The relations whose data are somewhere else than before, with their files."""
        # The locks named by statements since the last answer, and how many statements these were.
        self._expected: set[tuple[int, str]] = set()
        self._unasked = 0
        # The relations that statements have named.
        self._seen: set[int] = set()
        # The strongest locks that the migration is known to have taken.
        self._modes: dict[int, str] = {}
        self._touched: set[int] = set()
        sequences = [oid for oid, relation in self.known.items() if relation.kind == "S"]
        self._values = self._last_values(conn, sequences)
        ((database_oid,),) = conn.execute(_DATABASE).fetchall()
        self._whole = probe.whole(database_oid, max(self.known, default=0))

    def start_file(self) -> Callable[[], None]:
        """Begin with a file. The result is a function that forgets all about it but sequences."""
        before = self._last, self._held, self.replaced
        self._modes = {}

        def forget() -> None:
            self._last, self._held, self.replaced = before
            self._expected = set()

        return forget

    def ask_names(self) -> Iterator[Step]:
        """Ask behind a file for the names that its relations have now, if any may be new.

        A name that an earlier relation had, and a new one has now, means none of the earlier ones.
        """
        if self._may_be_renamed:
            yield Step(_NAMES, Role.HOUSEKEEPING, answer=self._read_names)

    def _read_names(self, answer: PGresult) -> None:
        for row in range(answer.ntuples):
            oid, *names = (answer.get_value(row, column) or b"" for column in range(3))
            schema, name = (
                bytes.fromhex(one.decode()).decode(errors="backslashreplace") for one in names
            )
            self._name(int(oid), schema, name)

    def _name(self, oid: int, schema: str, name: str) -> None:
        self._named[self._names.get(oid, name)].pop(oid, None)
        self._names[oid] = name
        self._named[name][oid] = schema

    def query(self, sql: bytes, named: Sequence[tuple[list[int], str]]) -> bytes:
        """The probe behind a statement, whose answer ``read`` reads. It works in any session.

        ``named`` are the locks that the text of the statement names. Where the statement cannot
        have touched an existing relation, the probe does not ask for locks, because that takes
        longer the more locks are held. With hundreds of locks it does not ask either behind a
        statement that only takes what its text names; any other lock of such a statement is found
        with a later one.
        """
        if not self.known:
            return probe.QUICK
        if any(word in sql.lower() for word in _RENAMES):
            self._may_be_renamed = True
            for token in tokens(sql):
                # The new name may be any of these, until the server is asked.
                if name := identifier(token[1]):
                    _ = self._named[name]
        names = names_beside_new(sql)
        if names is not None and names.isdisjoint(self._named.keys()):
            return probe.QUICK
        self._seen.update(oid for oids, _ in named for oid in oids)
        if (
            len(self._seen) >= _MANY
            and self._unasked < _MOST_UNASKED
            and self._tells_all(sql, named)
        ):
            self._unasked += 1
            return probe.QUICK
        self._unasked = 0
        return self._whole

    def _tells_all(self, sql: bytes, named: Sequence[tuple[list[int], str]]) -> bool:
        """Whether the text names each relation that it locks, and each name means just one.

        It does not where it names an index, a sequence or a partitioned table: these bring others
        along.
        """
        if any(len(oids) != 1 for oids, _ in named) or not only_changes_catalogs(sql):
            return False
        touched = [self.known[oid] for (oid,), _ in named]
        if any(relation.kind not in "rmfv" for relation in touched):
            return False
        names = {self._names[oid] for (oid,), _ in named}
        words = (identifier(token[1]) for token in tokens(sql))
        return all(word in names for word in words if word in self._named)

    @property
    def whole_query(self) -> bytes:
        """The probe that always asks for everything, also for what an event trigger has done."""
        return self._whole if self.known else probe.QUICK

    def named(self, sql: bytes) -> tuple[tuple[list[int], str], ...]:
        """The locks that the text of a statement names: all relations of a name, and the mode."""
        if not self.known:
            return ()
        return tuple(
            (self._meant(touch.name), touch.lock.server_name)
            for touch in touches(sql)
            if touch.target is ObjectKind.RELATION and touch.lock and touch.name.name in self._named
        )

    def _meant(self, name: Name) -> list[int]:
        """The relations that a name may mean; none if one of them is new."""
        schemas = self._named[name.name]
        oids = [oid for oid, schema in schemas.items() if name.schema in (None, schema)]
        return oids if self.known.keys() >= set(oids) else []

    def read(
        self, answer: PGresult, named: Iterable[tuple[list[int], str]]
    ) -> StatementObservation:
        """Read the answer of a probe: the locks and rewrites that are new since the answer before.

        pg_locks does not show that a statement takes a held lock again. That is assumed of the
        locks that its text has ``named``, if the name means one relation only.
        """
        moment = probe.moment(answer)
        if probe.is_quick(answer):
            taken = {oids[0]: mode for oids, mode in named if len(oids) == 1}
            self._expected.update(taken.items())
            return self._observed(moment, taken, frozenset())
        held = self._held | self._expected
        taken, rewritten = self._compare(answer)
        for oids, mode in named:
            match [oid for oid in oids if (oid, mode) in held]:
                case [oid]:
                    _strengthen(taken, oid, mode)
        self._expected = set()
        return self._observed(moment, taken, rewritten)

    def _observed(
        self, moment: probe.Moment, taken: Mapping[int, str], new_files: Set[int]
    ) -> StatementObservation:
        news = {oid: mode for oid, mode in taken.items() if _strengthen(self._modes, oid, mode)}
        return StatementObservation(
            moment,
            self._locks(taken, taken),
            self._locks(news, self._modes),
            new_files,
        )

    def _compare(self, answer: PGresult) -> tuple[dict[int, str], set[int]]:
        """The strongest new lock on each relation, and what has been written anew."""
        fresh: dict[int, str] = {}
        rewritten: set[int] = set()
        last = answer.get_value(0, probe.HELD)
        if last == self._last:  # as behind every other INSERT of many
            return fresh, rewritten
        held, rewrites = self._held, self.replaced
        self._last, self._held, self.replaced = last, set(), {}
        for oid, mode, file in probe.locks(answer):
            if oid not in self.known:
                continue
            self._held.add((oid, mode))
            if (oid, mode) not in held and (oid, mode) not in self._expected:
                _strengthen(fresh, oid, mode)
            if file is not None and file != self.known[oid].file:
                self.replaced[oid] = file
                if file != rewrites.get(oid):
                    rewritten.add(oid)
            if self.known[oid].kind == "S" and mode == _MOVES_SEQUENCE:
                self._touched.add(oid)
        return fresh, rewritten

    def moved_sequences(self, conn: psycopg.Connection[Any]) -> tuple[str, ...]:
        """The sequences that the session has moved; to be asked after the rollback."""
        now = self._last_values(conn, list(self._touched))
        return tuple(
            sorted(
                self.known[oid].full_name
                for oid in now.keys() & self._values.keys()
                if now[oid] != self._values[oid]
            )
        )

    def _locks(
        self, locks: Mapping[int, str], known: Mapping[int, str]
    ) -> tuple[RelationLock, ...]:
        """The strongest locks first, without those that the lock on their table implies."""
        kept = [
            (-BY_SERVER_NAME[mode], RelationLock(str(self.known[oid]), mode, _BLOCKS[mode]))
            for oid, mode in locks.items()
            if self._says_more(oid, mode, known)
        ]
        return tuple(lock for _, lock in sorted(kept, key=lambda one: (one[0], one[1].relation)))

    def _says_more(self, oid: int, mode: str, known: Mapping[int, str]) -> bool:
        relation = self.known[oid]
        if relation.kind not in "iIS":
            return True
        of_table = known.get(relation.belongs_to or 0, "")
        return bool(_BLOCKS[mode]) and BY_SERVER_NAME[mode] > BY_SERVER_NAME.get(of_table, 0)

    def _last_values(
        self, conn: psycopg.Connection[Any], oids: Sequence[int]
    ) -> dict[int, int | None]:
        """The last values of sequences, without those that others have locked or just dropped."""
        values: dict[int, int | None] = {}
        for start in range(0, len(oids), _BATCH):
            with contextlib.suppress(LockNotAvailable, InternalError_), conn.transaction():
                conn.execute(self._guards)
                values.update(conn.execute(_LAST_VALUES, (oids[start : start + _BATCH],)))
        return values


def _strengthen(modes: dict[int, str], oid: int, mode: str) -> bool:
    """Note the mode of a lock on a relation, if it is stronger than the one that is noted."""
    stronger = BY_SERVER_NAME[mode] > BY_SERVER_NAME.get(modes.get(oid, ""), 0)
    if stronger:
        modes[oid] = mode
    return stronger
