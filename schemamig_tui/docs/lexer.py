"""Cuts a DBML file into tokens, by the rules of ``@dbml/parse``."""

import re
from bisect import bisect_right
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from schemamig_tui.docs.document import DbmlTable
from schemamig_tui.docs.writer import FROM_THE_DATABASE
from schemamig_tui.errors import FilesError
from schemamig_tui.text import visible

# Possessive, or what is behind a comment could be found within it. The last alternative never fits:
# it is there for Python before 3.11.5, where such a repeat ends wrongly (gh-106052).
_GAP = r"(?:\s++|//[^\n]*+|/\*.*?\*/|(?!))*+"
_TOKEN = re.compile(
    _GAP + r"(?:(?P<lines>'''(?:[^\\']|\\.|'(?!''))*''')"
    r"|(?P<string>'(?:[^\\'\n]|\\.)*')"
    r'|(?P<name>"(?:[^\\"\n]|\\.)*")'
    r"|(?P<sql>`[^`]*`)"
    r"|(?P<color>\#[0-9A-Fa-f]+)"
    r"|(?P<word>\w+)"
    r"|(?P<sign><>|[^\w\s'\"`])"
    r"|\Z)",
    re.DOTALL,
)
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|.)", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0"}


_NO_TABLE = "", None


class Token(NamedTuple):
    """A token: ``kind`` is a group of the pattern, "known" or "end"; ``text`` is what it says.

    ``spaced`` tells that something is between it and the one before it.
    """

    kind: str
    text: str
    start: int
    end: int
    spaced: bool


class DbmlText:
    """The text of a file with its places. Raises FilesError for what is no DBML.

    ``known`` are texts of whole tables, by their first lines: each is one token of that kind, and
    that line is what it says.
    """

    def __init__(
        self, text: str, path: Path, known: Mapping[str, tuple[str, DbmlTable]] | None = None
    ) -> None:
        self.text = text
        self.path = path
        self.known = known or {}
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]

    def tokens(self) -> list[Token]:
        """All tokens, and two of the kind "end"."""
        found: list[Token] = []
        position = 0
        while match := _TOKEN.match(self.text, position):
            kind, end = match.lastgroup, match.end()
            if kind is None:
                # Twice, so that whoever looks one token ahead need not ask.
                return [*found, *2 * [Token("end", "the end of the file", end, end, True)]]
            start = match.start(kind)
            if kind == "word" and self.known and match[kind] == "Table":
                line = self.text[start : self.text.find("\n", start)]
                text, _ = self.known.get(line, _NO_TABLE)
                if text and self.text.startswith(text, start):
                    position = start + len(text)
                    found.append(Token("known", line, start, position, True))
                    continue
            found.append(Token(kind, _meaning(kind, match[kind]), start, end, start > position))
            position = end
        gap = re.compile(_GAP, re.DOTALL).match(self.text, position)
        raise self.error("a quote here is never closed", gap.end() if gap else position)

    def is_given(self, end: int) -> bool:
        """Whether the line in which something ends is marked as one of the database."""
        line_end = self.text.find("\n", end)
        line = self.text[end : line_end if line_end >= 0 else len(self.text)]
        return line.rstrip().endswith(FROM_THE_DATABASE)

    def error(self, message: str, position: int) -> FilesError:
        """An error at a position of the text."""
        line = bisect_right(self._starts, position)
        column = position - self._starts[line - 1] + 1
        return FilesError(
            f"{visible(message)}.",
            path=self.path,
            line=line,
            column=column,
            hint="Mend the line, or remove the file and generate it again.",
        )


def _meaning(kind: str, text: str) -> str:
    if kind in ("string", "name"):
        return _unescaped(text[1:-1])
    if kind == "sql":
        return text[1:-1]
    return _dedented(text[3:-3]) if kind == "lines" else text


def _unescaped(text: str) -> str:
    def replace(match: re.Match[str]) -> str:
        escape = match[1]
        return chr(int(escape[1:], 16)) if len(escape) > 1 else _ESCAPED.get(escape, escape)

    return _ESCAPE.sub(replace, text) if "\\" in text else text


def _dedented(text: str) -> str:
    """The lines without their common indent, and without blank lines at both ends."""
    lines = _unescaped(re.sub(r"\\\r?\n", "", text).replace("\r\n", "\n")).split("\n")
    indents = [len(line) - len(line.lstrip(" ")) for line in lines if line.strip()]
    common = min(indents, default=0)
    while lines and not lines[0].strip():
        lines.pop(0)
    while lines and not lines[-1].strip():
        lines.pop()
    return "\n".join(line[common:] for line in lines)
