"""Finds the statement that made a temporary object, a prepared statement or a cursor.

They are named as a checkpoint names them: ``temporary table s``, ``prepared statement p``,
``cursor c``.
"""

import re
from dataclasses import dataclass
from functools import cached_property

from schemamig_tui.sql.lexer import tokens, whole_word
from schemamig_tui.sql.unrestorable import code_of
from schemamig_tui.sql.words import identifier

_VERBS = {"prepared statement ": b"prepare", "cursor ": b"declare"}
_TEMPORARY = "temporary "
_TEMP = (b"temp", b"temporary", b"pg_temp")
_BETWEEN = frozenset(
    b". table view recursive sequence function procedure type domain if not exists".split()
)
# The end of what pg_describe_object says: the name, and perhaps the arguments of a function.
_LAST_NAME = re.compile(r'("(?:[^"]|"")+"|[^\s."()]+)(?:\(.*\))?$')


@dataclass(frozen=True)
class Leftover:
    """An object of a session that no statement of ours can make again."""

    kind: str
    name: str

    @cached_property
    def _word(self) -> "re.Pattern[bytes]":
        return whole_word(self.name.replace('"', '""'))

    def is_made_by(self, sql: bytes) -> bool:
        """Whether it is the statement itself that makes it, and not code that it runs."""
        if not self._word.search(sql):
            return False
        found = [token[1] for token in tokens(sql)]
        if verb := _VERBS.get(self.kind):
            return found[0].lower() == verb and identifier(found[1]) == self.name
        behind_temp = False
        for token in found:
            if behind_temp and identifier(token) == self.name:
                return True
            word = token.lower()
            behind_temp = word in _TEMP or (behind_temp and word in _BETWEEN)
        return False

    def is_named_in(self, sql: bytes) -> bool:
        """Whether a statement, or code that it carries, names it outside of mere values."""
        return bool(self._word.search(sql) and self._word.search(code_of(sql)))


def leftover(text: str) -> Leftover | None:
    """The object that a checkpoint calls ``text``; None if a statement of ours can make it."""
    for kind in _VERBS:
        if text.startswith(kind):
            return Leftover(kind, text.removeprefix(kind))
    if not text.startswith(_TEMPORARY):
        return None
    end = _LAST_NAME.search(text)
    name = end[1] if end else text.removeprefix(_TEMPORARY)
    return Leftover(_TEMPORARY, name.strip('"').replace('""', '"'))
