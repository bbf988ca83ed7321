"""The modes of a lock on a table, and which of them keep each other out.

https://www.postgresql.org/docs/current/explicit-locking.html#TABLE-LOCK-COMPATIBILITY
"""

from enum import IntEnum


class Lock(IntEnum):
    """The modes of a lock on a table, in the server's order: the strongest is the last."""

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

    @property
    def server_name(self) -> str:
        """As pg_locks writes it: ``AccessShareLock``."""
        return f"{self.name.title().replace('_', '')}Lock"

    def waits_for(self, held: "Lock") -> bool:
        """Whether this lock cannot be had while somebody else holds the other."""
        return held in _CONFLICTS[self]

    @property
    def blocks(self) -> tuple[str, ...]:
        """Who has to wait for whoever holds it: ``reads``, ``writes``, ``DDL``.

        Reads need ACCESS SHARE, writes ROW EXCLUSIVE, and DDL at least SHARE UPDATE EXCLUSIVE.
        """
        needs = {
            "reads": Lock.ACCESS_SHARE,
            "writes": Lock.ROW_EXCLUSIVE,
            "DDL": Lock.SHARE_UPDATE_EXCLUSIVE,
        }
        return tuple(who for who, lock in needs.items() if lock.waits_for(self))


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

BY_SERVER_NAME = {lock.server_name: lock for lock in Lock}
"""The modes by their names in pg_locks."""
