"""Reads types as they are written: their names, and their lengths."""

from schemamig_tui.sql.lexer import tokens
from schemamig_tui.sql.words import identifier


def type_name(text: str | None) -> str | None:
    """The name in a type as it is written, without COLLATE; None if it is not read here.

    What it says of a length stays: ``timestamp ( 3 ) with time zone``.
    """
    if text is None:
        return None
    words = [token[1] for token in tokens(text.encode())]
    folded = [word.lower() for word in words]
    if b"collate" in folded:
        words = words[: folded.index(b"collate")]
    if not words or not all(map(_is_of_type, words)):
        return None
    return b" ".join(words).decode(errors="replace")


def lengths(text: str) -> tuple[int, ...]:
    """The numbers in the first parentheses of a type: ``numeric(10,2)`` has 10 and 2."""
    inside = text.partition("(")[2].partition(")")[0]
    parts = [part.strip() for part in inside.split(",")]
    return tuple(int(part) for part in parts if part.lstrip("-").isdecimal())


def without_lengths(text: str) -> str:
    """A type without its numbers: ``time with time zone`` of ``time(3) with time zone``."""
    before, _, rest = text.partition("(")
    return (before + rest.partition(")")[2]).strip()


def collation(text: str | None) -> str | None:
    """The collation behind a type, as it is written."""
    words = [token[1] for token in tokens((text or "").encode())]
    folded = [word.lower() for word in words]
    if b"collate" not in folded:
        return None
    return b" ".join(words[folded.index(b"collate") + 1 :]).decode(errors="replace")


def _is_of_type(word: bytes) -> bool:
    return word in _SIGNS or word.isdigit() or identifier(word) is not None


_SIGNS = (b"(", b")", b",", b".", b"[", b"]", b"-")
