"""A statement read word by word, and the names in it as the server would read them."""

import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from schemamig_tui.sql.lexer import WORD, tokens

_SIMPLE = re.compile(r"[a-z_][a-z0-9_$]*")


@dataclass(frozen=True, slots=True)
class Name:
    """The name of an object. ``schema`` is None where the search path decides.

    ``str`` writes it as SQL, but does not know which words are reserved.
    """

    schema: str | None
    name: str

    def __str__(self) -> str:
        return ".".join(map(_quoted, filter(None, (self.schema, self.name))))

    def may_be(self, other: "Name") -> bool:
        """Whether both may be of one object; the search path is not known."""
        return self.name == other.name and len({self.schema, other.schema} - {None}) < 2


MOST = 20_000
"""So many tokens of a statement are looked at; what is behind is a list of values, or nearly so."""


class Words:
    """The tokens of a statement, from left to right. Behind the last one there is ``b""``.

    ``cut`` tells that there was more than is looked at.
    """

    def __init__(self, tokens: Iterable[bytes]) -> None:
        self._rest = iter(tokens)
        self._left = MOST
        self._ahead: deque[bytes] = deque()
        self.cut = False

    def __iter__(self) -> Iterator[bytes]:
        """What is left, as it is written."""
        while token := self.next():
            yield token

    def rest(self) -> list[bytes]:
        """What is left, as it is written, which is taken."""
        found = [*self._ahead, *islice(self._rest, max(self._left, 0))]
        self._ahead.clear()
        self._left = 0
        self.cut = self.cut or next(self._rest, None) is not None
        return found

    def next(self) -> bytes:
        """The next token, which is taken."""
        return self._ahead.popleft() if self._ahead else self._read()

    def peek(self) -> bytes:
        """The next token in lower case, which stays."""
        return self._look(0)

    def take(self, *words: bytes) -> bool:
        """Take these words, if they are the next ones."""
        for i, word in enumerate(words):
            if self._look(i) != word:
                return False
        for _ in words:
            self._ahead.popleft()
        return True

    def group(self) -> bool:
        """Take a whole group in parentheses, if one is next."""
        if self.peek() != b"(":
            return False
        depth = 0
        while token := self.next():
            depth += (token == b"(") - (token == b")")
            if depth == 0:
                break
        return True

    def seek(self, *words: bytes) -> bytes:
        """Take everything up to and with one of the words, outside of parentheses. Which it is."""
        while word := self.peek():
            if not self.group():
                self.next()
            if word in words:
                return word
        return b""

    def path(self) -> list[str]:
        """The parts of the dotted name that is next, which is taken; none for another thing."""
        parts: list[str] = []
        while (part := identifier(self._look(0, fold=False))) is not None:
            parts.append(part)
            self._ahead.popleft()
            if not self.take(b"."):
                return parts
        return []

    def name(self) -> Name | None:
        """The name of an object that is next, which is taken. None for another thing."""
        return named(self.path())

    def _look(self, i: int, *, fold: bool = True) -> bytes:
        while len(self._ahead) <= i:
            token = self._read()
            if not token:
                return b""
            self._ahead.append(token)
        return self._ahead[i].lower() if fold else self._ahead[i]

    def _read(self) -> bytes:
        self._left -= 1
        if self._left >= 0:
            return next(self._rest, b"")
        self.cut = self.cut or next(self._rest, None) is not None
        return b""


def words_of(sql: bytes) -> Iterator[bytes]:
    """The words of a statement, with the characters of one operator together: ``::``, ``<=``."""
    before = b""
    for token in tokens(sql):
        word = token[1]
        if before and token[0] == word and word in _OPERATORS:
            before += word
            continue
        if before:
            yield before
        before = b""
        if word in _OPERATORS:
            before = word
        else:
            yield word
    if before:
        yield before


_OPERATORS = frozenset(bytes([one]) for one in b"+-*/<>=~!@#%^&|`?:")


def behind(sql: bytes, count: int | None = None, *, fold: bool = True) -> list[bytes]:
    """The words behind the verb: exactly ``count``, filled up with empty ones.

    They are in lower case, or with ``fold`` off as they are written.
    """
    last = None if count is None else count + 1
    words = [token[1].lower() if fold else token[1] for token in islice(tokens(sql), 1, last)]
    return words if count is None else words + [b""] * (count - len(words))


def unquoted(word: bytes) -> str | None:
    """What a word, a number or a quoted thing says; None for the word DEFAULT."""
    if word.lower() == b"default":
        return None
    text = word.decode(errors="replace")
    if text.endswith(("'", '"')):
        quote = text[-1]
        return text[text.index(quote) + 1 : -1].replace(2 * quote, quote)
    return text


def literal(text: str) -> str:
    """A string as SQL, however ``standard_conforming_strings`` is set."""
    quoted = "'" + text.replace("'", "''") + "'"
    return "E" + quoted.replace("\\", "\\\\") if "\\" in text else quoted


def named(path: list[str]) -> Name | None:
    """The name that its parts make: ``name``, ``schema.name`` or ``database.schema.name``."""
    if not 1 <= len(path) <= 3:
        return None
    return Name(path[-2] if len(path) > 1 else None, path[-1])


def identifier(token: bytes) -> str | None:
    """What a token names. None for one that is no name, or one with Unicode escapes (U&"")."""
    try:
        if token.startswith(b'"') and len(token) > 2:
            return token[1:-1].replace(b'""', b'"').decode()
        # The server folds ASCII only, where one character may be more than one byte.
        return token.lower().decode() if WORD.fullmatch(token) else None
    except UnicodeDecodeError:
        return None  # The file is in another encoding: nothing here can tell what it says.


def _quoted(name: str) -> str:
    return name if _SIMPLE.fullmatch(name) else '"' + name.replace('"', '""') + '"'
