"""Finds what earlier files have created, where the database cannot be asked any more."""

from collections.abc import Iterable
from typing import NamedTuple

from schemamig_tui.engine import Script
from schemamig_tui.sql.inverse.inverse import Inverse
from schemamig_tui.sql.inverse.objects import identity
from schemamig_tui.sql.inverse.table import inverse

# How the statements begin that make, drop or rename something: the others need not be read.
_MAKE_OR_TAKE = (b"create", b"drop", b"alter")


class Made(NamedTuple):
    """The last statement that has made an object, and its file; ``replaces``: with OR REPLACE.

    ``is_there``: it has not been dropped or renamed since.
    """

    file: str
    sql: bytes
    replaces: bool
    is_there: bool = True


History = dict[object, Made]
"""By the identity of the object."""


def note_gone(made: History, found: Inverse) -> None:
    """Note that a statement has dropped or renamed what others have made."""
    for one in map(identity, (*found.drops, *found.moves)):
        if one in made:
            made[one] = made[one]._replace(is_there=False)


def history(scripts: Iterable[Script]) -> History:
    """What the statements of these files make, each file to be read before the next one."""
    made: History = {}
    for script in scripts:
        for i in range(len(script)):
            sql = script.sql(i)
            if not sql[:6].lower().startswith(_MAKE_OR_TAKE):
                continue
            found = inverse(sql)
            note_gone(made, found)
            for one in map(identity, found.creates):
                last = made.get(one)
                if not (last and last.is_there and found.if_missing) or found.replaces:
                    made[one] = Made(script.file.name, sql, found.replaces)
        script.release()
    return made
