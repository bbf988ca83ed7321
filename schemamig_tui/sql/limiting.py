"""Decides whether a comparison limits the rows of a statement, whatever else the statement says."""

from collections.abc import Sequence

# Where a clause of a query begins. What is compared in a list of values limits nothing.
_LISTS = frozenset((b"set", b"select", b"returning", b"values", b"case", b"then", b"else"))
_CLAUSES = _LISTS | frozenset(
    b"where on having from join inner left right full cross lateral using group order window"
    b" limit union except intersect when end with update insert delete merge".split()
)
_NEGATING = (b"is", b"=", b"<>", b"!=", b"<", b">", b"isnull", b"notnull")


def limits(words: Sequence[bytes], at: int) -> bool:
    """Whether the comparison with the word ``at`` has to be true for each row.

    It need not be beside an OR, under a NOT, in a CASE or in a list of what is selected or set, or
    where a UNION adds rows without it. The ``words`` are those of the statement in lower case, each
    operator and each bound in one piece.
    """
    while True:
        start, end = _clause(words, at)
        if b"or" in _outside(words, start, end) or _is_negated(words, start, at):
            return False
        clause = _keyword(words, start)
        if clause in _LISTS or (clause == b"when" and words[start] not in (b"matched", b"not")):
            return False
        opened = _opened(words, at)
        if opened is None:
            return not _adds_rows(words)
        if _keyword(words, _clause(words, opened)[0]) == b"with":
            return True  # what is made of such a query is said behind it
        closed = _closed(words, opened)
        if words[closed + 1 : closed + 2] and words[closed + 1] in _NEGATING:
            return False
        if _adds_rows(words[opened + 1 : closed]):
            return False
        at = opened


def _keyword(words: Sequence[bytes], start: int) -> bytes:
    """The word that a part of a clause stands behind."""
    return words[start - 1] if start else b""


def _clause(words: Sequence[bytes], at: int) -> tuple[int, int]:
    """The part of a clause, in its parentheses, that the word ``at`` is in."""
    start, depth = at, 0
    while start > 0:
        word = words[start - 1]
        depth += (word == b")") - (word == b"(")
        if depth < 0 or (depth == 0 and word in _CLAUSES):
            break
        start -= 1
    end, depth = at, 0
    while end < len(words):
        word = words[end]
        depth += (word == b"(") - (word == b")")
        if depth < 0 or (depth == 0 and end > at and word in _CLAUSES):
            break
        end += 1
    return start, end


def _outside(words: Sequence[bytes], start: int, end: int) -> Sequence[bytes]:
    """The words of a part that are in no parentheses of their own."""
    found, depth = [], 0
    for word in words[start:end]:
        depth -= word == b")"
        if depth == 0:
            found.append(word)
        depth += word == b"("
    return found


def _adds_rows(words: Sequence[bytes]) -> bool:
    """Whether one of the queries that a UNION puts together has no bound."""
    bounded = [False]
    depth = 0
    for word in words:
        depth += (word == b"(") - (word == b")")
        if depth == 0 and word == b"with":
            return False  # its queries may have it
        if depth == 0 and word == b"union":
            bounded.append(False)
        bounded[-1] = bounded[-1] or word.startswith(b":from")
    return len(bounded) > 1 and not all(bounded)


def _is_negated(words: Sequence[bytes], start: int, at: int) -> bool:
    """Whether a NOT, or an ALL, stands in front of the word ``at`` since the last AND."""
    before = _outside(words, start, at)
    if b"and" in before:
        before = before[len(before) - before[::-1].index(b"and") :]
    denied = any(
        word == b"not" and before[i + 1 : i + 2] != [b"materialized"]
        for i, word in enumerate(before)
    )
    return denied or before[-1:] == [b"all"]


def _opened(words: Sequence[bytes], at: int) -> int | None:
    """The parenthesis around the word ``at``; None where there is none."""
    depth = 0
    for i in range(at - 1, -1, -1):
        depth += (words[i] == b")") - (words[i] == b"(")
        if depth < 0:
            return i
    return None


def _closed(words: Sequence[bytes], opened: int) -> int:
    """The parenthesis that closes the one at ``opened``, or the last word."""
    depth = 0
    for i in range(opened, len(words)):
        depth += (words[i] == b"(") - (words[i] == b")")
        if depth == 0:
            return i
    return len(words) - 1
