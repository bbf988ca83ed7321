"""What ALTER, DROP and COMMENT touch."""

from collections.abc import Iterator

from schemamig_tui.sql.actions import READS, Does, TableAction, lock_of, work_of
from schemamig_tui.sql.alter_table import actions
from schemamig_tui.sql.locks import Lock
from schemamig_tui.sql.naming import OWNED, PARTS, relation, take_kind, take_name, take_names
from schemamig_tui.sql.touch import Condition, ObjectKind, Right, Touch
from schemamig_tui.sql.words import Name, Words, identifier, named

# Whose these are is not asked.
_RIGHT_UNKNOWN = (ObjectKind.OTHER, ObjectKind.EXTENSION)
_LIKE_TABLES = ("TABLE", "MATERIALIZED VIEW", "FOREIGN TABLE")


def alter(words: Words) -> Iterator[Touch]:
    """What ALTER touches, from the word behind it on."""
    if words.peek() in PARTS:
        what = words.next().upper().decode()
        if words.path() and words.take(b"on"):
            for touch in relation(words, f"ALTER {what}", Lock.ACCESS_EXCLUSIVE, Right.OWNER):
                depends = words.take(b"depends") or words.take(b"no", b"depends")
                yield touch._replace(lock=Lock.ACCESS_SHARE) if depends else touch
        return
    if words.take(b"publication"):
        yield from _publication(words)
        return
    if words.take(b"extension"):
        yield from _extension(words)
        return
    kind = take_kind(words)
    if kind is None or kind[1] not in OWNED:
        return
    words.take(b"if", b"exists")
    if words.peek() == b"all":  # ALTER TABLE ALL IN TABLESPACE
        return
    only = words.peek() == b"only"
    name = take_name(words)
    if name is None:
        return
    statement = f"ALTER {kind[0]}"
    rest = words.rest()
    becomes = _becomes(name, Words(rest))
    if kind[0] in _LIKE_TABLES:
        found = actions(rest)
        others = [one for action in found for one in _others(action, statement, name)]
        # A partition comes first: what happens to it is why the statement is there.
        yield from (one for one in others if "PARTITION" in one.statement)
        mode, work = lock_of(found), work_of(found)
        own = Touch(kind[1], name, statement, mode, Right.OWNER, work, only=only)
        yield own._replace(actions=found, becomes=becomes)
        yield from (one for one in others if "PARTITION" not in one.statement)
        return
    mode = _LOCKS.get(kind[0], _strongest)(Words(rest))
    work = READS if kind[0] == "DOMAIN" and _reads_rows(Words(rest)) else None
    cascade = _cascades(rest)
    own = Touch(kind[1], name, statement, mode, Right.OWNER, work, cascade=cascade)
    yield own._replace(becomes=becomes)
    if kind[0] == "INDEX" and Words(rest).take(b"attach"):
        yield from relation(Words(rest[2:]), statement, Lock.ACCESS_EXCLUSIVE, Right.OWNER)


def _becomes(name: Name, words: Words) -> Name | None:
    """The name of an object behind RENAME TO or SET SCHEMA; None behind another action."""
    if words.take(b"rename", b"to") and (new := words.name()):
        return Name(name.schema, new.name)
    if words.take(b"set", b"schema") and (schema := words.name()):
        return Name(schema.name, name.name)
    return None


def _others(action: TableAction, statement: str, table: Name) -> Iterator[Touch]:
    """The other table of an action of ALTER TABLE."""
    if action.other is None:
        return
    mode, right, work = None, None, None
    if action.does is Does.ATTACH:
        statement = f"{statement} ... ATTACH PARTITION"
        mode, right, work = Lock.ACCESS_EXCLUSIVE, Right.OWNER, READS
    elif action.does is Does.DETACH:
        statement = f"{statement} ... DETACH PARTITION"
        gentle = action.lock is Lock.SHARE_UPDATE_EXCLUSIVE
        mode = Lock.SHARE_UPDATE_EXCLUSIVE if gentle else Lock.ACCESS_EXCLUSIVE
    elif action.does is Does.ADD_FOREIGN_KEY:
        mode, right = Lock.SHARE_ROW_EXCLUSIVE, Right.REFERENCES
    elif action.does is Does.INHERIT:
        mode, right = Lock.SHARE_UPDATE_EXCLUSIVE, Right.OWNER
    elif action.does is Does.NO_INHERIT:
        mode = Lock.ACCESS_SHARE
    if mode:
        condition = None
        if action.missing_only and (column := action.of_column) is not None:
            condition = Condition("column", Name(None, column), there=False, on=table)
        target = ObjectKind.RELATION
        yield Touch(target, action.other, statement, mode, right, work, condition=condition)


def _extension(words: Words) -> Iterator[Touch]:
    """The relation that becomes, or was, a part of an extension."""
    if not words.path() or not (words.take(b"add") or words.take(b"drop")):
        return
    kind = take_kind(words)
    if kind and kind[1] is ObjectKind.RELATION:
        mode = Lock.SHARE_UPDATE_EXCLUSIVE
        yield from relation(words, "ALTER EXTENSION", mode, Right.OWNER)


def _publication(words: Words) -> Iterator[Touch]:
    """The tables that come or go.

    ``SET TABLE`` names those that stay: that of the publication stands for those that go.
    """
    publication = words.name()
    verb = words.peek() if publication else b""
    if publication and (words.take(b"set", b"table") or words.take(b"set", b"tables")):
        statement, mode = "ALTER PUBLICATION ... SET", Lock.SHARE_UPDATE_EXCLUSIVE
        yield Touch(ObjectKind.PUBLICATION, publication, statement, mode)
        verb = b"" if words.peek() == b"in" else verb
    elif not words.take(verb, b"table"):
        return
    if verb in (b"add", b"set", b"drop"):
        for name, only in take_names(words):
            yield Touch(
                ObjectKind.RELATION,
                name,
                "ALTER PUBLICATION",
                Lock.SHARE_UPDATE_EXCLUSIVE,
                None if verb == b"drop" else Right.OWNER,
                only=only,
            )


