"""Decides whether another type of a column rewrites the table, or its indexes.

The rules are those of ATColumnChangeRequiresRewrite and CheckIndexCompatible in the server
(src/backend/commands/tablecmds.c, indexcmds.c), and of the functions that simplify a cast to a
greater length.
"""

from dataclasses import dataclass

from schemamig_tui.advice.catalog import Catalog, ColumnFacts, Type
from schemamig_tui.sql.actions import TableAction
from schemamig_tui.sql.expressions import cast_types
from schemamig_tui.sql.type_names import collation, lengths, type_name, without_lengths

_STAMPS = {"timestamp without time zone", "timestamp with time zone"}
_BY_LENGTH = (
    "character varying",
    "bit varying",
    "timestamp without time zone",
    "timestamp with time zone",
    "time without time zone",
    "time with time zone",
    "interval",
)
_FIELDS = ("second", "minute", "hour", "day", "month", "year")
# Their indexes have the same operator classes.
_ALIKE = ({"text", "character varying"}, {"inet", "cidr"})


@dataclass(frozen=True, slots=True)
class _CastValues:
    """What the values of an expression are: see ``ColumnFacts``.

    ``name`` is that of the base type, ``written`` has the lengths; those of a domain do not count.
    """

    type: int
    base: int
    name: str
    written: str


def rewrites(catalog: Catalog, column: ColumnFacts, action: TableAction) -> bool | None:
    """Whether the table is written anew; None if that is not known."""
    through = cast_types(action.text, column.name)
    if through is None:
        return True
    name = without_lengths(column.written)
    values = _CastValues(column.type, column.base, name, column.written)
    for text in (*through, action.type or ""):
        new = catalog.types.get(type_name(text) or "")
        if new is None:
            return None
        if _changes(catalog, values, new, text):
            return True
        values = _CastValues(new.oid, new.base, new.written, new.written if new.limited else text)
    return False


def _changes(catalog: Catalog, values: _CastValues, new: Type, text: str) -> bool:
    """Whether a cast computes anything."""
    if new.limited and new.oid == values.type:
        return False
    if new.constrained:
        return True
    if new.base != values.base and not _is_stored_alike(catalog, values, new):
        return True
    return _is_cut(values, new, text)


def _is_stored_alike(catalog: Catalog, values: _CastValues, new: Type) -> bool:
    if (values.base, new.base) in catalog.castable:
        return True
    return catalog.in_utc and {values.name, new.written} == _STAMPS


def lengths_of(new: Type, text: str) -> tuple[int, ...]:
    """The lengths that a type sets which a file names with this text."""
    found = lengths(new.limited or text)
    if new.written == "character" and not found and "bpchar" not in text.lower():
        return (1,)  # character is character(1)
    return found


def _is_cut(values: _CastValues, new: Type, text: str) -> bool:
    """Whether values may have to be made shorter, or padded."""
    # With another type, nothing is known of the length any more.
    same = new.base == values.base
    was, now = lengths(values.written) if same else (), lengths_of(new, text)
    if new.written == "interval":
        fields = _least_field(values.written) if same else 0, _least_field(new.limited or text)
        if fields[1] > fields[0]:
            return True
        if fields[0] > 0:
            return False  # a precision is that of seconds
    if was == now and same:
        return False
    if not now:
        return False
    if new.written == "numeric":
        scales = [part[1] if part[1:] else 0 for part in (was, now)]
        return not was or scales[0] != scales[1] or was[0] > now[0]
    if new.written in _BY_LENGTH:
        if not was and ("time" in new.written or new.written == "interval"):
            was = (6,)
        return not was or was[0] > now[0]
    return True


def _least_field(text: str) -> int:
    """The place of the smallest field that an interval may have: 0 is that of seconds."""
    last = without_lengths(text).lower().rpartition(" ")[2]
    return _FIELDS.index(last) if last in _FIELDS else 0


def rebuilds_indexes(catalog: Catalog, column: ColumnFacts, new: Type, action: TableAction) -> bool:
    """Whether the indexes on a column are built anew though its rows stay as they are."""
    named = collation(action.type)
    if column.collation != (catalog.collations.get(named) if named else new.collation):
        return True
    names = {without_lengths(column.written), new.written}
    return new.base != column.base and not any(names <= alike for alike in _ALIKE)
