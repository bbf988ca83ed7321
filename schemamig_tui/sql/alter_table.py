"""The actions of an ALTER TABLE, read one by one: the lock that each takes, and what it is about.

https://www.postgresql.org/docs/current/sql-altertable.html names the lock of each; those of SET and
RESET are in src/backend/access/common/reloptions.c.
"""

from collections.abc import Iterator, Sequence

from schemamig_tui.sql.actions import Does, TableAction
from schemamig_tui.sql.column_definitions import CONSTRAINTS, constraint, new_column, one_part
from schemamig_tui.sql.locks import Lock
from schemamig_tui.sql.words import Words


def actions(words: Sequence[bytes]) -> tuple[TableAction, ...]:
    """The actions, from the words behind the name of the table."""
    return tuple(action for one in _each(words) for action in _action(Words(one)))


def keys(words: Sequence[bytes]) -> tuple[TableAction, ...]:
    """The actions that would add the keys of a CREATE TABLE; ``words`` stand in its parentheses."""
    return tuple(
        action
        for one in _each(words)
        if not _OF_KEYS.isdisjoint([word.lower() for word in one])
        for action in _keys(Words(one))
    )


def _keys(words: Words) -> Iterator[TableAction]:
    """The actions that would add the keys of one part, a constraint or a column."""
    name = one_part(words) if words.take(b"constraint") else None
    if words.peek() in CONSTRAINTS:
        yield constraint(words, name, None)
        return
    column = one_part(words)
    while word := words.peek():
        if word in _OF_KEYS:
            yield constraint(words, name, column)
        elif word == b"constraint":
            words.next()
            name = one_part(words)
            continue
        elif not words.group():
            words.next()
        name = None


