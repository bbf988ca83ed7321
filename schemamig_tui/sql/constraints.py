"""The constraints and indexes that a statement gives to a table, as far as its text tells."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from schemamig_tui.sql.lexer import tokens
from schemamig_tui.sql.words import Name, Words, identifier


class ForeignKey(NamedTuple):
    """``columns`` of ``table`` refer to ``target``."""

    table: Name
    columns: tuple[str, ...]
    target: Name


class TableConstraints(NamedTuple):
    """What a CREATE or ALTER TABLE adds: foreign keys, and the first columns of unique indexes."""

    keys: tuple[ForeignKey, ...]
    unique: tuple[tuple[str, str], ...]


def may_constrain(sql: bytes) -> bool:
    """Whether a statement may add a foreign key or a unique index: a quick look."""
    lower = sql.lower()
    return any(word in lower for word in (b"references", b"primary", b"unique"))


def may_refer(sql: bytes) -> bool:
    """Whether a statement may add a foreign key: a quick look."""
    return b"references" in sql.lower()


def may_check(sql: bytes) -> bool:
    """Whether a statement may add or validate a CHECK: a quick look."""
    lower = sql.lower()
    return b"check" in lower or b"validate" in lower


def table_constraints(tokens: Sequence[bytes]) -> TableConstraints:
    """The constraints that a statement adds; each first column of an index with its table."""
    keys: list[ForeignKey] = []
    unique: list[tuple[str, str]] = []
    for table, part in _table_parts(tokens):
        words = [word.lower() for word in part]
        if b"references" in words:
            keys += _key(part, words, table)
        if (b"primary" in words or b"unique" in words) and (column := _unique(part, words)):
            unique.append((table.name, column))
    return TableConstraints(tuple(keys), tuple(unique))


def _unique(part: list[bytes], words: list[bytes]) -> str | None:
    """The first column of a PRIMARY KEY or a UNIQUE."""
    at = next(i for i, word in enumerate(words) if word in (b"primary", b"unique"))
    opens = at + (2 if words[at] == b"primary" else 1)
    if part[opens : opens + 1] == [b"("]:
        return identifier(part[opens + 1]) if opens + 1 < len(part) else None
    return _column(part)


def _table_parts(tokens: Sequence[bytes]) -> Iterator[tuple[Name, list[bytes]]]:
    """The columns, constraints and actions of a CREATE or ALTER TABLE."""
    words = Words(tokens)
    new_table = words.take(b"create")
    if not new_table and not words.take(b"alter"):
        return
    while words.peek() in (b"global", b"local", b"unlogged", b"temp", b"temporary"):
        words.next()
    if not words.take(b"table"):
        return
    words.take(b"if", b"not", b"exists")
    words.take(b"if", b"exists")
    words.take(b"only")
    table = words.name()
    if table is None:
        return
    words.take(b"*")
    if new_table and not words.take(b"("):
        return
    for part in _parts(words.rest()):
        yield table, part


def index_columns(sql: bytes) -> tuple[Name, tuple[str, ...]] | None:
    """The table of a CREATE INDEX and its first columns, up to an expression."""
    words = Words(token[1] for token in tokens(sql))
    if not words.take(b"create"):
        return None
    words.take(b"unique")
    if not words.take(b"index") or not words.seek(b"on"):
        return None
    words.take(b"only")
    table = words.name()
    if words.take(b"using"):
        words.next()
    if table is None or not words.take(b"("):
        return None
    columns = []
    while (column := identifier(words.next())) is not None:
        columns.append(column)
        if words.seek(b",", b")") != b",":
            break
    return table, tuple(columns)


def not_null_check(words: Sequence[bytes]) -> tuple[str, str, bool] | None:
    """The name and the column of an added CHECK (column IS NOT NULL); whether rows are read."""
    for i in range(len(words) - 10):
        name, column = identifier(words[i + 2]), identifier(words[i + 5])
        shape = (*words[i : i + 2], *words[i + 3 : i + 5], *words[i + 6 : i + 10])
        if name and column and shape == _NOT_NULL_CHECK:
            return name, column, tuple(words[i + 10 : i + 12]) != (b"not", b"valid")
    return None


def validated_constraints(words: Sequence[bytes]) -> Iterator[str]:
    """The names behind each VALIDATE CONSTRAINT."""
    for i in range(len(words) - 2):
        name = identifier(words[i + 2])
        if name and (words[i], words[i + 1]) == (b"validate", b"constraint"):
            yield name


def not_null_columns(words: Sequence[bytes]) -> Iterator[str]:
    """The columns that an ALTER TABLE sets NOT NULL."""
    for i in range(1, len(words) - 2):
        name = identifier(words[i - 1])
        if name and tuple(words[i : i + 3]) == (b"set", b"not", b"null"):
            yield name


_NOT_NULL_CHECK = (b"add", b"constraint", b"check", b"(", b"is", b"not", b"null", b")")


def _parts(words: Sequence[bytes]) -> Iterator[list[bytes]]:
    """What stands between the commas, up to the end of the statement or of its parentheses."""
    part: list[bytes] = []
    depth = 0
    for word in words:
        depth += (word == b"(") - (word == b")")
        if depth < 0:
            break
        if word == b"," and depth == 0:
            yield part
            part = []
        else:
            part.append(word)
    yield part


def _key(part: list[bytes], lower: list[bytes], table: Name) -> Iterator[ForeignKey]:
    at = lower.index(b"references")
    target = Words(part[at + 1 :]).name()
    columns: tuple[str, ...] = ()
    if b"foreign" in lower[:at]:
        named = map(identifier, part[lower.index(b"foreign") + 2 : at])
        columns = tuple(name for name in named if name)
    else:
        column = _column(part)
        columns = (column,) if column else ()
    if target and columns:
        yield ForeignKey(table, columns, target)


def _column(part: list[bytes]) -> str | None:
    """The column that a part of a CREATE or ALTER TABLE adds."""
    words = Words(part)
    words.take(b"add")
    words.take(b"column")
    words.take(b"if", b"not", b"exists")
    return identifier(words.next())
