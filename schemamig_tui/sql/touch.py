"""What a statement does with an object, and the locks and rights that it needs: values.

Rights are those that the manual's page on the statement names.
"""

from enum import Enum, StrEnum, auto
from typing import NamedTuple

from schemamig_tui.sql.actions import TableAction
from schemamig_tui.sql.locks import Lock
from schemamig_tui.sql.words import Name


class ObjectKind(Enum):
    """What kind of object a name stands for."""

    RELATION = auto()
    """A table, view, index or sequence."""
    TYPE = auto()
    """A type or domain."""
    SCHEMA = auto()
    EXTENSION = auto()
    PUBLICATION = auto()
    ROLE = auto()
    DATABASE = auto()
    OTHER = auto()
    """A function or another object in a schema."""


IN_SCHEMAS = (ObjectKind.RELATION, ObjectKind.TYPE, ObjectKind.OTHER)
"""What has a schema, which the search path decides where its name has none."""


class Right(StrEnum):
    """What the role needs. The value of a privilege is its name in the server."""

    OWNER = "OWNER"
    DROP = "DROP"
    """To own the object, or its schema."""
    CREATE = "CREATE"
    """To be allowed to create the object where it is to be."""
    MAINTAIN = "MAINTAIN"
    """The privilege, which PostgreSQL has from 17 on, or to own the table."""
    SELECT = "SELECT"
    INSERT = "INSERT"
    UPDATE = "UPDATE"
    DELETE = "DELETE"
    TRUNCATE = "TRUNCATE"
    REFERENCES = "REFERENCES"
    TRIGGER = "TRIGGER"


class Condition(NamedTuple):
    """What decides whether a statement does anything: IF EXISTS and IF NOT EXISTS.

    It does something only if the object ``name`` is ``there``, or is not. ``kind`` is
    ``relation``, or ``column``, ``index``, ``trigger``, ``rule`` or ``policy``: that of the table
    ``on``.
    """

    kind: str
    name: Name
    there: bool
    on: Name | None = None


class Touch(NamedTuple):
    """What a kind of statement does with an object.

    ``lock`` is what it takes on a relation, ``right`` what it needs; None: nothing that is known.
    ``work`` says what a big table makes slow: ``reads all of it``. ``creates`` tells that the
    object is a new one afterwards, ``temporary`` that it lasts as long as the session. ``only``:
    the children of a table are left alone; ``cascade``: what depends on the object goes with it;
    ``actions`` are those of an ALTER TABLE, ``unique`` the columns of a unique index, ``labels``
    those of a new enum, ``keys`` the foreign keys and unique indexes of a new table, as actions
    that would add them, ``constrained`` tells that not all values are among those of a new domain,
    ``sets`` are the columns that an UPDATE, also of a MERGE or ON CONFLICT, gives
    a value, ``condition`` what decides whether anything is done, ``becomes`` the name that the
    object has afterwards, where it is renamed or moved to another schema. ``beside``: the
    statement is about another object, which is new and belongs to this one.
    """

    target: ObjectKind
    name: Name
    statement: str
    lock: Lock | None = None
    right: Right | None = None
    work: str | None = None
    creates: bool = False
    temporary: bool = False
    only: bool = False
    cascade: bool = False
    actions: tuple[TableAction, ...] = ()
    unique: tuple[str, ...] = ()
    labels: tuple[str, ...] | None = None
    keys: tuple[TableAction, ...] = ()
    constrained: bool = False
    sets: tuple[str, ...] = ()
    condition: Condition | None = None
    becomes: Name | None = None
    beside: bool = False
