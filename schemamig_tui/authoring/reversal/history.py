"""Finds what earlier files have created, where the database cannot be asked any more."""

from collections.abc import Iterable
from typing import NamedTuple

from schemamig_tui.engine import Script
from schemamig_tui.sql.inverse.objects import identity
from schemamig_tui.sql.inverse.table import inverse


class Made(NamedTuple):
    """The last statement that has made an object, and its file; ``replaces``: with OR REPLACE."""

    file: str
    sql: bytes
    replaces: bool


History = dict[object, Made]
"""By the identity of the object."""


def history(scripts: Iterable[Script]) -> History:
    """What the statements of these files make, each file to be read before the next one."""
    made: History = {}
    for script in scripts:
        for i in range(len(script)):
            sql = script.sql(i)
            if sql[:6].lower() != b"create":
                continue
            found = inverse(sql)
            for one in map(identity, found.creates):
                if one not in made or found.replaces or not found.if_missing:
                    made[one] = Made(script.file.name, sql, found.replaces)
        script.release()
    return made
