"""Counts what the statements of a rehearsal do to the tables that were there before."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Set
from operator import attrgetter
from typing import NamedTuple

from psycopg.pq.abc import PGresult

from schemamig_tui.rehearsal import probe
from schemamig_tui.rehearsal.events import DeadRows, RowsWritten, TableScan
from schemamig_tui.rehearsal.probe import Counts
from schemamig_tui.rehearsal.relations import KnownRelation

_TABLES = ("r", "p", "m")
# These read a table to its end if they read it at all; a query may stop early.
_READ_ALL = frozenset({"ALTER TABLE", "CREATE INDEX", "CREATE TABLE", "ALTER DOMAIN", "REINDEX"})
# These write a table anew that has no rows as well.
_REWRITE = frozenset({"ALTER TABLE", "CLUSTER", "VACUUM", "REINDEX", "REFRESH MATERIALIZED VIEW"})
_TRUNCATE = "TRUNCATE TABLE"
# What counts as all rows, where how many there are is known from the last ANALYZE.
_NEARLY = 0.9
_BY_RELATION = attrgetter("relation")


class Work(NamedTuple):
    """What one statement did; the fields are those of ``WorkDone`` and ``RelationsRewritten``."""

    rewritten: tuple[str, ...] = ()
    scanned: tuple[TableScan, ...] = ()
    built: tuple[str, ...] = ()
    emptied: tuple[str, ...] = ()
    written: tuple[RowsWritten, ...] = ()

    @property
    def is_none(self) -> bool:
        """Whether it has no other work than writing relations anew."""
        return not (self.scanned or self.built or self.emptied or self.written)


_NOTHING = Work()


class WorkCounter:
    """Finds the work of each statement from the counters before and behind it.

    ``known`` are the existing relations, by their oids. ``without_rows``: they are empty ones of a
    scratch, so a statement that reads one would read all of the table that it stands for.
    """

    def __init__(self, known: Mapping[int, KnownRelation], *, without_rows: bool) -> None:
        self._known, self._without_rows = known, without_rows
        self._files = {one.file for one in known.values() if one.kind == "i"}
        self._counts: dict[int, Counts] = {}
        self._indexes: set[int] = set()
        self._dead: Counter[int] = Counter()
        # What was emptied, and has no row since.
        self._empty: set[int] = set()

    def read(
        self,
        answer: PGresult,
        new_files: Set[int],
        replaced: Mapping[int, int],
        tag: str,
        named: Iterable[tuple[list[int], str]],
    ) -> Work:
        """The work of the statement with this command tag, by the answer of the probe behind it.

        ``new_files`` are the relations to which it gave another relfilenode; ``replaced`` are all
        that have got another one so far; ``named`` are those that its text names.
        """
        if probe.is_quick(answer):
            return _NOTHING
        changed = dict(self._changed(answer))
        verb = tag.rstrip("0123456789 ")
        emptied = {
            oid
            for oid in new_files
            if self._known[oid].kind in _TABLES and _is_emptied(verb, changed.get(oid))
        }
        emptied |= {oid for oid in new_files if self._known[oid].belongs_to in emptied}
        # A table that has got another one in the same transaction keeps it: see ExecuteTruncateGuts
        # in commands/tablecmds.c.
        if verb == _TRUNCATE:
            again = {oid for oids, _ in named for oid in oids if len(oids) == 1 and oid in replaced}
            emptied |= again - self._empty
        self._empty |= emptied
        self._empty -= {oid for oid, (was, now) in changed.items() if now.inserted > was.inserted}
        for oid, (was, now) in changed.items():
            if oid not in replaced:
                self._dead[oid] += max(0, now.inserted - was.inserted)
                self._dead[oid] += max(0, now.updated - was.updated)
        return Work(
            self._names(new_files - emptied),
            tuple(sorted(self._scans(changed, new_files, verb), key=_BY_RELATION)),
            tuple(sorted(self._built(answer, new_files))),
            self._names(emptied),
            tuple(sorted(self._written(changed), key=_BY_RELATION)),
        )

    @property
    def dead(self) -> tuple[DeadRows, ...]:
        """The rows that a rollback leaves behind."""
        return tuple(
            DeadRows(str(self._known[oid]), rows) for oid, rows in self._dead.most_common() if rows
        )

    def _changed(self, answer: PGresult) -> Iterator[tuple[int, tuple[Counts, Counts]]]:
        for oid, now in probe.counts(answer).items():
            was = self._counts.get(oid, Counts())
            if now != was and oid in self._known and self._known[oid].kind in _TABLES:
                self._counts[oid] = now
                yield oid, (was, now)

    def _scans(
        self, changed: Mapping[int, tuple[Counts, Counts]], new_files: Set[int], verb: str
    ) -> Iterator[TableScan]:
        for oid, (was, now) in changed.items():
            rows = now.returned - was.returned
            if now.scans == was.scans or oid in new_files:
                continue
            if not now.bytes and not self._without_rows:
                continue
            believed = self._known[oid].rows
            if verb in _READ_ALL:
                # Parallel workers count for themselves.
                rows = max(rows, round(believed))
            if verb in _READ_ALL or rows >= max(1, _NEARLY * believed):
                yield TableScan(str(self._known[oid]), rows, now.bytes)

    def _written(self, changed: Mapping[int, tuple[Counts, Counts]]) -> Iterator[RowsWritten]:
        for oid, (was, now) in changed.items():
            one = RowsWritten(
                str(self._known[oid]),
                max(0, now.inserted - was.inserted),
                max(0, now.updated - was.updated),
                max(0, now.deleted - was.deleted),
            )
            if one.rows:
                yield one

    def _built(self, answer: PGresult, new_files: Set[int]) -> Iterator[str]:
        """The new indexes, without those to which ALTER TYPE has given the data of an old one.

        The indexes of a table that was written anew, or emptied, are left out.
        """
        for index in probe.new_indexes(answer):
            if index.oid in self._indexes:
                continue
            self._indexes.add(index.oid)
            if index.file and index.file not in self._files and index.table not in new_files:
                yield f"index {index.name} on {self._known[index.table]}"

    def _names(self, oids: Iterable[int]) -> tuple[str, ...]:
        """Names, without sequences and without indexes that were written anew with their table."""
        chosen = set(oids)
        return tuple(
            sorted(
                str(self._known[oid])
                for oid in chosen
                if self._known[oid].kind != "S" and self._known[oid].belongs_to not in chosen
            )
        )


def _is_emptied(verb: str, counts: tuple[Counts, Counts] | None) -> bool:
    """Whether a table with another relfilenode was emptied, and not written anew.

    A function may truncate it. Then the server builds its indexes anew without reading any row.
    """
    if verb == _TRUNCATE or verb in _REWRITE:
        return verb == _TRUNCATE
    return counts is None or (counts[0].returned == counts[1].returned and not counts[1].bytes)