def _each(words: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    start = depth = 0
    for i, word in enumerate(words):
        if word in _EDGES:
            if word == b",":
                if depth == 0:
                    yield words[start:i]
                    start = i + 1
            else:
                depth += 1 if word in b"([" else -1
    yield words[start:]


def _action(words: Words) -> Iterator[TableAction]:
    verb = words.next().lower()
    rule = _VERBS.get(verb)
    if rule:
        yield from rule(words)
    else:
        yield TableAction(Does.CHANGE_ONE)


def _add(words: Words) -> Iterator[TableAction]:
    name = None
    if words.take(b"constraint"):
        name = one_part(words)
    if words.peek() in CONSTRAINTS:
        yield constraint(words, name, None)
        return
    words.take(b"column")
    missing_only = words.take(b"if", b"not", b"exists")
    for action in new_column(words):
        yield action._replace(missing_only=True) if missing_only else action


def _alter(words: Words) -> Iterator[TableAction]:
    if words.take(b"constraint"):
        name = one_part(words)
        text = b" ".join(words).lower().decode(errors="replace")
        yield TableAction(Does.ALTER_CONSTRAINT, name=name, text=text)
        return
    words.take(b"column")
    column = one_part(words)
    if words.take(b"set", b"not", b"null"):
        yield TableAction(Does.SET_NOT_NULL, column=column)
    elif words.take(b"drop", b"not", b"null"):
        yield TableAction(Does.DROP_NOT_NULL, column=column)
    elif words.take(b"type") or words.take(b"set", b"data", b"type"):
        kind: list[bytes] = []
        while words.peek() not in (b"", b"using"):
            kind.append(words.next())
        using = words.rest()[1:]
        yield TableAction(
            Does.SET_TYPE,
            column=column,
            type=b" ".join(kind).decode(errors="replace"),
            calls=None if using else frozenset(),
            text=b" ".join(using).decode(errors="replace") or None,
        )
    elif words.take(b"set", b"expression"):
        yield TableAction(Does.SET_EXPRESSION, column=column)
    elif words.take(b"set", b"statistics"):
        yield TableAction(Does.CHANGE, lock=Lock.SHARE_UPDATE_EXCLUSIVE, column=column)
    elif words.take(b"set", b"(") or words.take(b"reset"):
        yield TableAction(Does.CHANGE_ONE, lock=Lock.SHARE_UPDATE_EXCLUSIVE, column=column)
    elif words.take(b"set", b"compression"):
        yield TableAction(Does.CHANGE_ONE, column=column)
    elif words.take(b"add") or words.take(b"drop", b"identity"):
        yield TableAction(Does.SET_IDENTITY, column=column)
    elif words.peek() == b"restart" or (words.take(b"set") and words.peek() in _OF_IDENTITY):
        is_set = b"generated" in [word.lower() for word in words]
        yield TableAction(Does.SET_IDENTITY if is_set else Does.CHANGE_ONE, column=column)
    else:
        yield TableAction(Does.CHANGE, column=column)


def _drop(words: Words) -> Iterator[TableAction]:
    if words.take(b"constraint"):
        words.take(b"if", b"exists")
        found = TableAction(Does.DROP_CONSTRAINT, name=one_part(words))
    else:
        words.take(b"column")
        words.take(b"if", b"exists")
        found = TableAction(Does.DROP_COLUMN, column=one_part(words))
    yield found._replace(cascade=words.take(b"cascade"))


def _rename(words: Words) -> Iterator[TableAction]:
    if words.take(b"to"):
        yield TableAction(Does.CHANGE_ONE)
        return
    does = Does.RENAME_CONSTRAINT if words.take(b"constraint") else Does.CHANGE
    words.take(b"column")
    name = one_part(words)
    words.take(b"to")
    yield TableAction(does, name=name, becomes=one_part(words))


def _validate(words: Words) -> Iterator[TableAction]:
    words.take(b"constraint")
    yield TableAction(Does.VALIDATE, lock=Lock.SHARE_UPDATE_EXCLUSIVE, name=one_part(words))


def _attach(words: Words) -> Iterator[TableAction]:
    words.take(b"partition")
    other = words.name()
    text = b" ".join(words).decode(errors="replace")
    yield TableAction(Does.ATTACH, lock=Lock.SHARE_UPDATE_EXCLUSIVE, other=other, text=text)


def _detach(words: Words) -> Iterator[TableAction]:
    words.take(b"partition")
    other = words.name()
    gentle = words.take(b"concurrently")
    mode = Lock.SHARE_UPDATE_EXCLUSIVE if gentle else Lock.ACCESS_EXCLUSIVE
    yield TableAction(Does.DETACH, lock=mode, other=other)


def _inherit(words: Words) -> Iterator[TableAction]:
    yield TableAction(Does.INHERIT, other=words.name())


def _no(words: Words) -> Iterator[TableAction]:
    if words.take(b"inherit"):
        yield TableAction(Does.NO_INHERIT, other=words.name())
    else:
        yield TableAction(Does.CHANGE_ONE)


def _switch(words: Words) -> Iterator[TableAction]:
    """ENABLE and DISABLE."""
    words.take(b"always")
    words.take(b"replica")
    if words.take(b"trigger"):
        yield TableAction(Does.CHANGE_PARTITIONS, lock=Lock.SHARE_ROW_EXCLUSIVE)
    else:
        yield TableAction(Does.CHANGE_ONE)


def _set(words: Words) -> Iterator[TableAction]:
    if words.peek() in (b"logged", b"unlogged", b"tablespace", b"access"):
        form = words.next().lower()
        words.take(b"method")
        yield TableAction(Does.MOVE, text=form.decode(), name=one_part(words))
    elif words.peek() == b"(":
        yield from _options(words)
    elif words.take(b"without", b"cluster"):
        yield TableAction(Does.CHANGE_ONE, lock=Lock.SHARE_UPDATE_EXCLUSIVE)
    else:
        yield TableAction(Does.CHANGE_ONE)


def _options(words: Words) -> Iterator[TableAction]:
    """SET and RESET of options: most can be changed while rows are written."""
    strong = not _STRONG_OPTIONS.isdisjoint(word.lower() for word in words.inside())
    mode = Lock.ACCESS_EXCLUSIVE if strong else Lock.SHARE_UPDATE_EXCLUSIVE
    yield TableAction(Does.CHANGE_ONE, lock=mode)


def _cluster(words: Words) -> Iterator[TableAction]:
    yield TableAction(Does.CHANGE_ONE, lock=Lock.SHARE_UPDATE_EXCLUSIVE)


_EDGES = frozenset((b",", b"(", b")", b"[", b"]"))
_OF_KEYS = frozenset((b"primary", b"references", b"unique"))
# What SET changes of an identity column: all but GENERATED is of its sequence alone.
_OF_IDENTITY = frozenset(
    (
        b"cache",
        b"cycle",
        b"generated",
        b"increment",
        b"maxvalue",
        b"minvalue",
        b"no",
        b"restart",
        b"start",
    )
)
# reloptions.c: what is not among those that need SHARE UPDATE EXCLUSIVE, of tables and indexes.
_STRONG_OPTIONS = frozenset(
    (
        b"buffering",
        b"check_option",
        b"fastupdate",
        b"gin_pending_list_limit",
        b"security_barrier",
        b"security_invoker",
        b"user_catalog_table",
    )
)
_VERBS = {
    b"add": _add,
    b"alter": _alter,
    b"attach": _attach,
    b"cluster": _cluster,
    b"detach": _detach,
    b"disable": _switch,
    b"drop": _drop,
    b"enable": _switch,
    b"inherit": _inherit,
    b"no": _no,
    b"rename": _rename,
    b"reset": _options,
    b"set": _set,
    b"validate": _validate,
}
