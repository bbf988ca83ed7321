"""Finds what takes back the actions of ALTER TABLE, and of ALTER on views, types and the like."""

from collections.abc import Callable
from dataclasses import dataclass

from schemamig_tui.sql.inverse.inverse import Ask, Inverse, Named
from schemamig_tui.sql.inverse.objects import ObjectReference
from schemamig_tui.sql.inverse.reader import StatementReader


@dataclass(frozen=True, slots=True)
class _Action:
    """What takes one action of an ALTER back: see ``Inverse``.

    ``column`` is one that it adds, ``dropped`` one that it drops, ``index`` one that becomes a
    constraint's. ``moves``: it stays to be taken back when what it is about goes.
    """

    sql: str | None = None
    needs: str | None = None
    lost: str | None = None
    doubt: str | None = None
    remark: str | None = None
    ask: bool = False
    column: str | None = None
    dropped: str | None = None
    index: str | None = None
    moves: bool = False


def actions(reader: StatementReader, kind: str, head: str, reference: ObjectReference) -> Inverse:
    """The inverse of what stands behind the name in ``ALTER TABLE name``.

    ``head`` is what the statement begins with, up to the name.
    """
    start = f"{head} {reference}"
    one = _TYPE_ACTIONS if kind in ("TYPE", "DOMAIN") else _TABLE_ACTIONS
    found = [_action(item, start, one) for item in reader.items()]
    return Inverse(
        sql=tuple(a.sql for a in reversed(found) if a.sql),
        ask=Ask.SCHEMA if any(a.ask or a.needs for a in found) else None,
        needs=tuple(a.needs for a in found if a.needs),
        lost=tuple(a.lost for a in found if a.lost),
        doubts=tuple(a.doubt for a in found if a.doubt),
        remarks=tuple(a.remark for a in found if a.remark),
        creates=tuple(Named("COLUMN", f"{reference}.{a.column}") for a in found if a.column),
        if_missing=any(a.column and a.ask for a in found),
        drops=tuple(Named("COLUMN", f"{reference}.{a.dropped}") for a in found if a.dropped)
        if all(a.dropped for a in found)
        else (),
        takes_along=tuple(
            Named("INDEX", ".".join((*reference.parts[:-1], a.index))) for a in found if a.index
        ),
        on=() if any(a.moves for a in found) else (Named(kind, str(reference)),),
    )


_Rule = Callable[[StatementReader, str], _Action]


def _action(reader: StatementReader, start: str, rules: dict[str, _Rule]) -> _Action:
    word = reader.next().lower()
    rule = rules.get(word)
    return rule(reader, start) if rule else _Action(lost="what was there before")


def _add(reader: StatementReader, start: str) -> _Action:
    if reader.take("constraint"):
        return _constraint(reader, f"{start} DROP CONSTRAINT {reader.next()}")
    if reader.peek() in ("check", "unique", "primary", "foreign", "exclude") or (
        reader.peek() == "not" and reader.peek(1) == "null"
    ):
        return _Action(needs="the name that the constraint was given")
    if reader.take("attribute"):
        return _Action(f"{start} DROP ATTRIBUTE {reader.next()}")
    if reader.take("value"):
        return _Action(lost="the new value of the enum, which cannot be dropped")
    reader.take("column")
    missing = reader.take("if", "not", "exists")
    name = reader.next()
    doubt = f"The file says IF NOT EXISTS: this is right if there was no column {name}."
    return _Action(
        f"{start} DROP COLUMN {'IF EXISTS ' if missing else ''}{name}",
        doubt=doubt if missing else None,
        ask=missing,
        column=name,
    )


def _constraint(reader: StatementReader, drop: str) -> _Action:
    is_primary = reader.peek() == "primary"
    doubt = "Its columns stay NOT NULL: right if they were so before." if is_primary else None
    reader.until("using")
    if reader.take("using", "index"):
        index = reader.next()
        needs = f"the index {index}, which goes with it"
        return _Action(drop, needs, doubt=doubt, index=index)
    return _Action(drop, doubt=doubt, ask=is_primary)


def _drop(reader: StatementReader, start: str) -> _Action:
    if reader.take("constraint"):
        return _Action(needs="the definition of the constraint")
    what = "attribute" if reader.take("attribute") else "column"
    if reader.take("not", "null"):  # of a domain
        return _Action(f"{start} SET NOT NULL", ask=True)
    if reader.take("default"):
        return _Action(needs="the default that it had")
    reader.take("column")
    reader.take("if", "exists")
    dropped = reader.next() if what == "column" else None
    return _Action(needs=f"the {what}, and its values", dropped=dropped)


