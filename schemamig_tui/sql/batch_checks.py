"""Checks whether a statement can run in batches: its kind, and what it must not have."""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from schemamig_tui.sql.batch_options import Misuse, RepeatedBatches
from schemamig_tui.sql.directives import BACKFILL, REPEAT, Word
from schemamig_tui.sql.lexer import tokens
from schemamig_tui.sql.words import Name, Words

_WRITING = {b"update": (), b"delete": (b"from",), b"insert": (b"into",), b"merge": (b"into",)}
_MAY_BE_BOUND = re.compile(rb"'?(?:from|to)(?:_|'|\Z)")
_USE_REPEAT = "To work through rows in any order, use -- schemamig: repeat."


BOUNDS_HINT = "Add remaining=(SELECT count(*) ...), what is left to be done, or max-batches=N."
"""The way out where nothing else tells that a statement that repeats goes round in circles."""


class Head(NamedTuple):
    """The verb of a statement in lower case, behind its WITH, and the table that it writes to."""

    verb: str
    target: Name | None

    def updates(self, table: Name) -> bool:
        """Whether it may be an UPDATE of this very table."""
        return self.verb == "update" and self.target is not None and self.target.may_be(table)


def head(sql: bytes) -> Head:
    """How a statement begins. The verb is empty for one that neither writes rows nor calls."""
    words = Words(token[1] for token in tokens(sql))
    verb = words.peek()
    if verb == b"with":
        verb = words.seek(*_WRITING, b"select")
    else:
        words.next()
    if verb == b"call":
        return Head("call", None)
    into = _WRITING.get(verb)
    if into is None:
        return Head("", None)
    words.take(*into)
    words.take(b"only")
    return Head(verb.decode(), words.name())


def check(word: Word, sql: bytes) -> Head:
    """How a statement under the directive begins. Raises Misuse where it cannot run in batches."""
    found = head(sql)
    if not found.verb:
        raise Misuse(
            f"Only UPDATE, DELETE, INSERT, MERGE{' and CALL' if word == BACKFILL else ''} can run"
            " in batches.",
            "Put the directive right in front of such a statement.",
        )
    if word == REPEAT:
        if found.verb == "call":
            raise Misuse(
                "A CALL does not tell how many rows it has changed, so it would be repeated for"
                " ever.",
                "Repeat the statement that changes the rows, or use -- schemamig: backfill.",
            )
        return found
    _refuse_limits(sql)
    return found


def require_end(asked: RepeatedBatches, found: Head) -> None:
    """Raises Misuse where nothing would tell that a statement finds the same rows again."""
    if found.verb in ("insert", "merge") and asked.remaining is None and asked.most is None:
        raise Misuse(
            f"Nothing would tell that the {found.verb.upper()} finds the same rows again.",
            BOUNDS_HINT,
        )


def sets_key(sql: bytes, found: Head, table: Name, key: Sequence[str]) -> str | None:
    """The column of the key that an UPDATE of this very table sets, as far as its text tells."""
    if not found.updates(table):
        return None
    words = Words(token[1] for token in tokens(sql))
    words.seek(b"update")
    words.seek(b"set")
    while True:
        opened = words.take(b"(")
        while path := words.path():
            # A field of a composite column, or an element of an array, is no column of the key.
            if len(path) == 1 and path[0] in key and words.peek() != b"[":
                return path[0]
            if not (opened and words.take(b",")):
                break
        if words.seek(b",", b"from", b"where", b"returning") != b",":
            return None


def without_skip_locked(sql: bytes) -> bytes:
    """The statement with blanks in the place of SKIP LOCKED: it waits for rows of others."""
    found = [*tokens(sql)]
    for one, other in pairwise(found):
        if (one[1].lower(), other[1].lower()) == (b"skip", b"locked"):
            length = other.end(1) - one.start(1)
            sql = sql[: one.start(1)] + b" " * length + sql[other.end(1) :]
    return sql


def _refuse_limits(sql: bytes) -> None:
    """Raise Misuse for a clause that leaves rows of a range undone: no batch would do them later.

    A LIMIT in a subquery of its own, which computes a value, leaves none.
    """
    found = [*tokens(sql)]
    texts = [token[1].lower() for token in found]
    closed_with_bound = _groups_with_bounds(texts)
    groups: list[tuple[int, bool]] = []
    for i, text in enumerate(texts):
        following = texts[i + 1] if i + 1 < len(texts) else b""
        if text == b"(":
            groups.append((i, _picks_rows(texts, i)))
        elif text == b")":
            del groups[-1:]
        elif (text, following) == (b"skip", b"locked") or text == b"nowait":
            shown = "NOWAIT" if text == b"nowait" else "SKIP LOCKED"
            raise Misuse(
                f"{shown} would leave rows of a range undone for ever.",
                f"Remove it: a batch waits, and gives way. {_USE_REPEAT}",
                found[i].start(1),
            )
        elif text == b"limit" or (text == b"fetch" and following in (b"first", b"next")):
            inside = groups[-1] if groups else None
            if inside is None or inside[1] or inside[0] in closed_with_bound:
                raise Misuse(
                    f"{text.decode().upper()} would leave rows of a range undone for ever.",
                    f"Remove it: the range limits the batch already. {_USE_REPEAT}",
                    found[i].start(1),
                )


def _groups_with_bounds(texts: Sequence[bytes]) -> set[int]:
    """The parentheses, by where they open, in which a bound stands."""
    opened: list[int] = []
    holding: set[int] = set()
    for i, text in enumerate(texts):
        if text == b"(":
            opened.append(i)
        elif text == b")":
            del opened[-1:]
        elif text == b":" and texts[i + 1 : i + 2] and _MAY_BE_BOUND.match(texts[i + 1]):
            holding.update(opened)
    return holding


def _picks_rows(texts: Sequence[bytes], i: int) -> bool:
    """Whether the parenthesis at ``i`` holds a query that says which rows are meant."""
    before = texts[i - 1] if i else b""
    return before in (b"in", b"any", b"some", b"array", b"as", b"materialized")
