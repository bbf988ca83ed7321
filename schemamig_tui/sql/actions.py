"""The actions of an ALTER TABLE as values, which ``sql.alter_table`` makes."""

import re
from collections.abc import Sequence
from enum import Enum, auto
from typing import NamedTuple

from schemamig_tui.sql.locks import Lock
from schemamig_tui.sql.words import Name

EMPTIES = "empties it"
READS = "reads all of it"
READS_UNPROVEN = "reads all of it, unless a CHECK proves where its rows belong"
REWRITES = "rewrites all of it"
MAY_REWRITE = "may rewrite all of it"


class Does(Enum):
    """What an action does, as far as it matters for locks and for the rows."""

    ADD_COLUMN = auto()
    SET_TYPE = auto()
    SET_NOT_NULL = auto()
    DROP_NOT_NULL = auto()
    SET_EXPRESSION = auto()
    SET_IDENTITY = auto()
    """GENERATED AS IDENTITY is added, changed or dropped."""
    DROP_COLUMN = auto()
    ADD_CHECK = auto()
    ADD_KEY = auto()
    """UNIQUE, PRIMARY KEY or EXCLUDE: an index is built."""
    ADD_FOREIGN_KEY = auto()
    VALIDATE = auto()
    ALTER_CONSTRAINT = auto()
    DROP_CONSTRAINT = auto()
    RENAME_CONSTRAINT = auto()
    ATTACH = auto()
    DETACH = auto()
    INHERIT = auto()
    NO_INHERIT = auto()
    MOVE = auto()
    """The data are written to another place, or another form: SET LOGGED, SET TABLESPACE."""
    CHANGE = auto()
    """Anything else that is done to the children of the table as well."""
    CHANGE_PARTITIONS = auto()
    """Anything else that is done to the partitions of the table, but not to other children."""
    CHANGE_ONE = auto()
    """Anything else that is done to the one table."""


class TableAction(NamedTuple):
    """One action of an ALTER TABLE.

    ``column`` and ``name`` are the column and the constraint that it is about, ``other`` is the
    other table. ``columns`` are those of a key, ``others`` the columns to which a foreign key
    refers. ``type`` is a type as it is written, ``calls`` the functions that compute a new value,
    None if these cannot be known. ``computed``: every row gets a value of its own. ``defaulted``: a
    new column has a value. ``virtual``: the value is computed when it is read. ``new``: the
    constraint belongs to a new column. ``primary``: it is a primary key. ``trusted``: rows are not
    checked, because of NOT VALID, NOT ENFORCED or USING INDEX. ``no_inherit``: the constraint does
    not hold for children. ``cascade``: what depends on what is dropped goes with it.
    ``missing_only``: nothing is done where the new ``column`` exists.
    ``text`` is the condition of a CHECK, the USING of a new type, the word behind SET, or what a
    constraint is altered to. ``becomes`` is the new name of the column or constraint ``name``.
    """

    does: Does
    lock: Lock = Lock.ACCESS_EXCLUSIVE
    column: str | None = None
    name: str | None = None
    other: Name | None = None
    columns: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    type: str | None = None
    calls: frozenset[str] | None = frozenset()
    computed: bool = False
    defaulted: bool = False
    virtual: bool = False
    new: bool = False
    primary: bool = False
    trusted: bool = False
    no_inherit: bool = False
    cascade: bool = False
    missing_only: bool = False
    text: str | None = None
    becomes: str | None = None

    @property
    def of_column(self) -> str | None:
        """The column that it makes, or changes, or that its constraint is a part of."""
        return self.column or next(iter(self.columns), None)

    @property
    def written_type(self) -> str:
        """The type as people write it: ``numeric(10,2)``."""
        text = re.sub(r"\s*([(),.\[\]])\s*", r"\1", self.type or "")
        return text.replace(")", ") ").rstrip()


def lock_of(found: Sequence[TableAction]) -> Lock:
    """The lock on the table: that of the action that needs the strongest one."""
    return max((action.lock for action in found), default=Lock.ACCESS_EXCLUSIVE)


def work_of(found: Sequence[TableAction]) -> str | None:
    """What the actions do with every row, as far as their text tells."""
    works = [_work(action) for action in found]
    return next((one for one in (REWRITES, MAY_REWRITE, READS) if one in works), None)


def _work(action: TableAction) -> str | None:
    if action.does is Does.ADD_COLUMN:
        if action.computed:
            return REWRITES
        return MAY_REWRITE if action.calls is None or action.calls - {"now"} else None
    if action.does in (Does.SET_TYPE, Does.MOVE, Does.SET_EXPRESSION):
        return MAY_REWRITE
    if action.does in _CHECKING and not action.trusted:
        return READS
    return None


_CHECKING = (Does.SET_NOT_NULL, Does.VALIDATE, Does.ADD_CHECK, Does.ADD_KEY, Does.ADD_FOREIGN_KEY)