def _strongest(words: Words) -> Lock:
    return Lock.ACCESS_EXCLUSIVE


def _of_index(words: Words) -> Lock:
    if words.take(b"rename") or words.take(b"attach") or words.take(b"alter"):
        return Lock.SHARE_UPDATE_EXCLUSIVE
    if words.peek() in (b"set", b"reset"):
        return lock_of(actions(words.rest()))
    return Lock.ACCESS_EXCLUSIVE


def _of_sequence(words: Words) -> Lock:
    moved = words.peek() in (b"rename", b"set") or words.take(b"owner")
    return Lock.ACCESS_EXCLUSIVE if moved else Lock.SHARE_ROW_EXCLUSIVE


_LOCKS = {"INDEX": _of_index, "SEQUENCE": _of_sequence}


def _reads_rows(words: Words) -> bool:
    """Whether an ALTER DOMAIN checks the rows of all tables that have a column of it."""
    if words.take(b"set", b"not", b"null") or words.take(b"validate"):
        return True
    if not words.take(b"add"):
        return False
    rest = [word.lower() for word in words]
    return rest[-2:] != [b"not", b"valid"]


def drop(words: Words) -> Iterator[Touch]:
    """What DROP touches, from the word behind it on."""
    if words.peek() in PARTS:
        what = words.next().decode().lower()
        if_exists = words.take(b"if", b"exists")
        part = words.name()
        if part and words.take(b"on"):
            statement = f"DROP {what.upper()}"
            for touch in relation(words, statement, Lock.ACCESS_EXCLUSIVE, Right.OWNER):
                condition = Condition(what, part, there=True, on=touch.name) if if_exists else None
                yield touch._replace(condition=condition)
        return
    if words.take(b"owned", b"by"):
        roles = [*_of_roles(words, "DROP OWNED")]
        cascade = _cascades(words.rest())
        yield from (touch._replace(cascade=cascade) for touch in roles)
        return
    kind = _take_dependable(words) or take_kind(words)
    if kind is None or kind[1] not in (*OWNED, *_RIGHT_UNKNOWN):
        return
    statement, mode = f"DROP {kind[0]}", Lock.ACCESS_EXCLUSIVE
    if words.take(b"concurrently"):
        statement, mode = f"{statement} CONCURRENTLY", Lock.SHARE_UPDATE_EXCLUSIVE
    words.take(b"if", b"exists")
    operators = kind[0] == "OPERATOR"
    names = [*_operators(words)] if operators else [name for name, _ in take_names(words)]
    cascade = _cascades(words.rest())
    right = None if kind[1] in _RIGHT_UNKNOWN else Right.DROP
    for name in names:
        yield Touch(kind[1], name, statement, mode, right, cascade=cascade)


def _cascades(rest: list[bytes]) -> bool:
    return b"".join(rest[-1:]).lower() == b"cascade"


def _operators(words: Words) -> Iterator[Name]:
    """The operators of a list, each with the types of its operands behind it."""
    while symbol := words.next():
        schema = identifier(symbol) if words.take(b".") else None
        name = words.next() if schema else symbol
        if not words.group():
            return
        yield Name(schema, name.decode(errors="replace"))
        if not words.take(b","):
            return


def _take_dependable(words: Words) -> tuple[str, ObjectKind] | None:
    words.take(b"procedural")
    for kind in _DEPENDABLE:
        if words.take(*kind):
            return b" ".join(kind).decode().upper(), ObjectKind.OTHER
    return None


# A table, an index or a trigger may depend on them.
_DEPENDABLE = (
    (b"access", b"method"),
    (b"foreign", b"data", b"wrapper"),
    (b"language",),
    (b"operator", b"class"),
    (b"operator", b"family"),
    (b"operator",),
    (b"server",),
    (b"text", b"search", b"configuration"),
    (b"text", b"search", b"dictionary"),
    (b"text", b"search", b"parser"),
    (b"text", b"search", b"template"),
)


def reassign(words: Words) -> Iterator[Touch]:
    """What REASSIGN OWNED touches, from the word behind it on."""
    if words.take(b"owned", b"by"):
        yield from _of_roles(words, "REASSIGN OWNED")


def _of_roles(words: Words, statement: str) -> Iterator[Touch]:
    for name, _ in take_names(words):
        yield Touch(ObjectKind.ROLE, name, statement, Lock.ACCESS_EXCLUSIVE)


def comment(words: Words) -> Iterator[Touch]:
    """What COMMENT touches, from the word behind it on."""
    if not words.take(b"on"):
        return
    mode = Lock.SHARE_UPDATE_EXCLUSIVE
    if words.peek() in PARTS:
        words.next()
        if words.path() and words.take(b"on") and not words.take(b"domain"):
            yield from relation(words, "COMMENT", Lock.ACCESS_SHARE, Right.OWNER)
    elif words.take(b"column"):
        if name := named(words.path()[:-1]):
            yield Touch(ObjectKind.RELATION, name, "COMMENT", mode, Right.OWNER)
    elif (kind := take_kind(words)) and kind[1] in OWNED and (name := words.name()):
        yield Touch(kind[1], name, "COMMENT", mode, Right.OWNER)
