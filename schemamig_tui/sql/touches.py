"""What a statement touches: the names in it, as far as its text alone tells.

A statement that is not known here touches nothing: there is no guessing. What a DO block or a
function does cannot be seen.
"""

from collections.abc import Callable, Iterator

from schemamig_tui.sql import alter_table
from schemamig_tui.sql.lexer import tokens
from schemamig_tui.sql.locks import Lock
from schemamig_tui.sql.touch import ObjectKind, Right, Touch
from schemamig_tui.sql.words import Name, Words, named


def touches(sql: bytes) -> Iterator[Touch]:
    """What one statement touches."""
    yield from touches_of(Words(token[1] for token in tokens(sql)))


def touches_of(words: Words) -> Iterator[Touch]:
    """The same of a statement that somebody has cut into words for other purposes, too."""
    yield from _statement(words)


def _statement(words: Words) -> Iterator[Touch]:
    rule = _RULES.get(words.next().lower())
    if rule:
        yield from rule(words)


_RELATION_KINDS: tuple[tuple[bytes, ...], ...] = (
    (b"table",),
    (b"index",),
    (b"view",),
    (b"sequence",),
    (b"materialized", b"view"),
    (b"foreign", b"table"),
)
_KINDS: dict[tuple[bytes, ...], ObjectKind] = {
    **dict.fromkeys(_RELATION_KINDS, ObjectKind.RELATION),
    (b"type",): ObjectKind.TYPE,
    (b"domain",): ObjectKind.TYPE,
    (b"schema",): ObjectKind.SCHEMA,
    (b"function",): ObjectKind.OTHER,
    (b"procedure",): ObjectKind.OTHER,
    (b"aggregate",): ObjectKind.OTHER,
    (b"collation",): ObjectKind.OTHER,
    (b"extension",): ObjectKind.EXTENSION,
    (b"role",): ObjectKind.ROLE,
    (b"user",): ObjectKind.ROLE,
    (b"group",): ObjectKind.ROLE,
    (b"database",): ObjectKind.DATABASE,
}
_OWNED = (ObjectKind.RELATION, ObjectKind.TYPE, ObjectKind.SCHEMA)
# What belongs to a table and is named together with it.
_PARTS = (b"trigger", b"policy", b"rule", b"constraint")


def _kind(words: Words) -> tuple[str, ObjectKind] | None:
    """The kind of object that is next, which is taken: ``("TABLE", RELATION)``."""
    for kind, target in _KINDS.items():
        if words.take(*kind):
            return b" ".join(kind).decode().upper(), target
    return None


def _name(words: Words) -> Name | None:
    """The name that is next, with what may stand around it: ONLY, ``*``, columns."""
    if words.take(b"only"):
        words.take(b"(")
    name = words.name()
    if name:
        words.take(b")")
        words.take(b"*")
        words.group()
    return name


def _names(words: Words) -> Iterator[Name]:
    """The names of a list."""
    while name := _name(words):
        yield name
        if not words.take(b","):
            return


def _relation(
    words: Words, statement: str, lock: Lock, right: Right | None, work: str | None = None
) -> Iterator[Touch]:
    """The one relation that is next."""
    if name := _name(words):
        yield Touch(ObjectKind.RELATION, name, statement, lock, right, work)


def _insert(words: Words) -> Iterator[Touch]:
    if words.take(b"into"):
        yield from _relation(words, "INSERT", Lock.ROW_EXCLUSIVE, Right.INSERT)


def _merge(words: Words) -> Iterator[Touch]:
    if words.take(b"into"):
        yield from _relation(words, "MERGE", Lock.ROW_EXCLUSIVE, None)


def _has_where(words: Words) -> bool:
    """Whether rows may be chosen, also where the statement is too long to know."""
    return words.seek(b"where") != b"" or words.cut


def _update(words: Words) -> Iterator[Touch]:
    name = _name(words)
    if name:
        work = None if _has_where(words) else "writes all of it anew"
        yield Touch(ObjectKind.RELATION, name, "UPDATE", Lock.ROW_EXCLUSIVE, Right.UPDATE, work)


def _delete(words: Words) -> Iterator[Touch]:
    name = _name(words) if words.take(b"from") else None
    if name:
        work = None if _has_where(words) else "goes through all of it"
        yield Touch(ObjectKind.RELATION, name, "DELETE", Lock.ROW_EXCLUSIVE, Right.DELETE, work)


def _with(words: Words) -> Iterator[Touch]:
    """What stands behind the queries that WITH names. What they write themselves is not seen."""
    words.take(b"recursive")
    while words.path():
        words.group()
        if not words.take(b"as"):
            return
        words.take(b"not")
        words.take(b"materialized")
        if not words.group():
            return
        if not words.take(b","):
            if words.peek() in (b"insert", b"update", b"delete", b"merge"):
                yield from _statement(words)
            return


def _copy(words: Words) -> Iterator[Touch]:
    name = _name(words)
    direction = words.peek()
    if name and direction == b"from":
        yield Touch(ObjectKind.RELATION, name, "COPY", Lock.ROW_EXCLUSIVE, Right.INSERT)
    elif name and direction == b"to":
        yield Touch(ObjectKind.RELATION, name, "COPY", Lock.ACCESS_SHARE, Right.SELECT)


