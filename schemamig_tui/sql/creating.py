"""What CREATE touches: the new object, and what it is made on."""

from collections.abc import Callable, Iterator
from itertools import pairwise

from schemamig_tui.sql.actions import READS, TableAction
from schemamig_tui.sql.alter_table import keys
from schemamig_tui.sql.column_definitions import one_part
from schemamig_tui.sql.locks import Lock
from schemamig_tui.sql.naming import relation, take_kind, take_names
from schemamig_tui.sql.touch import Condition, ObjectKind, Right, Touch
from schemamig_tui.sql.words import Name, Words, unquoted
from schemamig_tui.sql.writing import writes


def create(words: Words) -> Iterator[Touch]:
    """What CREATE touches, from the word behind it on."""
    replaces = words.take(b"or", b"replace")
    modifiers = set()
    while words.peek() in _MODIFIERS:
        modifiers.add(words.next().lower())
    if rule := _CREATING.get(words.peek()):
        words.next()
        for touch in rule(words):
            unneeded = touch.unique and b"unique" not in modifiers
            yield touch._replace(unique=()) if unneeded else touch
        return
    kind = take_kind(words)
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
    condition = Condition("relation", name, there=False) if missing_only else None
    if replaces and target is ObjectKind.RELATION:
        yield Touch(target, name, statement, Lock.ACCESS_EXCLUSIVE, Right.OWNER)
    right = None if temporary else Right.CREATE
    creates = not missing_only and not replaces
    labels = _labels(words) if statement == "CREATE TYPE" else None
    is_table = statement in ("CREATE TABLE", "CREATE FOREIGN TABLE")
    parents = [*_parent(words)] if is_table else []
    added = keys(words.inside()) if is_table else ()
    yield Touch(
        target,
        name,
        statement,
        right=right,
        creates=creates,
        temporary=temporary,
        labels=labels,
        keys=added,
        constrained=statement == "CREATE DOMAIN" and words.seek(b"check", b"not") != b"",
    )
    if is_table:
        for touch in (*parents, *_referenced(added, statement), *_inherited(words.rest())):
            yield touch._replace(condition=condition) if condition else touch
    elif target is ObjectKind.SCHEMA:
        yield from _in_schema(words.rest(), name.name)


def _in_schema(rest: list[bytes], schema: str) -> Iterator[Touch]:
    """What the statements inside a CREATE SCHEMA touch: what they make is made in the schema."""
    starts = [i for i, word in enumerate(rest) if word.lower() in (b"create", b"grant")]
    for start, end in pairwise((*starts, len(rest))):
        if rest[start].lower() == b"create":
            for touch in create(Words(rest[start + 1 : end])):
                is_made = touch.creates and touch.name.schema is None
                yield touch._replace(name=Name(schema, touch.name.name)) if is_made else touch


def _labels(words: Words) -> tuple[str, ...] | None:
    """The labels of a new enum; None for another type."""
    if not words.take(b"as", b"enum"):
        return None
    return tuple(unquoted(word) or "" for word in words.inside() if word != b",")


def _parent(words: Words) -> Iterator[Touch]:
    """The table that a new one is a partition of; or none, behind the type that it is made of."""
    if words.take(b"of"):
        words.path()
    elif words.take(b"partition", b"of") and (name := words.name()):
        part = "CREATE TABLE ... PARTITION OF"
        yield Touch(ObjectKind.RELATION, name, part, Lock.ACCESS_EXCLUSIVE, Right.OWNER)


def _inherited(rest: list[bytes]) -> Iterator[Touch]:
    folded = [word.lower() for word in rest]
    if b"inherits" in folded:
        behind = Words(rest[folded.index(b"inherits") + 1 :])
        behind.take(b"(")
        for name, _ in take_names(behind):
            yield Touch(
                ObjectKind.RELATION,
                name,
                "CREATE TABLE ... INHERITS",
                Lock.SHARE_UPDATE_EXCLUSIVE,
                Right.OWNER,
            )


