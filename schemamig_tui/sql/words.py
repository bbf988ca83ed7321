"""Reads a statement word by word, and names as the server would read them."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from schemamig_tui.sql.lexer import WORD, tokens

_SIMPLE = re.compile(r"[a-z_][a-z0-9_$]*")


class Name(NamedTuple):
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


_AT_ONCE = 16
_NAMES = 4096  # the same ones stand in statement after statement


class Words:
    """The tokens of a statement, from left to right. Behind the last one there is ``b""``.

    ``cut`` tells that there was more than is looked at.
    """

    def __init__(self, tokens: Iterable[bytes]) -> None:
        self._read: list[bytes] = []
        if isinstance(tokens, (list, tuple)) and len(tokens) <= MOST:
            self._read += tokens
            tokens = ()
        self._unread = iter(tokens)
        self._at = 0
        self.cut = False

    def __iter__(self) -> Iterator[bytes]:
        """Take what is left, one token after the other, as they are written."""
        while token := self.next():
            yield token

    def rest(self) -> list[bytes]:
        """Take what is left, as it is written."""
        while self._read_on():
            pass
        found = self._read[self._at :]
        self._at = len(self._read)
        return found

    def next(self) -> bytes:
        """Take the next token, as it is written."""
        at = self._at
        if at == len(self._read) and not self._read_on():
            return b""
        self._at += 1
        return self._read[at]

    def peek(self) -> bytes:
        """The next token in lower case, without taking it."""
        if self._at == len(self._read) and not self._read_on():
            return b""
        return self._read[self._at].lower()

    def take(self, *words: bytes) -> bool:
        """Take these words, if they are the next ones."""
        at = self._at
        for word in words:
            if at == len(self._read) and not self._read_on():
                return False
            if self._read[at].lower() != word:
                return False
            at += 1
        self._at = at
        return True

    def group(self) -> bool:
        """Take a whole group in parentheses, if one is next."""
        read, at, depth = self._read, self._at, 0
        if (at == len(read) and not self._read_on()) or read[at] != b"(":
            return False
        while at < len(read) or self._read_on():
            token = read[at]
            at += 1
            if token == b"(":
                depth += 1
            elif token == b")":
                depth -= 1
                if depth == 0:
                    break
        self._at = at
        return True

    def inside(self) -> list[bytes]:
        """Take the group in parentheses that is next, and return what stands in it."""
        before = self._at
        return self._read[before + 1 : self._at - 1] if self.group() else []

    def seek(self, *words: bytes) -> bytes:
        """Take all up to one of the words outside of parentheses, and that word: returns which."""
        while word := self.peek():
            if not self.group():
                self._at += 1
            if word in words:
                return word
        return b""

    def path(self) -> list[str]:
        """Take the dotted name that is next, and return its parts; none if no name is next."""
        parts: list[str] = []
        while self._at < len(self._read) or self._read_on():
            part = identifier(self._read[self._at])
            if part is None:
                break
            parts.append(part)
            self._at += 1
            if self.peek() != b".":
                return parts
            self._at += 1
        return []

    def name(self) -> Name | None:
        """Take the name of an object that is next; None if no name is next."""
        return named(self.path())

    def _read_on(self) -> bool:
        """Read more tokens, a few at first; tells whether there are any."""
        read = len(self._read)
        self._read += islice(self._unread, min(_AT_ONCE + read, MOST - read))
        if len(self._read) > read:
            return True
        self.cut = self.cut or next(self._unread, None) is not None
        return False


def verb_of(sql: bytes) -> bytes:
    """The word that a statement begins with, in lower case; empty where it begins otherwise."""
    word = WORD.match(sql)
    return word[0].lower() if word else b""


def behind(sql: bytes, count: int | None = None, *, fold: bool = True) -> list[bytes]:
    """The words behind the verb: exactly ``count``, filled up with empty ones.

    They are in lower case, or with ``fold`` off as they are written.
    """
    last = None if count is None else count + 1
    words = [token[1].lower() if fold else token[1] for token in islice(tokens(sql), 1, last)]
    return words if count is None else words + [b""] * (count - len(words))


def unquoted(word: bytes) -> str | None:
    """The text of a word, a number or a quoted token; None for the word DEFAULT."""
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
    """The name with these parts: ``name``, ``schema.name`` or ``database.schema.name``."""
    if not 1 <= len(path) <= 3:
        return None
    return Name(path[-2] if len(path) > 1 else None, path[-1])


@lru_cache(_NAMES)
def identifier(token: bytes) -> str | None:
    """The name that a token is. None for one that is none, or one with Unicode escapes (U&"")."""
    try:
        if WORD.fullmatch(token):
            # The server folds ASCII only, where one character may be more than one byte.
            return token.lower().decode()
        if token.startswith(b'"') and len(token) > 2:
            return token[1:-1].replace(b'""', b'"').decode()
    except UnicodeDecodeError:
        pass  # The file is in another encoding: nothing here can tell what it says.
    return None


def _quoted(name: str) -> str:
    return name if _SIMPLE.fullmatch(name) else '"' + name.replace('"', '""') + '"'
