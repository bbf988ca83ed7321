"""Finds statements that do nothing, because of IF EXISTS or IF NOT EXISTS."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from schemamig_tui.advice import queries
from schemamig_tui.advice.database import Database
from schemamig_tui.advice.targets import Use
from schemamig_tui.sql.actions import Does, TableAction
from schemamig_tui.sql.touch import Condition, Touch
from schemamig_tui.sql.words import Name

_DROPPING = (Does.DROP_COLUMN, Does.DROP_CONSTRAINT)
_RENAMING = (Does.CHANGE, Does.CHANGE_ONE, Does.RENAME_CONSTRAINT)


@dataclass(frozen=True, slots=True)
class _Present:
    number: int


def idle(database: Database, uses: Sequence[Use], oids: Mapping[Name, int]) -> set[int]:
    """The numbers of the uses that do nothing; ``oids`` are the relations that they name.

    One that an earlier use may have given something to do is none of them.
    """
    conditions = {
        number: condition
        for number, condition in _open_conditions(uses)
        if condition.on is None or condition.on in oids
    }
    if not conditions:
        return set()
    asked = conditions.values()
    parameters = {
        "numbers": list(conditions),
        "kinds": [one.kind for one in asked],
        "tables": [oids[one.on] if one.on else None for one in asked],
        "schemas": [one.name.schema for one in asked],
        "names": [one.name.name for one in asked],
    }
    about = "what IF EXISTS and IF NOT EXISTS ask for"
    present = {row.number for row in database.ask(about, _Present, queries.PRESENT, parameters)}
    return {number for number, one in conditions.items() if (number in present) != one.there}


def _open_conditions(uses: Sequence[Use]) -> Iterator[tuple[int, Condition]]:
    """The conditions of uses, by their numbers, that no earlier one may have changed."""
    earlier: defaultdict[str, list[Touch]] = defaultdict(list)
    for number, use in enumerate(uses):
        condition = use.touch.condition
        if use.after_code or use.touch.statement == "DROP SCHEMA":
            return
        if condition:
            names = {condition.name.name, condition.on.name if condition.on else ""}
            near = chain.from_iterable(earlier[name] for name in names)
            if not any(_may_change(touch, condition) for touch in near):
                yield number, condition
        earlier[use.touch.name.name].append(use.touch)


def _may_change(touch: Touch, condition: Condition) -> bool:
    """Whether a statement may make, drop or rename what another one behind it asks for."""
    statement, name = touch.statement, touch.name.name
    if name == condition.name.name and condition.kind in ("relation", "index"):
        renames = not touch.actions or any(map(_renames, touch.actions))
        return statement.startswith("DROP") or (statement.startswith("ALTER") and renames)
    if condition.on is None or name != condition.on.name:
        return False
    if condition.there:
        what = condition.kind.upper()
        return statement in (f"CREATE {what}", f"ALTER {what}")
    return statement == "DROP TABLE" or any(_action_may(one, condition) for one in touch.actions)


def _action_may(action: TableAction, condition: Condition) -> bool:
    if condition.kind == "index":
        return action.does in _DROPPING
    if condition.kind != "column" or action.missing_only:
        return False
    return _renames(action) or action.of_column == condition.name.name


def _renames(action: TableAction) -> bool:
    """Whether it may be a RENAME, of a table or of a column, or a SET SCHEMA."""
    return action.does in _RENAMING and action.column is None
