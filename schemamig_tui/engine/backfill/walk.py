"""Walks along a key: finds the end of the next range behind the last key, from the index alone.

Every column is qualified: ``SELECT id::text ... ORDER BY id`` would sort by the text, as ORDER BY
means the output column first. A value travels as the text that the server has written, with the
type of its column: without that, ``$1 < $2`` compares texts, and 10 comes before 9.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from schemamig_tui.engine.backfill.explained import explained, nodes
from schemamig_tui.engine.backfill.key import Unusable, WalkKey
from schemamig_tui.engine.backfill.questions import (
    OWN_TRANSACTION,
    Bracket,
    Questions,
    Row,
    ask,
    closing,
    opening,
)
from schemamig_tui.engine.pipeline.step import Step
from schemamig_tui.sql.words import literal
from schemamig_tui.text import visible

# A small table, or partition, may be sorted.
_MANY_ROWS = 10_000
# So many times the size of a batch may be the rows of one value of a key that is not unique.
_MOST_OF_ONE = 10
Value = tuple[str, ...]
"""One value of a key: the text of each of its columns."""


@dataclass(frozen=True, slots=True)
class Range:
    """The keys of a batch, the first and the last one included; ``keys`` is how many they are."""

    first: Value
    last: Value
    keys: int


class KeyWalk:
    """Makes the queries for one key, to be asked between ``opening`` and ``closing``."""

    def __init__(self, key: WalkKey, bracket: Bracket = OWN_TRANSACTION) -> None:
        self._key = key
        self._bracket = bracket
        self._columns = [f"k.{column.quoted}" for column in key.columns]
        self._output = ", ".join(f"{column}::pg_catalog.text" for column in self._columns)
        self._order = ", ".join(self._columns)
        self._from = f"FROM {key.table} AS k"
        several = len(self._columns) > 1
        self._whole = f"({self._order})" if several else self._order

    def opening(self) -> Iterator[Step]:
        """Begin to ask along the key."""
        return opening(self._bracket, self._key.schemas)

    def closing(self) -> Iterator[Step]:
        """End what ``opening`` has begun."""
        return closing(self._bracket)

    def last(self) -> Questions[Value | None]:
        """The last key of the table; None where the table has no row."""
        order = ", ".join(f"{column} DESC" for column in self._columns)
        # NULL would come first. DESC NULLS LAST would sort the table.
        known = f"WHERE {self._columns[0]} IS NOT NULL" if self._key.columns[0].nullable else ""
        rows = yield from ask(
            f"SELECT {self._output} {self._from} {known} ORDER BY {order} LIMIT 1"
        )
        return _value(rows[0]) if rows else None

    def require_values(self) -> Questions[None]:
        """Raises Unusable where a key is NULL: no range reaches that row."""
        (column, *others) = self._key.columns
        if others or not column.nullable:
            return
        null = f"{self._columns[0]} IS NULL"
        if (yield from ask(f"SELECT {self._from} WHERE {null} LIMIT 1")):
            table, name = self._key.table, column.quoted
            raise Unusable(
                f"There are rows whose {visible(name)} is NULL, and no range reaches those.",
                f"Change them by a statement of their own, WHERE {visible(name)} IS NULL, and then"
                f" ALTER TABLE {visible(table)} ALTER {visible(name)} SET NOT NULL; or take another"
                " key.",
            )

    def planned_rows(self) -> Questions[int]:
        """How many rows the planner guesses, from the pages of a table that was never analyzed."""
        return int((yield from explained(f"SELECT {self._from}"))["Plan Rows"])

    def is_still_there(self) -> Questions[bool]:
        """Whether table, columns and index are what they were when the key was found."""
        key = self._key
        columns = ", ".join(
            f"({column.number}, {literal(column.name)}::pg_catalog.name, {column.declared},"
            f" {column.collation})"
            for column in key.columns
        )
        rows = yield from ask(
            "SELECT EXISTS (SELECT FROM pg_catalog.pg_index WHERE indisvalid"
            f" AND indexrelid = {key.index_oid} AND indrelid = {key.oid})"
            f" AND {len(key.columns)} = (SELECT count(*) FROM pg_catalog.pg_attribute WHERE"
            f" attrelid = {key.oid} AND (attnum, attname, atttypid, attcollation) IN ({columns}))"
            f" AND pg_catalog.to_regclass({literal(key.table)}) = {key.oid}::pg_catalog.oid",
        )
        return rows == [("t",)]

    def require_index_used(self, end: Value, keys: int) -> Questions[None]:
        """Raises Unusable where the planner would read or sort the table to find the next keys.

        Asked at the first key: at the last one it may well sort the few that are left.
        """
        where, values, types = self._between(None, end)
        plan = yield from explained(
            f"SELECT {self._output} {self._from} WHERE {where}"
            f" ORDER BY {self._order} OFFSET {keys - 1} LIMIT 1",
            values,
            types,
        )
        rows = self._key.rows or 0
        for node in nodes(plan):
            many = int(node.get("Plan Rows", 0)) > max(_MANY_ROWS, rows // 10)
            if many and node.get("Node Type") in ("Sort", "Seq Scan"):
                raise Unusable(
                    f"To find the next keys the planner would read the table, for each batch:"
                    f" {node['Node Type']} instead of the index {visible(self._key.index)}.",
                    "Is enable_indexscan off? ANALYZE the table, and look at EXPLAIN.",
                )

    def next_range(self, at: Value | None, end: Value, keys: int) -> Questions[Range | None]:
        """The range of the next ``keys`` keys behind ``at``, up to ``end``; None: there are none.

        Where the key is not unique, all rows of the last key belong to the range, so it may be
        larger.
        """
        where, values, types = self._between(at, end)
        query = f"{self._from} WHERE {where} ORDER BY {self._order}"
        rows = yield from ask(
            f"(SELECT 0, {self._output} {query} LIMIT 1)"
            f" UNION ALL (SELECT 1, {self._output} {query} OFFSET {keys - 1} LIMIT 1)",
            values,
            types,
        )
        if not rows:
            return None
        first = _value(rows[0][1:])
        last = _value(rows[1][1:]) if len(rows) > 1 else end
        if len(rows) == 1 or not self._key.unique:
            keys = yield from self.count(first, last)
        return Range(first, last, keys)

    def count(self, first: Value, last: Value, *, written_now: bool = False) -> Questions[int]:
        """How many rows a range has, or how many of them this transaction has written."""
        number = "pg_catalog.pg_current_xact_id()::pg_catalog.xid"
        written = f" AND k.xmin = {number}" if written_now else ""
        rows = yield from ask(
            f"SELECT count(*) {self._from} WHERE {self._within()}{written}",
            (*first, *last),
            self._key.types * 2,
        )
        return int(rows[0][0] or 0)

    def require_key_kept(self, found: Range, changed: int | None = None) -> Questions[None]:
        """Raises Unusable where the statement, or a trigger, has moved rows out of their range.

        The walk would meet these rows again, and change them again. Others may have deleted rows of
        the range meanwhile: so where it is known how many rows this transaction has ``changed``,
        only these are looked for.
        """
        left = yield from self.count(found.first, found.last)
        if left >= found.keys:
            return
        if changed is not None:
            inside = yield from self.count(found.first, found.last, written_now=True)
            if inside >= changed:
                return
        raise Unusable(
            f"Of the {found.keys:,} rows of the first range only {left:,} are in it behind the"
            " statement: it changes their key, or a trigger does.",
            "Walk along another key, one that stays as it is.",
        )

    def require_few(self, last: Value, keys: int) -> Questions[None]:
        """Raises Unusable where rows of one value of the key fill many batches of so many keys."""
        if self._key.unique:
            return
        keys *= _MOST_OF_ONE
        same = f"{self._whole} = {self._parameters(1)}"
        rows = yield from ask(
            f"SELECT {self._from} WHERE {same} OFFSET {keys} LIMIT 1", last, self._key.types
        )
        if rows:
            shown = ", ".join(map(visible, last))
            raise Unusable(
                f"More than {keys:,} rows have the key ({shown}), and all of them would be one"
                " batch.",
                f"Take a key that tells rows apart: key=({visible(self._key.shown)}, id), with an"
                " index on that.",
            )

    def _within(self) -> str:
        """The condition of a range, whose parameters are the first key and then the last one."""
        return f"{self._whole} >= {self._parameters(1)} AND {self._whole} <= " + self._parameters(
            1 + len(self._columns)
        )

    def _between(self, at: Value | None, end: Value) -> tuple[str, Sequence[str], tuple[int, ...]]:
        upto = f"{self._whole} <= "
        if at is None:
            return upto + self._parameters(1), end, self._key.types
        behind = f"{self._whole} > {self._parameters(1)} AND {upto}"
        types = self._key.types * 2
        return behind + self._parameters(1 + len(self._columns)), (*at, *end), types

    def _parameters(self, first: int) -> str:
        numbers = ", ".join(f"${first + i}" for i in range(len(self._columns)))
        return f"({numbers})" if len(self._columns) > 1 else numbers


def _value(row: Row) -> Value:
    return tuple(value or "" for value in row)
