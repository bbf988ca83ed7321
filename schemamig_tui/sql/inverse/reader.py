"""Reads a statement word by word, and gives back its names and clauses as they are written.

An inverse quotes what the statement says: a name that is quoted there has to be quoted here, which
a name as the server reads it would not tell.
"""

import re
from collections.abc import Iterator

from schemamig_tui.sql.lexer import WORD, tokens, without_comments
from schemamig_tui.sql.words import MOST

_BLANKS = re.compile(r"\s+")
_OPEN = ("(", "[")
_CLOSE = (")", "]")


class StatementReader:
    """The tokens of a statement without its comments. Behind the last one there is ``""``.

    Raises UnicodeDecodeError for a statement that is not UTF-8.
    """

    def __init__(self, sql: bytes) -> None:
        text = without_comments(sql)
        self._text = text
        self._tokens: list[tuple[str, int, int]] = []
        for number, found in enumerate(tokens(text)):
            if number == MOST:
                break
            self._tokens.append((found[1].decode(), found.start(1), found.end(1)))
        self._at = 0

    def peek(self, ahead: int = 0) -> str:
        """The next token in lower case, or one behind it."""
        at = self._at + ahead
        return self._tokens[at][0].lower() if at < len(self._tokens) else ""

    def next(self) -> str:
        """Take the next token, as it is written."""
        if self._at >= len(self._tokens):
            return ""
        self._at += 1
        return self._tokens[self._at - 1][0]

    def take(self, *words: str) -> bool:
        """Take these words, if they are the next ones."""
        if any(self.peek(i) != word for i, word in enumerate(words)):
            return False
        self._at += len(words)
        return True

    def take_any(self, *words: str) -> str:
        """Take the next word where it is one of these, and return it; otherwise ``""``."""
        return self.next().lower() if self.peek() in words else ""

    def path(self) -> list[str]:
        """Take the dotted name that is next: its parts as they are written, none without a name."""
        parts: list[str] = []
        while _is_name(self.peek()):
            parts.append(self.next())
            if not self.take("."):
                break
        return parts

    def group(self) -> str:
        """Take the group that is next: its text, with the parentheses; ``""`` if none is next."""
        if self.peek() != "(":
            return ""
        first, depth = self._at, 0
        while token := self.next():
            depth += (token in _OPEN) - (token in _CLOSE)
            if depth == 0:
                break
        return self._slice(first, self._at)

    def until(self, *words: str) -> str:
        """Take the text up to one of the words outside of parentheses; that word is left."""
        first = self._at
        while self.peek() and self.peek() not in words:
            if not self.group():
                self.next()
        return self._slice(first, self._at)

    def rest(self) -> str:
        """Take the text that is left."""
        return self.until()

    def string(self) -> str:
        """Take the string literal that is next, as it is written; ``""`` if none is next."""
        return self.next() if self.peek().endswith("'") or self.peek().startswith("$") else ""

    def items(self) -> Iterator["StatementReader"]:
        """Take what is left, divided at the commas outside of parentheses."""
        while self.peek():
            first = self._at
            self.until(",")
            item = StatementReader.__new__(StatementReader)
            item._text, item._tokens, item._at = self._text, self._tokens[first : self._at], 0
            yield item
            self.take(",")

    def _slice(self, first: int, last: int) -> str:
        if first >= last:
            return ""
        text = self._text[self._tokens[first][1] : self._tokens[last - 1][2]].decode()
        # Blanks in quotes are data.
        return text if "'" in text or '"' in text or "$" in text else _BLANKS.sub(" ", text)


def _is_name(token: str) -> bool:
    return (token.startswith('"') and len(token) > 2) or bool(WORD.fullmatch(token.encode()))
