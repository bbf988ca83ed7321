"""What a statement does with an object, and what it takes for that.

Locks are those of the manual (Explicit Locking, table-level locks), rights those that its page on
the statement names.
"""

from dataclasses import dataclass
from enum import Enum, IntEnum, StrEnum, auto

from schemamig_tui.sql.words import Name


class Target(Enum):
    """What kind of object a name stands for."""

    RELATION = auto()
    """A table, view, index or sequence."""
    TYPE = auto()
    """A type or domain."""
    SCHEMA = auto()
    EXTENSION = auto()
    ROLE = auto()
    DATABASE = auto()
    OTHER = auto()
    """A function or another object in a schema."""


IN_SCHEMAS = (Target.RELATION, Target.TYPE, Target.OTHER)
"""What has a schema, which the search path decides where its name has none."""


class Lock(IntEnum):
    """The modes of a lock on a table, in the server's order."""

    ACCESS_SHARE = 1
    ROW_SHARE = 2
    ROW_EXCLUSIVE = 3
    SHARE_UPDATE_EXCLUSIVE = 4
    SHARE = 5
    SHARE_ROW_EXCLUSIVE = 6
    EXCLUSIVE = 7
    ACCESS_EXCLUSIVE = 8

    def __str__(self) -> str:
        return self.name.replace("_", " ")

    def waits_for(self, held: "Lock") -> bool:
        """Whether this lock cannot be had while somebody else holds the other."""
        return held in _CONFLICTS[self]


_CONFLICTS = {
    Lock.ACCESS_SHARE: (8,),
    Lock.ROW_SHARE: (7, 8),
    Lock.ROW_EXCLUSIVE: (5, 6, 7, 8),
    Lock.SHARE_UPDATE_EXCLUSIVE: (4, 5, 6, 7, 8),
    Lock.SHARE: (3, 4, 6, 7, 8),
    Lock.SHARE_ROW_EXCLUSIVE: (3, 4, 5, 6, 7, 8),
    Lock.EXCLUSIVE: (2, 3, 4, 5, 6, 7, 8),
    Lock.ACCESS_EXCLUSIVE: (1, 2, 3, 4, 5, 6, 7, 8),
}


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


@dataclass(frozen=True, slots=True)
class Touch:
    """What a kind of statement does with an object.

    ``lock`` is what it takes on a relation, ``right`` what it needs; None: nothing that is known.
    ``work`` says what a big table makes slow: ``reads all of it``. ``creates`` tells that the
    object is a new one afterwards, ``temporary`` that it lasts as long as the session.
    """

    target: Target
    name: Name
    statement: str
    lock: Lock | None = None
    right: Right | None = None
    work: str | None = None
    creates: bool = False
    temporary: bool = False