def _truncate(words: Words) -> Iterator[Touch]:
    words.take(b"table")
    for name in _names(words):
        yield Touch(ObjectKind.RELATION, name, "TRUNCATE", Lock.ACCESS_EXCLUSIVE, Right.TRUNCATE)


def _lock(words: Words) -> Iterator[Touch]:
    words.take(b"table")
    names = list(_names(words))
    mode = Lock.ACCESS_EXCLUSIVE
    if words.take(b"in"):
        named = b"_".join(words).upper().decode(errors="replace").partition("_MODE")[0]
        mode = Lock.__members__.get(named, mode)
    for name in names:
        yield Touch(ObjectKind.RELATION, name, "LOCK TABLE", mode)


def _drop(words: Words) -> Iterator[Touch]:
    if words.peek() in _PARTS:
        what = words.next().upper().decode()
        words.take(b"if", b"exists")
        if words.path() and words.take(b"on"):
            yield from _relation(words, f"DROP {what}", Lock.ACCESS_EXCLUSIVE, Right.OWNER)
        return
    kind = _kind(words)
    if kind is None or kind[1] not in _OWNED:
        return
    statement, lock = f"DROP {kind[0]}", Lock.ACCESS_EXCLUSIVE
    if words.take(b"concurrently"):
        statement, lock = f"{statement} CONCURRENTLY", Lock.SHARE_UPDATE_EXCLUSIVE
    words.take(b"if", b"exists")
    for name in _names(words):
        yield Touch(kind[1], name, statement, lock, Right.DROP)


def _alter(words: Words) -> Iterator[Touch]:
    kind = _kind(words)
    if kind is None or kind[1] not in _OWNED:
        return
    words.take(b"if", b"exists")
    if words.peek() == b"all":  # ALTER TABLE ALL IN TABLESPACE
        return
    name = _name(words)
    if name is None:
        return
    if kind[0] != "TABLE":
        lock = Lock.SHARE_UPDATE_EXCLUSIVE if kind[0] == "INDEX" else Lock.ACCESS_EXCLUSIVE
        yield Touch(kind[1], name, f"ALTER {kind[0]}", lock, Right.OWNER)
        return
    actions = words.rest()
    lock, work = alter_table.lock(actions), alter_table.work(actions)
    yield from _part(Words(actions))
    yield Touch(ObjectKind.RELATION, name, "ALTER TABLE", lock, Right.OWNER, work)
    yield from _references(actions, "ALTER TABLE")


def _part(words: Words) -> Iterator[Touch]:
    """The partition that an ALTER TABLE adds or takes away."""
    lock = Lock.ACCESS_EXCLUSIVE
    if words.take(b"attach", b"partition"):
        part = "ALTER TABLE ... ATTACH PARTITION"
        yield from _relation(words, part, lock, Right.OWNER, alter_table.READS)
    elif words.take(b"detach", b"partition"):
        yield from _relation(words, "ALTER TABLE ... DETACH PARTITION", lock, None)


def _references(rest: list[bytes], statement: str) -> Iterator[Touch]:
    """The tables that foreign keys in the rest of a statement refer to."""
    for i, word in enumerate(rest):
        if word.lower() == b"references":
            behind = Words(rest[i + 1 : i + 8])
            yield from _relation(behind, statement, Lock.SHARE_ROW_EXCLUSIVE, Right.REFERENCES)


def _create(words: Words) -> Iterator[Touch]:
    replaces = words.take(b"or", b"replace")
    modifiers = set()
    while words.peek() in _MODIFIERS:
        modifiers.add(words.next().lower())
    if rule := _CREATING.get(words.peek()):
        words.next()
        yield from rule(words)
        return
    kind = _kind(words)
    if kind is None or words.take(b"mapping"):
        return
    statement, target = f"CREATE {kind[0]}", kind[1]
    missing_only = words.take(b"if", b"not", b"exists")
    name = words.name()
    if name is None or (target is ObjectKind.SCHEMA and name == _AUTHORIZATION):
        name = words.name()
    if name is None:
        return
    temporary = not modifiers.isdisjoint(_TEMPORARY)
    if replaces and target is ObjectKind.RELATION:
        yield Touch(target, name, statement, Lock.ACCESS_EXCLUSIVE, Right.OWNER)
    right = None if temporary else Right.CREATE
    creates = not missing_only and not replaces
    yield Touch(target, name, statement, right=right, creates=creates, temporary=temporary)
    if statement == "CREATE TABLE":
        if words.take(b"partition", b"of"):
            part = "CREATE TABLE ... PARTITION OF"
            yield from _relation(words, part, Lock.ACCESS_EXCLUSIVE, Right.OWNER)
        yield from _references(words.rest(), statement)


_AUTHORIZATION = Name(None, "authorization")
_TEMPORARY = (b"temp", b"temporary")
_MODIFIERS = (b"global", b"local", b"unlogged", b"recursive", b"unique", b"constraint", *_TEMPORARY)


