"""Finds the objects that a statement touches, as far as its text alone tells.

A statement that is not known here touches nothing: there is no guessing. What a DO block or a
function does cannot be seen.
"""

from collections.abc import Callable, Iterator

from schemamig_tui.sql.actions import EMPTIES, READS, REWRITES
from schemamig_tui.sql.altering import alter, comment, drop, reassign
from schemamig_tui.sql.creating import create
from schemamig_tui.sql.lexer import words_of
from schemamig_tui.sql.locks import Lock
from schemamig_tui.sql.naming import relation, take_name, take_names
from schemamig_tui.sql.touch import ObjectKind, Right, Touch
from schemamig_tui.sql.words import Name, Words
from schemamig_tui.sql.writing import WRITING, writes


def touches(sql: bytes) -> Iterator[Touch]:
    """What one statement touches."""
    return touches_of(Words(words_of(sql)))


def touches_of(words: Words) -> Iterator[Touch]:
    """As ``touches``, of a statement that is cut into words already."""
    rule = _RULES.get(words.next().lower())
    return rule(words) if rule else iter(())


def _explain(words: Words) -> Iterator[Touch]:
    """With ANALYZE the statement is run; without, its tables are locked for a plan of it."""
    runs = not {b"analyze", b"analyse"}.isdisjoint(
        _options(words, b"analyze", b"analyse", b"verbose")
    )
    inserts = words.peek() == b"insert"
    for touch in writes(words):
        if runs:
            yield touch
        elif touch.lock:
            only = touch.only or inserts
            statement = f"EXPLAIN {touch.statement}"
            yield touch._replace(statement=statement, work=None, only=only, sets=())


def _prepare(words: Words) -> Iterator[Touch]:
    """The tables that are written to, but not their children, are locked to read the query."""
    words.path()
    words.group()
    if words.take(b"as"):
        for touch in writes(words):
            if touch.lock:
                statement = f"PREPARE {touch.statement}"
                yield Touch(touch.target, touch.name, statement, touch.lock, only=True)


def _copy(words: Words) -> Iterator[Touch]:
    if words.peek() == b"(":
        yield from writes(Words(words.inside()))
        return
    name = take_name(words)
    direction = words.peek()
    if name and direction == b"from":
        yield Touch(ObjectKind.RELATION, name, "COPY", Lock.ROW_EXCLUSIVE, Right.INSERT)
    elif name and direction == b"to":
        yield Touch(ObjectKind.RELATION, name, "COPY", Lock.ACCESS_SHARE, Right.SELECT, READS)


def _truncate(words: Words) -> Iterator[Touch]:
    words.take(b"table")
    named = list(take_names(words))
    cascade = words.seek(b"cascade") != b""
    for name, only in named:
        yield Touch(
            ObjectKind.RELATION,
            name,
            "TRUNCATE",
            Lock.ACCESS_EXCLUSIVE,
            Right.TRUNCATE,
            only=only,
            cascade=cascade,
        )


def _lock(words: Words) -> Iterator[Touch]:
    words.take(b"table")
    tables = list(take_names(words))
    mode = Lock.ACCESS_EXCLUSIVE
    if words.take(b"in"):
        named = b"_".join(words).upper().decode(errors="replace").partition("_MODE")[0]
        mode = Lock.__members__.get(named, mode)
    for name, only in tables:
        yield Touch(ObjectKind.RELATION, name, "LOCK TABLE", mode, only=only)


def _vacuum(words: Words) -> Iterator[Touch]:
    """Without names it is about all tables, as is ANALYZE."""
    full = b"full" in _options(words, b"full", b"freeze", b"verbose", b"analyze", b"analyse")
    statement, mode = ("VACUUM FULL", _STRONGEST) if full else ("VACUUM", _GENTLE)
    work = REWRITES if full else None
    if not words.peek():
        yield Touch(ObjectKind.DATABASE, _CURRENT, statement, mode, work=work)
    for name, only in take_names(words):
        yield Touch(ObjectKind.RELATION, name, statement, mode, work=work, only=only)


