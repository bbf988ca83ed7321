"""Finds what EXECUTE touches, from the PREPARE in front of it."""

from collections.abc import Iterator

from schemamig_tui.sql.lexer import words_of
from schemamig_tui.sql.touch import Touch
from schemamig_tui.sql.touches import touches, touches_of
from schemamig_tui.sql.words import Words
from schemamig_tui.sql.writing import upserts


class PreparedStatements:
    """The prepared statements of one session; it has to get all statements in their order."""

    def __init__(self) -> None:
        self._words: dict[str, list[bytes]] = {}

    def touches(self, sql: bytes) -> Iterator[Touch]:
        """What a statement touches."""
        if sql[:7].lower() not in _VERBS:
            yield from touches(sql)
            yield from upserts(sql)
            return
        found = Words(words_of(sql)).rest()
        self._remember(Words(found[1:]))
        for i, word in enumerate(found):
            if word.lower() == b"execute":
                name = Words(found[i + 1 :]).path()
                found = [*found[:i], *self._words.get(name[0] if name else "", ())]
                break
        yield from touches_of(Words(found))

    def _remember(self, words: Words) -> None:
        """Note a PREPARE, from its second word on; another statement has no AS there."""
        name = words.path()
        words.group()
        if name and words.take(b"as"):
            self._words[name[0]] = words.rest()


_VERBS = (b"prepare", b"execute", b"explain")
