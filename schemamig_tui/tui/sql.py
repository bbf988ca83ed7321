"""Colours SQL with the lexer for PostgreSQL of Pygments."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from schemamig_tui.file_access import unreadable
from schemamig_tui.tui.lines import Line, Span, body

_MOST_READ = 512 * 1024
_MOST_COLOURED = 128 * 1024

_LEVELS = ("DEBUG", "LOG", "INFO", "WARNING")
"""Of RAISE; the lexer knows only the others."""

_STYLES = (
    ("Token.Comment", "comment"),
    ("Token.Keyword.Type", "type"),
    ("Token.Name.Builtin", "type"),
    ("Token.Keyword", "keyword"),
    ("Token.Literal.String", "string"),
    ("Token.Literal.Number", "literal"),
)


def read_sql(path: Path) -> tuple[list[Line], int]:
    """The lines of the file in colour, and how many bytes were read: a big one has more.

    Raises FilesError.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_READ)
    except OSError as error:
        raise unreadable(path, error) from None
    text = content.removeprefix(b"\xef\xbb\xbf").decode(errors="replace")
    lines = highlight(text) if len(content) <= _MOST_COLOURED else plain_lines(text)
    return lines, len(content)


def highlight(text: str) -> list[Line]:
    """Outside text as lines of coloured SQL."""
    from pygments.lexers.sql import (  # type: ignore[import-untyped]  # it has no types
        PostgresLexer,
    )

    safe = "\n".join(_trimmed(text))
    lines: list[Line] = []
    spans: list[Span] = []
    before = ""
    for _, kind, value in PostgresLexer().get_tokens_unprocessed(safe):
        is_level = before == "RAISE" and value.upper() in _LEVELS
        style = "keyword" if is_level else _style(str(kind))
        if not value.isspace():
            before = value.upper()
        first, *rest = value.split("\n")
        spans.append((style, first))
        for part in rest:
            lines.append(tuple(spans))
            spans = [(style, part)]
    lines.append(tuple(spans))
    return lines


def plain_lines(text: str) -> list[Line]:
    """Outside text as lines without colour."""
    return [(("plain", line),) for line in _trimmed(text)]


def numbered(lines: Iterable[Line], first: int = 1) -> list[Line]:
    """Lines with their numbers in front."""
    lines = list(lines)
    digits = len(str(first + len(lines)))
    return [(("number", f"{n:>{digits}} "), *line) for n, line in enumerate(lines, first)]


def _trimmed(text: str) -> Iterator[str]:
    return iter(body(text.removesuffix("\n")))


def _style(kind: str) -> str:
    return next((style for prefix, style in _STYLES if kind.startswith(prefix)), "plain")