def _analyze(words: Words) -> Iterator[Touch]:
    _options(words, b"verbose")
    if not words.peek():
        yield Touch(ObjectKind.DATABASE, _CURRENT, "ANALYZE", _GENTLE)
    for name, only in take_names(words):
        yield Touch(ObjectKind.RELATION, name, "ANALYZE", _GENTLE, only=only)


def _reindex(words: Words) -> Iterator[Touch]:
    options = _options(words)
    what = words.next().lower()
    # Whoever reads the table plans with all of its indexes, and so has locked this one.
    statement, mode = "REINDEX", _STRONGEST if what == b"index" else Lock.SHARE
    if words.take(b"concurrently") or b"concurrently" in options:
        statement, mode = "REINDEX CONCURRENTLY", _GENTLE
    if what in (b"index", b"table"):
        yield from relation(words, statement, mode, Right.MAINTAIN, READS)
    elif what == b"schema" and (name := words.name()):
        yield Touch(ObjectKind.SCHEMA, name, statement, mode, work=READS)
    elif what == b"system":
        yield Touch(ObjectKind.SCHEMA, _CATALOGS, statement, mode, work=READS)
    elif what == b"database":
        yield Touch(ObjectKind.DATABASE, _CURRENT, statement, mode, work=READS)


def _cluster(words: Words) -> Iterator[Touch]:
    """Without a name it is about all tables that have been clustered before."""
    _options(words, b"verbose")
    if not words.peek():
        yield Touch(ObjectKind.DATABASE, _CURRENT, "CLUSTER", _STRONGEST, work=REWRITES)
    yield from relation(words, "CLUSTER", _STRONGEST, Right.MAINTAIN, REWRITES)


def _refresh(words: Words) -> Iterator[Touch]:
    if not words.take(b"materialized", b"view"):
        return
    gently = words.take(b"concurrently")
    mode, work = (Lock.EXCLUSIVE, READS) if gently else (_STRONGEST, REWRITES)
    if name := words.name():
        if words.take(b"with", b"no", b"data"):
            work = EMPTIES
        statement = "REFRESH MATERIALIZED VIEW"
        yield Touch(ObjectKind.RELATION, name, statement, mode, Right.MAINTAIN, work)


def _options(words: Words, *flags: bytes) -> set[bytes]:
    """The options in front of the names that are on, in parentheses or as bare words."""
    found = set()
    if words.take(b"("):
        while (option := words.next().lower()) not in (b")", b""):
            value = b""
            while words.peek() not in (b",", b")", b""):
                value = words.next().lower().strip(b"'\"")
            words.take(b",")
            if value not in _OFF:
                found.add(option)
    while words.peek() in flags:
        found.add(words.next().lower())
    return found


_CURRENT = Name(None, "")  # that of another database is an error
_CATALOGS = Name(None, "pg_catalog")  # all that SYSTEM is about, and nothing else, is in it
_STRONGEST = Lock.ACCESS_EXCLUSIVE
_GENTLE = Lock.SHARE_UPDATE_EXCLUSIVE
_OFF = (b"false", b"off", b"0")
_RULES: dict[bytes, Callable[[Words], Iterator[Touch]]] = {
    b"alter": alter,
    b"analyse": _analyze,
    b"analyze": _analyze,
    b"cluster": _cluster,
    b"comment": comment,
    b"copy": _copy,
    b"create": create,
    b"drop": drop,
    b"explain": _explain,
    b"lock": _lock,
    b"prepare": _prepare,
    b"reassign": reassign,
    b"refresh": _refresh,
    b"reindex": _reindex,
    b"truncate": _truncate,
    b"vacuum": _vacuum,
    **WRITING,
}
VERBS = frozenset(_RULES)
"""How the statements begin that touch something."""