def _create_index(words: Words) -> Iterator[Touch]:
    statement, lock = "CREATE INDEX", Lock.SHARE
    if words.take(b"concurrently"):
        statement, lock = "CREATE INDEX CONCURRENTLY", Lock.SHARE_UPDATE_EXCLUSIVE
    missing_only = words.take(b"if", b"not", b"exists")
    path = [] if words.peek() == b"on" else words.path()
    if not words.take(b"on"):
        return
    yield from _relation(words, statement, lock, Right.OWNER, alter_table.READS)
    if path and not missing_only:
        yield Touch(ObjectKind.RELATION, Name(None, path[-1]), statement, creates=True)


def _create_trigger(words: Words) -> Iterator[Touch]:
    if words.seek(b"on"):
        yield from _relation(words, "CREATE TRIGGER", Lock.SHARE_ROW_EXCLUSIVE, Right.TRIGGER)


def _create_policy(words: Words) -> Iterator[Touch]:
    if words.seek(b"on"):
        yield from _relation(words, "CREATE POLICY", Lock.ACCESS_EXCLUSIVE, Right.OWNER)


def _create_rule(words: Words) -> Iterator[Touch]:
    if words.seek(b"to"):
        yield from _relation(words, "CREATE RULE", Lock.ACCESS_EXCLUSIVE, Right.OWNER)


def _comment(words: Words) -> Iterator[Touch]:
    if not words.take(b"on"):
        return
    lock = Lock.SHARE_UPDATE_EXCLUSIVE
    if words.peek() in _PARTS:
        words.next()
        if words.path() and words.take(b"on") and not words.take(b"domain"):
            yield from _relation(words, "COMMENT", lock, Right.OWNER)
    elif words.take(b"column"):
        if name := named(words.path()[:-1]):
            yield Touch(ObjectKind.RELATION, name, "COMMENT", lock, Right.OWNER)
    elif (kind := _kind(words)) and kind[1] in _OWNED and (name := words.name()):
        yield Touch(kind[1], name, "COMMENT", lock, Right.OWNER)


def _vacuum(words: Words) -> Iterator[Touch]:
    options = _options(words, b"full", b"freeze", b"verbose", b"analyze", b"analyse")
    full = b"full" in options
    lock = Lock.ACCESS_EXCLUSIVE if full else Lock.SHARE_UPDATE_EXCLUSIVE
    for name in _names(words):
        yield Touch(
            ObjectKind.RELATION,
            name,
            "VACUUM FULL" if full else "VACUUM",
            lock,
            work="rewrites all of it" if full else None,
        )


def _analyze(words: Words) -> Iterator[Touch]:
    _options(words, b"verbose")
    for name in _names(words):
        yield Touch(ObjectKind.RELATION, name, "ANALYZE", Lock.SHARE_UPDATE_EXCLUSIVE)


def _reindex(words: Words) -> Iterator[Touch]:
    options = _options(words)
    if not (words.take(b"table") or words.take(b"index")):
        return
    statement, lock = "REINDEX", Lock.SHARE
    if words.take(b"concurrently") or b"concurrently" in options:
        statement, lock = "REINDEX CONCURRENTLY", Lock.SHARE_UPDATE_EXCLUSIVE
    yield from _relation(words, statement, lock, Right.MAINTAIN, alter_table.READS)


def _cluster(words: Words) -> Iterator[Touch]:
    _options(words, b"verbose")
    yield from _relation(
        words, "CLUSTER", Lock.ACCESS_EXCLUSIVE, Right.MAINTAIN, "rewrites all of it"
    )


def _refresh(words: Words) -> Iterator[Touch]:
    if words.take(b"materialized", b"view"):
        lock = Lock.EXCLUSIVE if words.take(b"concurrently") else Lock.ACCESS_EXCLUSIVE
        yield from _relation(words, "REFRESH MATERIALIZED VIEW", lock, Right.MAINTAIN)


def _options(words: Words, *flags: bytes) -> set[bytes]:
    """The options in front of the names, in parentheses or as bare words."""
    found = set()
    if words.peek() == b"(":
        while (word := words.next().lower()) not in (b")", b""):
            found.add(word)
    while words.peek() in flags:
        found.add(words.next().lower())
    return found


_CREATING: dict[bytes, Callable[[Words], Iterator[Touch]]] = {
    b"index": _create_index,
    b"trigger": _create_trigger,
    b"policy": _create_policy,
    b"rule": _create_rule,
}
_RULES: dict[bytes, Callable[[Words], Iterator[Touch]]] = {
    b"alter": _alter,
    b"analyse": _analyze,
    b"analyze": _analyze,
    b"cluster": _cluster,
    b"comment": _comment,
    b"copy": _copy,
    b"create": _create,
    b"delete": _delete,
    b"drop": _drop,
    b"insert": _insert,
    b"lock": _lock,
    b"merge": _merge,
    b"refresh": _refresh,
    b"reindex": _reindex,
    b"truncate": _truncate,
    b"update": _update,
    b"vacuum": _vacuum,
    b"with": _with,
}
