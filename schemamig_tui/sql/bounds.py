"""Reads the bounds of a statement over a range of keys: its ``:from`` and ``:to``.

``key BETWEEN :from AND :to`` and ``key >= :from AND key <= :to`` have both ends in the range; ``key
> :from AND key <= :to`` begins behind ``:from``. The statement that is sent always has both ends in
the range, and ``>`` becomes ``>=`` there, because no value sorts before a smallest key (the nil
uuid, '') at which the first range could begin. Nothing else changes, and no byte moves behind a
parameter: a position in an error of the server is the same in the file.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from schemamig_tui.sql.batch_options import Misuse
from schemamig_tui.sql.lexer import tokens
from schemamig_tui.sql.limiting import limits

_OPERATOR = re.compile(rb"[<>=!~@#%^&|?+*/\-]")
_VARIABLE = re.compile(rb"'([\w\x80-\xff]++)'|([\w\x80-\xff]++)")
# variable_char of psqlscan.l: a column named like that can be a part of a variable.
_SPELLABLE = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class RangeStatement:
    """A statement whose parameters are the first key of a range, and then the last one.

    ``text`` has ``$1`` to ``$n`` for the columns of the first key, and from ``$n+1`` on for those
    of the last one. ``begins_behind`` tells that it was written with ``>``.
    """

    text: bytes
    begins_behind: bool


class _Item(NamedTuple):
    """A token, an operator as a whole, or a variable, whose column is then numbered from 0."""

    start: int
    end: int
    text: bytes
    end_of_range: Literal["from", "to"] | None = None
    column: int = 0


def range_statement(sql: bytes, key: Sequence[str], *, both_ends: bool = False) -> RangeStatement:
    """Read the bounds of a statement over ranges of ``key``.

    ``both_ends`` says what they mean in a statement that compares nothing: a CALL. Raises Misuse.
    """
    items = [*_items(sql, _spellings(key))]
    for end in ("from", "to"):
        used = {item.column for item in items if item.end_of_range == end}
        missing = [c for c in range(len(key)) if c not in used]
        if missing:
            name = variable(end, key, missing[0])
            raise Misuse(f"The statement has no {name}.", f"Write {_sample(key)}.")
    if both_ends:
        return RangeStatement(_numbered(sql, items, len(key)), begins_behind=False)
    return _BoundsReader(sql, items, key).read()


def variable(end: str, key: Sequence[str], column: int) -> str:
    """How a bound of the key is written: ``:from``, or ``:from_tenant_id`` where it has columns."""
    if len(key) == 1:
        return f":{end}"
    spellable = _SPELLABLE.fullmatch(key[column])
    return f":{end}_{key[column] if spellable else column + 1}"


def _spellings(key: Sequence[str]) -> dict[bytes, tuple[Literal["from", "to"], int]]:
    found: dict[bytes, tuple[Literal["from", "to"], int]] = {}
    ends: tuple[Literal["from"], Literal["to"]] = ("from", "to")
    for end in ends:
        for column, name in enumerate(key):
            if len(key) == 1:
                found[end.encode()] = end, column
                continue
            if _SPELLABLE.fullmatch(name):
                found.setdefault(f"{end}_{name}".encode(), (end, column))
        for column in range(len(key) if len(key) > 1 else 0):
            found[f"{end}_{column + 1}".encode()] = end, column
    return found


def _items(
    sql: bytes, spellings: dict[bytes, tuple[Literal["from", "to"], int]]
) -> Iterator[_Item]:
    """The statement in pieces. Raises Misuse for a variable that is no bound of the key."""
    brackets = 0
    operator: _Item | None = None
    position = 0
    # A variable may end where a word would go on: :from$$ opens a quote.
    while token := next(tokens(sql, position), None):
        start, end = token.span(1)
        position, text = end, token[1]
        if operator and (operator.end != start or not _OPERATOR.fullmatch(text)):
            yield operator
            operator = None
        if _OPERATOR.fullmatch(text):
            begun = operator or _Item(start, start, b"")
            operator = _Item(begun.start, end, begun.text + text)
        elif text == b":":
            if sql.startswith((b":", b"="), end):
                position = end + 1  # a cast, or a named argument
            elif named := _VARIABLE.match(sql, end):
                position = named.end()
                name = named[1] or named[2]
                if name in spellings:
                    yield _Item(start, position, b":" + name, *spellings[name])
                elif not brackets:
                    raise _unknown(name, spellings, start)
        elif text == b"$" and sql[end : end + 1].isdigit():
            raise Misuse(
                "A statement in batches has parameters of its own already.",
                "Write :from and :to, which are those.",
                start,
            )
        else:
            brackets += (text == b"[") - (text == b"]")
            yield _Item(start, end, text.lower())
    if operator:
        yield operator


def _unknown(name: bytes, spellings: Iterable[bytes], offset: int) -> Misuse:
    known = ", ".join(f":{spelling.decode()}" for spelling in sorted(spellings))
    shown = name.decode(errors="replace")
    return Misuse(f":{shown} is no bound of this key.", f"There are {known}.", offset)


class _BoundsReader:
    """Finds what the bounds of one statement are compared with, and by which operators."""

    def __init__(self, sql: bytes, items: Sequence[_Item], key: Sequence[str]) -> None:
        self._sql = sql
        self._items = items
        self._key = key
        self._behind: list[int] = []
        self._from: list[int] = []
        self._whole: dict[str, list[int]] = {"from": [], "to": []}
        self._loose: list[_Item] = []
        self._opened_by_between = False

    def read(self) -> RangeStatement:
        i = 0
        while i < len(self._items):
            item = self._items[i]
            if item.end_of_range is None:
                i += 1
                continue
            count = self._tuple_at(i)
            self._compare(i, count)
            i += (2 * count - 1) if count > 1 else 1
        words = [item.text for item in self._items]
        for end, compared in self._whole.items():
            if not compared:
                raise self._unclear(next(x for x in self._items if x.end_of_range == end))
            if not any(limits(words, at) for at in compared):
                raise self._without_limit(self._items[compared[0]])
        if self._behind and self._from:
            raise Misuse(
                "The statement compares with both > and >=: a row would be done twice, or never.",
                f"Write {_sample(self._key)}.",
                self._items[self._behind[0]].start,
            )
        if self._behind and self._loose:
            name = self._sql[self._loose[0].start : self._loose[0].end].decode(errors="replace")
            raise Misuse(
                f"{name} is used outside of a comparison, and > means the keys behind it.",
                "Write KEY BETWEEN :from AND :to, where it is the first key of the range.",
                self._loose[0].start,
            )
        return RangeStatement(
            _numbered(self._sql, self._items, len(self._key), self._behind), bool(self._behind)
        )

    def _tuple_at(self, i: int) -> int:
        """How many columns of one end stand at item ``i``: all of the key, with commas, or one."""
        first = self._items[i]
        columns = [first.column]
        for j in range(i + 2, len(self._items), 2):
            item = self._items[j]
            if item.end_of_range != first.end_of_range or self._items[j - 1].text != b",":
                break
            columns.append(item.column)
        if columns == [*range(len(self._key))]:
            return len(columns)
        return 1

    def _compare(self, i: int, count: int) -> None:
        """Note how the statement compares the bound at ``i``, which has ``count`` columns."""
        item = self._items[i]
        if self._goes_on(i + 2 * count - 1):
            self._loose.append(item)
            return
        at = i - 1
        while at >= 0 and self._items[at].text in (b"(", b"row"):
            at -= 1
        word = self._items[at].text if at >= 0 else b""
        is_whole = count == len(self._key)
        if item.end_of_range == "from":
            self._compare_first(i, at, word, is_whole)
        elif word == b"<=" or (word == b"and" and self._opened_by_between):
            self._opened_by_between = False
            self._count("to", i, is_whole)
        elif word == b"<":
            raise Misuse(
                "With < the last key of every range is left out.",
                f"Write {_sample(self._key)}.",
                self._items[at].start,
            )
        elif word in _COMPARING:
            raise self._unclear(item)

    def _goes_on(self, i: int) -> bool:
        """Whether an operator at item ``i`` takes what ends in front of it as an operand."""
        following = (item.text for item in self._items[i:] if item.text != b")")
        return _OPERATOR.match(next(following, b"")) is not None

    def _compare_first(self, i: int, at: int, word: bytes, is_whole: bool) -> None:
        item = self._items[i]
        if word == b"between":
            if at and self._items[at - 1].text == b"not":
                raise self._unclear(item)
            self._opened_by_between = True
        if word in (b"between", b">="):
            # Of a key of columns, the first one alone is compared so besides the whole key.
            if is_whole:
                self._from.append(at)
            self._count("from", i, is_whole)
        elif word == b">" and is_whole:
            self._behind.append(at)
            self._count("from", i, is_whole)
        elif word in (*_COMPARING, b">"):
            raise self._unclear(item)
        else:
            self._loose.append(item)

    def _count(self, end: str, i: int, is_whole: bool) -> None:
        if is_whole:
            self._whole[end].append(i)
        elif self._items[i].column:
            raise self._unclear(self._items[i])

    def _without_limit(self, item: _Item) -> Misuse:
        name = self._sql[item.start : item.end].decode(errors="replace")
        return Misuse(
            f"{name} does not limit what a batch changes: it is beside an OR, under a NOT, in a"
            " CASE, in what is set or selected, or a UNION adds rows without it.",
            f"Write {_sample(self._key)}, and AND between that and the rest, in parentheses.",
            item.start,
        )

    def _unclear(self, item: _Item) -> Misuse:
        name = self._sql[item.start : item.end].decode(errors="replace")
        return Misuse(
            f"It is not clear which keys {name} stands for here.",
            f"Write {_sample(self._key)}.",
            item.start,
        )


_COMPARING = (b"<", b"<=", b"=", b"<>", b"!=", b">=", b"between", b"symmetric", b"asymmetric")


def _sample(key: Sequence[str]) -> str:
    if len(key) == 1:
        return "KEY BETWEEN :from AND :to, or KEY > :from AND KEY <= :to"
    columns = ", ".join(key)
    first, last = (
        ", ".join(variable(end, key, c) for c in range(len(key))) for end in ("from", "to")
    )
    return f"({columns}) > ({first}) AND ({columns}) <= ({last})"


def _numbered(
    sql: bytes, items: Sequence[_Item], columns: int, behind: Sequence[int] = ()
) -> bytes:
    """The statement with parameters in the place of its variables, each as long as it was.

    The operators ``behind`` become ``>=``; what follows them moves by one up to the variable.
    """
    pieces, done, moved = [], 0, 0
    widened = {items[at].end for at in behind}
    for item in items:
        if item.end in widened:
            pieces += [sql[done : item.end], b"="]
            done, moved = item.end, 1
        if item.end_of_range is None:
            continue
        number = 1 + item.column + (columns if item.end_of_range == "to" else 0)
        parameter = b"$%d" % number
        between = sql[done : item.start]
        before = sql[item.start - 1 : item.start]
        if re.match(rb"[\w$\x80-\xff]", before):
            parameter = b" " + parameter
        room = item.end - item.start - moved
        pieces += [between, parameter.ljust(room)]
        done, moved = item.end, 0
    return b"".join([*pieces, sql[done:]])
