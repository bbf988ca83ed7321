"""Finds enum values that a file adds and uses, so that it has to commit in between."""

from collections.abc import Iterator, Mapping

from schemamig_tui.engine.script.cutter import Cutter
from schemamig_tui.engine.script.places import Lines
from schemamig_tui.sql.dialect import Dialect
from schemamig_tui.sql.enum_values import among, mentioning, used
from schemamig_tui.sql.traits import Traits
from schemamig_tui.sql.words import Name

_PIECE = 64 * 1024


def needs_commit(cut: Cutter, lines: Lines, dialect: Dialect) -> str | None:
    """Why a file without a BEGIN has to commit in between: it uses an enum value that it adds.

    Newer servers let it use them at once where the type was created in the same transaction.
    """
    added = _added(cut.traits, of_new_types=not dialect.has_open_enums)
    if not added:
        return None
    mentions = mentioning(added)
    for i in range(min(added.values()) + 1, len(cut.starts)):
        sql = cut.source.read(cut.starts[i], cut.ends[i])
        uses = [*used(sql)] if mentions.search(sql) else []
        if i in cut.copies:
            uses += _in_data(cut, i, [value for value, at in added.items() if at < i])
        for value in uses:
            one = min(added, key=added.__getitem__) if value is None else value
            if added.get(one, i) < i:
                where = f"line {lines.line(cut.starts[i])}"
                line = lines.line(cut.starts[added[one]])
                return (
                    f"{where} uses the enum value '{one}' of line {line}, which has to be"
                    " committed first"
                )
    return None


def _in_data(cut: Cutter, i: int, values: list[str]) -> Iterator[str]:
    """The first of the values that is a field in the data of a COPY."""
    if not values:
        return
    field = among(values)
    overlap = max(len(value.encode()) for value in values) + 2
    position, end = cut.copies[i]
    while position < end:
        found = field.search(cut.source.read(position, min(end, position + _PIECE + overlap)))
        if found:
            yield found[1].decode()
            return
        position += _PIECE


def _added(traits: Mapping[int, Traits], *, of_new_types: bool) -> dict[str, int]:
    """The enum values that statements add, each with the number of the first one that adds it.

    A statement that renames an added value adds the new name.

    With ``of_new_types``, values of types that the file itself creates count as well.
    """
    made: dict[str, list[Name]] = {}
    added: dict[str, int] = {}
    for i, found in traits.items():
        if found.creates_type and not of_new_types:
            made.setdefault(found.creates_type.name, []).append(found.creates_type)
        for name, value, before in found.adds_enum_values:
            if before is not None and before not in added:
                continue  # a value that was there can be used at once by its new name
            if name is None or not any(name.may_be(one) for one in made.get(name.name, ())):
                added.setdefault(value, i)
    return added