def _rename(reader: StatementReader, start: str) -> _Action:
    word = reader.take_any("column", "constraint", "attribute", "value")
    kind = f"{word.upper()} " if word else ""
    old = reader.next()
    new = reader.next() if reader.take("to") else ""
    cascade = f" {reader.rest()}".rstrip()
    return _Action(f"{start} RENAME {kind}{new} TO {old}{cascade}", moves=True)


def _alter(reader: StatementReader, start: str) -> _Action:
    if reader.take("constraint"):
        return _Action(needs="what the constraint was like")
    if reader.take("attribute"):
        return _Action(needs="the type that the attribute had")
    reader.take("column")
    column = reader.next()
    start = f"{start} ALTER COLUMN {column}"
    if reader.take("set", "not", "null"):
        return _Action(f"{start} DROP NOT NULL", ask=True)
    if reader.take("drop", "not", "null"):
        return _Action(f"{start} SET NOT NULL", ask=True)
    if reader.take("add", "generated"):
        return _Action(f"{start} DROP IDENTITY")
    if reader.take("restart"):
        return _Action(lost="the value that the sequence had")
    if reader.take("type") or reader.take("set", "data", "type"):
        return _Action(
            needs=f"the type that {column} had",
            remark="Values that do not fit the old type make it fail; what they were is not known.",
        )
    what = "default" if reader.peek(1) == "default" else "setting"
    return _Action(needs=f"the {what} that {column} had")


def _switch(reader: StatementReader, start: str, word: str, back: str) -> _Action:
    """ENABLE and DISABLE."""
    if reader.take("row", "level", "security"):
        return _Action(f"{start} {back} ROW LEVEL SECURITY", ask=True)
    if reader.peek() in ("always", "replica"):
        return _Action(needs="when it fired before")
    return _Action(f"{start} {back} {reader.rest()}", ask=True)


def _set(reader: StatementReader, start: str) -> _Action:
    if word := reader.take_any("logged", "unlogged"):
        return _Action(f"{start} SET {'UNLOGGED' if word == 'logged' else 'LOGGED'}", ask=True)
    if reader.take("not", "null"):  # of a domain
        return _Action(f"{start} DROP NOT NULL", ask=True)
    if reader.take("without", "cluster"):
        return _Action(lost="the index that it was clustered on")
    return _Action(needs="the setting that was there before")


def _attach(reader: StatementReader, start: str) -> _Action:
    if start.startswith("ALTER INDEX "):
        return _Action(lost="that the indexes were apart, as none can be detached")
    reader.take("partition")
    # It is detached before a new table goes, which would take it along.
    return _Action(f"{start} DETACH PARTITION {'.'.join(reader.path())}", moves=True)


def _no(reader: StatementReader, start: str) -> _Action:
    if reader.take("inherit"):
        return _Action(f"{start} INHERIT {reader.rest()}")
    return _Action(f"{start} FORCE ROW LEVEL SECURITY", ask=True)


def _validate(reader: StatementReader, start: str) -> _Action:
    return _Action(remark="The constraint stays validated, which does no harm.")


_TABLE_ACTIONS: dict[str, _Rule] = {
    "add": _add,
    "alter": _alter,
    "attach": _attach,
    "detach": lambda reader, start: _Action(needs="the bounds that the partition had"),
    "disable": lambda reader, start: _switch(reader, start, "disable", "ENABLE"),
    "drop": _drop,
    "enable": lambda reader, start: _switch(reader, start, "enable", "DISABLE"),
    "force": lambda reader, start: _Action(f"{start} NO FORCE ROW LEVEL SECURITY", ask=True),
    "inherit": lambda reader, start: _Action(f"{start} NO INHERIT {reader.rest()}"),
    "no": _no,
    "rename": _rename,
    "replica": lambda reader, start: _Action(needs="the replica identity that it had"),
    "reset": lambda reader, start: _Action(needs="the setting that was there before"),
    "set": _set,
    "validate": _validate,
}
_TYPE_ACTIONS: dict[str, _Rule] = {
    name: _TABLE_ACTIONS[name] for name in ("add", "alter", "drop", "rename", "set", "validate")
}
