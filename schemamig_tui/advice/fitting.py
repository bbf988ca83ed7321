"""Makes the condition for values of a column that do not fit another type."""

from collections.abc import Mapping, Sequence

from schemamig_tui.advice.catalog import Catalog, ColumnFacts
from schemamig_tui.advice.new_types import lengths_of
from schemamig_tui.sql.actions import TableAction
from schemamig_tui.sql.expressions import cast_types
from schemamig_tui.sql.type_names import type_name, without_lengths
from schemamig_tui.sql.words import literal

# https://www.postgresql.org/docs/current/datatype-numeric.html
_BITS = {"smallint": 16, "integer": 32, "bigint": 64}
_NUMBERS = (*_BITS, "numeric")
_STRINGS = ("character", "character varying", "text")


def unfit(
    catalog: Catalog,
    column: ColumnFacts,
    action: TableAction,
    new_enums: Mapping[str, Sequence[str]] | None,
) -> str | None:
    """The condition that is true for values that do not fit the new type of ALTER COLUMN.

    None: there are none, or it is not known. ``new_enums`` are the labels of enums that pending
    statements make, by name; None: they change labels, too, so that no enum is known.
    """
    if column.generated == "v":
        return None  # no value is there before it is read
    text = action.type or ""
    new = catalog.types.get(type_name(text) or "")
    made = (new_enums or {}).get(action.written_type.rpartition(".")[2])
    if labels := made or (new.labels if new else ()):
        by_text = _through(column, action) == ("text", _target(action))
        known = ", ".join(map(literal, labels))
        is_known = new_enums is not None and (by_text or _is_plain(column, action))
        return f"{column.quoted}::text NOT IN ({known})" if is_known else None
    if new is None or not _is_plain(column, action):
        return None
    was, now = without_lengths(column.written), lengths_of(new, text)
    if new.written in _STRINGS and was in _STRINGS:
        # Spaces at the end are cut off without a word.
        return f"char_length(rtrim({column.quoted}::text)) > {now[0]}" if now else None
    if new.written in _BITS and was in _NUMBERS:
        limit = 2 ** (_BITS[new.written] - 1)
        if _BITS.get(was, 99) <= _BITS[new.written]:
            return None
        return f"round({column.quoted}::numeric) NOT BETWEEN {-limit} AND {limit - 1}"
    if new.written == "numeric" and was in _NUMBERS and now:
        scale = now[1] if now[1:] else 0
        return f"abs(round({column.quoted}::numeric, {scale})) >= 1e{now[0] - scale}"
    return None


def _is_plain(column: ColumnFacts, action: TableAction) -> bool:
    """Whether the values are cast as they are."""
    return _through(column, action) in ((), (_target(action),))


def _through(column: ColumnFacts, action: TableAction) -> tuple[str, ...] | None:
    """The types that the values are cast to by USING, in lower case."""
    through = cast_types(action.text, column.name)
    return None if through is None else tuple(text.lower() for text in through)


def _target(action: TableAction) -> str:
    return (type_name(action.type) or "").lower()
