"""Finds what INSERT, UPDATE, DELETE and MERGE touch, with a WITH in front of them or not.

The queries of EXPLAIN, PREPARE and COPY are read as well, and SELECT INTO, which makes a table.
"""

from collections.abc import Callable, Iterator

from schemamig_tui.sql.heads import updates_conflicting
from schemamig_tui.sql.lexer import words_of
from schemamig_tui.sql.locks import Lock
from schemamig_tui.sql.naming import relation, take_name
from schemamig_tui.sql.touch import ObjectKind, Right, Touch
from schemamig_tui.sql.words import Words


def writes(words: Words) -> Iterator[Touch]:
    """What a statement touches that writes rows; nothing for another one."""
    if rule := WRITING.get(words.peek()):
        words.next()
        yield from rule(words)


def _insert(words: Words) -> Iterator[Touch]:
    if words.take(b"into"):
        yield from relation(words, "INSERT", Lock.ROW_EXCLUSIVE, Right.INSERT)


def upserts(sql: bytes) -> Iterator[Touch]:
    """What an INSERT does with a row that is there, where it says ON CONFLICT DO UPDATE.

    ``writes`` leaves that out: it stands behind all rows, whose words take long to read.
    """
    if not updates_conflicting(sql):
        return
    words = Words(words_of(sql))
    if words.peek() not in (b"insert", b"with"):
        return
    if not (words.seek(b"insert") and words.take(b"into")):
        return
    statement, mode = "INSERT ... ON CONFLICT", Lock.ROW_EXCLUSIVE
    for touch in relation(words, statement, mode, Right.UPDATE):
        while words.seek(b"do"):
            if words.take(b"update"):
                yield touch._replace(only=True, sets=tuple(_assigned(words)))


def _merge(words: Words) -> Iterator[Touch]:
    if not words.take(b"into"):
        return
    for touch in relation(words, "MERGE", Lock.ROW_EXCLUSIVE, None):
        sets: list[str] = []
        rights: dict[bytes, Right] = {}
        while verb := words.seek(*_OF_MERGE):
            rights[verb] = _OF_MERGE[verb]
            if verb == b"update":
                sets += _assigned(words, b"when")
        yield touch._replace(right=rights.pop(b"update", None), sets=tuple(sets))
        for right in rights.values():
            yield touch._replace(statement=f"MERGE ... {right}", right=right)


def _has_where(words: Words) -> bool:
    """Whether rows may be chosen, also where the statement is too long to know."""
    return words.seek(b"where") != b"" or words.cut


def _update(words: Words) -> Iterator[Touch]:
    only = words.peek() == b"only"
    name = take_name(words)
    if name is None:
        return
    rest = words.rest()
    chosen = words.cut or _has_where(Words(rest))
    yield Touch(
        ObjectKind.RELATION,
        name,
        "UPDATE",
        Lock.ROW_EXCLUSIVE,
        Right.UPDATE,
        None if chosen else "writes all of it anew",
        only=only,
        sets=tuple(_assigned(Words(rest))),
    )


def _assigned(words: Words, *ends: bytes) -> Iterator[str]:
    """The columns that get a value, from what stands in front of SET up to one of the words."""
    words.seek(b"set")
    while words.peek():
        columns = _columns(Words(words.inside()) if words.peek() == b"(" else words)
        if words.peek().startswith(b"="):
            yield from columns
        if words.seek(b",", *ends) != b",":
            return


def _columns(words: Words) -> list[str]:
    """The columns that are next, without the fields and the elements of them that are set."""
    found = []
    while path := words.path():
        found.append(path[0])
        while words.take(b"["):
            words.seek(b"]")
        if not words.take(b","):
            break
    return found


def _delete(words: Words) -> Iterator[Touch]:
    if not words.take(b"from"):
        return
    only = words.peek() == b"only"
    if name := take_name(words):
        work = None if _has_where(words) else "goes through all of it"
        mode, right = Lock.ROW_EXCLUSIVE, Right.DELETE
        yield Touch(ObjectKind.RELATION, name, "DELETE", mode, right, work, only=only)


def _with(words: Words) -> Iterator[Touch]:
    """What the queries that WITH names write, and what stands behind them."""
    words.take(b"recursive")
    while words.path():
        words.group()
        if not words.take(b"as"):
            return
        words.take(b"not")
        words.take(b"materialized")
        named = words.inside()
        if not named:
            return
        if named[0].lower() in _IN_WITH:
            yield from writes(Words(named))
        if not words.take(b","):
            yield from writes(words)
            return


def _select(words: Words) -> Iterator[Touch]:
    """The table that SELECT INTO makes."""
    if words.seek(b"into", b"from") != b"into":
        return
    temporary = words.take(b"temp") or words.take(b"temporary")
    words.take(b"unlogged")
    words.take(b"table")
    if name := words.name():
        right = None if temporary else Right.CREATE
        yield Touch(
            ObjectKind.RELATION, name, "SELECT INTO", right=right, creates=True, temporary=temporary
        )


_OF_MERGE = {b"delete": Right.DELETE, b"insert": Right.INSERT, b"update": Right.UPDATE}
_IN_WITH = (b"insert", b"update", b"delete", b"merge")
WRITING: dict[bytes, Callable[[Words], Iterator[Touch]]] = {
    b"delete": _delete,
    b"insert": _insert,
    b"merge": _merge,
    b"select": _select,
    b"update": _update,
    b"with": _with,
}
"""By the first word of a statement, what reads the rest of it."""
