"""Whether another type of a column means other data: rows, and indexes, that are written anew.

The rules are those of ATColumnChangeRequiresRewrite and CheckIndexCompatible in the server
(src/backend/commands/tablecmds.c, indexcmds.c), and of the functions that simplify a cast to a
greater length.
"""

from schemamig_tui.advice.catalog import Catalog, ColumnFacts, Type
from schemamig_tui.sql.actions import TableAction
from schemamig_tui.sql.expressions import casts_to
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


def rewrites(catalog: Catalog, column: ColumnFacts, action: TableAction) -> bool | None:
    """Whether the table is written anew; None if that is not known."""
    new = catalog.types.get(type_name(action.type) or "")
    if new is None:
        return None
    if action.text and not casts_to(action.text, column.name, action.type or ""):
        return True
    if new.constrained:
        return True
    if new.base != column.base and not _is_stored_alike(catalog, column, new):
        return True
    return _is_cut(column, new, action.type or "")


def _is_stored_alike(catalog: Catalog, column: ColumnFacts, new: Type) -> bool:
    if (column.base, new.base) in catalog.castable:
        return True
    return catalog.in_utc and {without_lengths(column.written), new.written} == _STAMPS


def _is_cut(column: ColumnFacts, new: Type, text: str) -> bool:
    """Whether values may have to be made shorter, or padded."""
    was, now = lengths(column.written), lengths(text)
    if new.written == "interval" and _least_field(text) > _least_field(column.written):
        return True
    if was == now and new.base == column.base:
        return False
    if new.written == "character" and not now:
        now = (1,)  # character is character(1)
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


def rebuilds_indexes(column: ColumnFacts, new: Type, action: TableAction) -> bool:
    """Whether the indexes on a column are built anew though its rows stay as they are."""
    if collation(action.type or "") or column.collation != new.collation:
        return True
    names = {without_lengths(column.written), new.written}
    return new.base != column.base and not any(names <= alike for alike in _ALIKE)
