"""Follows what of the database belongs to the tables and indexes that the pending files make.

A new index is on a table that was there before, a new table refers to others, or takes some as its
partitions: what a later statement does to the new one is done to these as well.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from schemamig_tui.sql.actions import READS, Does, TableAction
from schemamig_tui.sql.locks import Lock
from schemamig_tui.sql.touch import ObjectKind, Right, Touch
from schemamig_tui.sql.words import Name

# What is done to the partitions of a table, too.
_ON_PARTITIONS = ("ALTER TABLE", "CREATE INDEX", "DELETE", "LOCK TABLE", "TRUNCATE", "UPDATE")
_THROUGH_VIEWS = ("DELETE", "INSERT", "LOCK TABLE", "MERGE", "UPDATE")
_ON_THE_TABLE = (Does.ATTACH, Does.DETACH, Does.MOVE, Does.CHANGE_ONE)


@dataclass(slots=True)
class _Belongings:
    """By the names that the database has: the ``table`` of an index; the foreign ``keys`` of one.

    ``is_view``: what it reads is not known.
    """

    is_view: bool = False
    table: Name | None = None
    keys: list[TableAction] = field(default_factory=list)
    partitions: list[Name] = field(default_factory=list)


class NewObjects:
    """The objects that are new at one place of the files, by their names there."""

    def __init__(self) -> None:
        # By their names without schemas.
        self._made: defaultdict[str, dict[Name, _Belongings]] = defaultdict(dict)

    def learn(self, touches: Sequence[tuple[Touch, Touch | None]]) -> None:
        """Take over what one statement makes and changes.

        Each touch stands beside the same one by the names of the database, None for a new object.
        """
        names = {touch.name: before.name for touch, before in touches if before}
        for touch, before in touches:
            if touch.target is not ObjectKind.RELATION or touch.temporary:
                continue
            if touch.creates:
                made = _Belongings(is_view=touch.statement == "CREATE VIEW")
                self._made[touch.name.name][touch.name] = made
            own = self._find(touch.name) if before is None or touch.creates else None
            if own is None:
                continue
            _note_keys(own, touch, names)
            for _, other in touches:
                if other and other.target is ObjectKind.RELATION and other.name != touch.name:
                    _add(own, touch, other)
            if touch.right is Right.DROP or touch.becomes:
                known = self._made[touch.name.name].items()
                self._made[touch.name.name] = {key: one for key, one in known if one is not own}
            if new := touch.becomes:
                self._made[new.name][new] = own

    def belongings(self, touch: Touch) -> Iterator[Touch]:
        """What is done to relations of the database by a statement that touches a new one."""
        own = self._find(touch.name) if touch.target is ObjectKind.RELATION else None
        if own is None or touch.creates or touch.lock is None:
            return
        if own.table and touch.statement.startswith("DROP INDEX"):
            yield _beside(touch, own.table, touch.lock)
        elif own.table and touch.statement.startswith("REINDEX"):
            gentle = min(touch.lock, Lock.SHARE)
            yield _beside(touch, own.table, gentle)._replace(work=READS)
        elif touch.statement == "DROP TABLE":
            for key in own.keys:
                yield from _end_of(key, touch)
            yield from (touch._replace(name=name, right=None) for name in own.partitions)
        elif touch.statement in _ON_PARTITIONS and not touch.only:
            for action in touch.actions:
                for key in own.keys:
                    if _ends(action, key) or _makes_again(action, key):
                        yield from _end_of(key, touch)
            actions = tuple(one for one in touch.actions if one.does not in _ON_THE_TABLE)
            for name in own.partitions if actions or not touch.actions else ():
                yield touch._replace(name=name, right=None, actions=actions, becomes=None)

    def is_view(self, touch: Touch) -> bool:
        """Whether a statement reaches through a new view to what that reads."""
        own = self._find(touch.name) if touch.target is ObjectKind.RELATION else None
        return own is not None and own.is_view and touch.statement in _THROUGH_VIEWS

    def _find(self, name: Name) -> _Belongings | None:
        known = self._made.get(name.name, {})
        return next((own for key, own in known.items() if key.may_be(name)), None)


def _add(own: _Belongings, touch: Touch, other: Touch) -> None:
    """Note another relation of a statement that makes or alters a new one."""
    if touch.statement.startswith("CREATE INDEX"):
        own.table = other.name
    elif other.statement.endswith("ATTACH PARTITION"):
        own.partitions.append(other.name)
    elif other.statement.endswith("DETACH PARTITION"):
        own.partitions = [name for name in own.partitions if name != other.name]


def _note_keys(own: _Belongings, touch: Touch, names: Mapping[Name, Name]) -> None:
    """Note which foreign keys a new table has now; ``names`` are those of the database."""
    for action in (*touch.keys, *touch.actions):
        other = names.get(action.other) if action.other else None
        if action.does is Does.ADD_FOREIGN_KEY and other:
            name = action.name or "_".join((touch.name.name, *action.columns, "fkey"))
            own.keys.append(action._replace(name=name, other=other))
        else:
            own.keys = [_renamed(key, action) for key in own.keys if not _ends(action, key)]


def _ends(action: TableAction, key: TableAction) -> bool:
    """Whether a foreign key goes."""
    if action.does is Does.DROP_CONSTRAINT:
        return action.name == key.name
    return action.does is Does.DROP_COLUMN and action.column in key.columns


def _makes_again(action: TableAction, key: TableAction) -> bool:
    """Whether a foreign key goes with the old type of its column, and comes with the new one."""
    return action.does is Does.SET_TYPE and action.column in key.columns


def _renamed(key: TableAction, action: TableAction) -> TableAction:
    if action.does is Does.RENAME_CONSTRAINT and action.name == key.name:
        return key._replace(name=action.becomes)
    if action.does is Does.CHANGE and action.name in key.columns and action.becomes:
        was, new = action.name, action.becomes
        return key._replace(columns=tuple(new if one == was else one for one in key.columns))
    return key


def _end_of(key: TableAction, touch: Touch) -> Iterator[Touch]:
    """The table that a foreign key refers to which goes."""
    if key.other:
        yield _beside(touch, key.other, Lock.ACCESS_EXCLUSIVE)


def _beside(touch: Touch, name: Name, lock: Lock) -> Touch:
    """What is only locked, or read, because of what happens to another object."""
    return Touch(ObjectKind.RELATION, name, touch.statement, lock, beside=True)