def _referenced(added: tuple[TableAction, ...], statement: str) -> Iterator[Touch]:
    """The tables that the foreign keys of a new one refer to."""
    lock, right = Lock.SHARE_ROW_EXCLUSIVE, Right.REFERENCES
    for key in added:
        if key.other:
            yield Touch(ObjectKind.RELATION, key.other, statement, lock, right)


_AUTHORIZATION = Name(None, "authorization")
_TEMPORARY = (b"temp", b"temporary")
_MODIFIERS = frozenset(
    (b"global", b"local", b"unlogged", b"recursive", b"unique", b"constraint", *_TEMPORARY)
)


def _index(words: Words) -> Iterator[Touch]:
    statement, lock = "CREATE INDEX", Lock.SHARE
    if words.take(b"concurrently"):
        statement, lock = "CREATE INDEX CONCURRENTLY", Lock.SHARE_UPDATE_EXCLUSIVE
    missing_only = words.take(b"if", b"not", b"exists")
    path = [] if words.peek() == b"on" else words.path()
    if not words.take(b"on"):
        return
    only = words.take(b"only")
    if table := words.name():
        condition = None
        if missing_only and path:
            condition = Condition("index", Name(None, path[-1]), there=False, on=table)
        yield Touch(
            ObjectKind.RELATION,
            table,
            statement,
            lock,
            Right.OWNER,
            READS,
            only=only,
            unique=_plain_columns(words),
            condition=condition,
        )
    if table and path and not missing_only:
        index = Name(table.schema, path[-1])
        yield Touch(ObjectKind.RELATION, index, statement, creates=True)


def _plain_columns(words: Words) -> tuple[str, ...]:
    """The columns of an index on columns alone and on all rows; none for another one."""
    if words.take(b"using"):
        words.next()
    names = Words(words.inside())
    found = []
    while column := one_part(names):
        found.append(column)
        while names.peek() in (b"asc", b"desc", b"nulls", b"first", b"last"):
            names.next()
        if not names.take(b","):
            break
    if names.peek() or words.seek(b"where", b"nulls"):
        return ()
    return tuple(found)


def _trigger(words: Words) -> Iterator[Touch]:
    if not words.seek(b"on"):
        return
    statement, mode = "CREATE TRIGGER", Lock.SHARE_ROW_EXCLUSIVE
    for touch in relation(words, statement, mode, Right.TRIGGER):
        # The partitions of a table get a trigger of their own only if it fires for each row.
        yield touch._replace(only=not words.seek(b"row"))


def _policy(words: Words) -> Iterator[Touch]:
    if words.seek(b"on"):
        yield from relation(words, "CREATE POLICY", Lock.ACCESS_EXCLUSIVE, Right.OWNER)


def _rule(words: Words) -> Iterator[Touch]:
    """The relation that gets a rule, and those that the rule writes to: reading it locks them."""
    if not words.seek(b"to"):
        return
    yield from relation(words, "CREATE RULE", Lock.ACCESS_EXCLUSIVE, Right.OWNER)
    words.seek(b"do")
    words.take(b"also")
    words.take(b"instead")
    actions = words.inside() if words.peek() == b"(" else words.rest()
    ends = [i for i, word in enumerate(actions) if word == b";"]
    for start, end in pairwise((-1, *ends, len(actions))):
        for touch in writes(Words(actions[start + 1 : end])):
            if touch.lock:
                yield Touch(touch.target, touch.name, "CREATE RULE", touch.lock)


def _statistics(words: Words) -> Iterator[Touch]:
    if words.seek(b"from"):
        yield from relation(words, "CREATE STATISTICS", Lock.SHARE_UPDATE_EXCLUSIVE, Right.OWNER)


def _publication(words: Words) -> Iterator[Touch]:
    if words.path() and words.take(b"for", b"table"):
        for name, only in take_names(words):
            yield Touch(
                ObjectKind.RELATION,
                name,
                "CREATE PUBLICATION",
                Lock.SHARE_UPDATE_EXCLUSIVE,
                Right.OWNER,
                only=only,
            )


_CREATING: dict[bytes, Callable[[Words], Iterator[Touch]]] = {
    b"index": _index,
    b"trigger": _trigger,
    b"policy": _policy,
    b"publication": _publication,
    b"rule": _rule,
    b"statistics": _statistics,
}
