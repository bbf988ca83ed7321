"""The definition of a column, and the constraints of a table, read word by word."""

from collections.abc import Iterator
from typing import NamedTuple

from schemamig_tui.sql.actions import Does, TableAction
from schemamig_tui.sql.expressions import calls
from schemamig_tui.sql.locks import Lock
from schemamig_tui.sql.words import Name, Words

CONSTRAINTS = frozenset(
    (b"not", b"check", b"unique", b"primary", b"exclude", b"foreign", b"references")
)
_NEXT = frozenset(
    (b"constraint", b"check", b"unique", b"primary", b"references", b"default", b"generated")
)
_BEHIND_VALUE = _NEXT | {b"not", b"null", b"collate", b"deferrable", b"initially"}
_BEHIND_TYPE = _BEHIND_VALUE | {b"storage", b"compression", b"options"}
_SERIAL = ("serial", "serial2", "serial4", "serial8", "smallserial", "bigserial")


def new_column(words: Words) -> Iterator[TableAction]:
    """A new column, and each constraint that its definition has."""
    column = one_part(words)
    if column is None:
        yield TableAction(Does.ADD_COLUMN, calls=None)
        return
    kind: list[bytes] = []
    while (word := words.peek()) and word not in _BEHIND_TYPE:
        kind.append(words.next())
    type_ = b" ".join(kind).decode(errors="replace")
    named: frozenset[str] = frozenset()
    computed = type_.lower().rpartition(" ")[2] in _SERIAL
    defaulted, virtual = computed, False
    rest: list[TableAction] = []
    name = None
    while word := words.peek():
        if word == b"constraint":
            words.next()
            name = one_part(words)
            continue
        if word == b"default":
            words.next()
            value = _expression(words)
            defaulted = defaulted or [one.lower() for one in value] != [b"null"]
            named |= calls(value)
        elif word == b"generated":
            words.next()
            virtual = not _is_stored(words)
            computed = computed or not virtual
            defaulted = True
        elif word in CONSTRAINTS:
            rest.append(constraint(words, name, column))
        else:
            words.next()
        name = None
    yield TableAction(
        Does.ADD_COLUMN,
        column=column,
        type=type_,
        calls=named,
        computed=computed,
        defaulted=defaulted,
    )
    yield from (one._replace(defaulted=defaulted, virtual=virtual) for one in rest)


def _is_stored(words: Words) -> bool:
    """Whether what GENERATED makes is stored with every row."""
    if not words.take(b"always"):
        words.take(b"by", b"default")
    words.take(b"as")
    if words.take(b"identity"):
        words.group()
        return True
    words.group()
    return words.take(b"stored")


def constraint(words: Words, name: str | None, column: str | None) -> TableAction:
    """A constraint of a table, or of the new ``column``, from its first word on."""
    kind = words.next().lower()
    if kind == b"not":
        return _not_null(words, name, column)
    if kind == b"check":
        return _check(words, name, column)
    if kind in (b"unique", b"primary", b"exclude"):
        return _key(words, kind, name, column)
    return _foreign_key(words, kind, name, column)


def _not_null(words: Words, name: str | None, column: str | None) -> TableAction:
    words.take(b"null")
    named = one_part(words) if column is None else column
    marks = _marks(words)
    return TableAction(
        Does.SET_NOT_NULL,
        column=named,
        name=name,
        new=column is not None,
        trusted=marks.trusted,
        no_inherit=marks.no_inherit,
    )


def _check(words: Words, name: str | None, column: str | None) -> TableAction:
    condition, marks = words.inside(), _marks(words)
    return TableAction(
        Does.ADD_CHECK,
        name=name,
        column=column,
        text=b" ".join(condition).decode(errors="replace"),
        calls=calls(condition),
        new=column is not None,
        trusted=marks.trusted,
        no_inherit=marks.no_inherit,
    )


def _key(words: Words, kind: bytes, name: str | None, column: str | None) -> TableAction:
    """A PRIMARY KEY, UNIQUE or EXCLUDE constraint; the columns of an EXCLUDE are not read."""
    words.take(b"key")
    words.take(b"nulls", b"not", b"distinct") or words.take(b"nulls", b"distinct")
    columns = _columns(words) if column is None else (column,)
    if kind == b"exclude":
        columns = ()
        words.seek(b"with", b"where")
    index = _using_index(words)
    return TableAction(
        Does.ADD_KEY,
        name=name,
        other=index,
        columns=columns,
        primary=kind == b"primary",
        new=column is not None,
        trusted=index is not None,
    )


def _foreign_key(words: Words, kind: bytes, name: str | None, column: str | None) -> TableAction:
    columns: tuple[str, ...] = () if column is None else (column,)
    if kind == b"foreign":
        words.take(b"key")
        columns = _columns(words)
        words.take(b"references")
    words.take(b"only")
    other = words.name()
    others = _columns(words)
    return TableAction(
        Does.ADD_FOREIGN_KEY,
        lock=Lock.SHARE_ROW_EXCLUSIVE if column is None else Lock.ACCESS_EXCLUSIVE,
        name=name,
        other=other,
        columns=columns,
        others=others,
        new=column is not None,
        trusted=_marks(words).trusted,
    )


def one_part(words: Words) -> str | None:
    """A name of one part."""
    path = words.path()
    return path[-1] if path else None


def _columns(words: Words) -> tuple[str, ...]:
    names = Words(words.inside())
    found = []
    while column := one_part(names):
        found.append(column)
        names.take(b",")
    return tuple(found)


def _expression(words: Words) -> list[bytes]:
    """A value, up to the next constraint of the column."""
    found: list[bytes] = []
    depth = 0
    while word := words.peek():
        if depth == 0 and found and word in _BEHIND_VALUE:
            break
        depth += (word in b"([") - (word in b")]")
        found.append(words.next())
    return found


class _Marks(NamedTuple):
    """What stands behind a constraint: NOT VALID or NOT ENFORCED, and NO INHERIT."""

    trusted: bool
    no_inherit: bool


def _marks(words: Words) -> _Marks:
    """What follows, before another constraint begins."""
    trusted = no_inherit = False
    while (word := words.peek()) and word not in _NEXT:
        if word == b"not":
            if words.take(b"not", b"valid") or words.take(b"not", b"enforced"):
                trusted = True
            elif not words.take(b"not", b"deferrable"):
                break
        elif word == b"no" and words.take(b"no", b"inherit"):
            no_inherit = True
        elif not words.group():
            words.next()
    return _Marks(trusted, no_inherit)


def _using_index(words: Words) -> Name | None:
    if words.take(b"using", b"index"):
        return None if words.peek() == b"tablespace" else words.name()
    return None
