"""Brings back tables and columns that are gone, but not what was in them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from schemamig_tui.authoring.reversal.collector import Collector, Originals
from schemamig_tui.authoring.reversal.facts import bound, fact, facts
from schemamig_tui.authoring.reversal.spelling import collate
from schemamig_tui.catalog.objects import Object

COLUMNS, CONSTRAINTS, INDEXES, TRIGGERS, POLICIES = range(5)
"""The parts of a relation."""

HOLD_DATA = ("foreign table", "partitioned table", "table")
"""The kinds of relations that are called tables."""

_IN_CREATE = (
    "depends on extension",
    "inherits",
    "partition by",
    "partition of",
    "tablespace",
    "unlogged",
    "using",
    "with",
)


def can_be_made(old: Object) -> bool:
    """Whether a snapshot knows all of a table: not the options of a foreign one."""
    return old.kind in HOLD_DATA and not old.value("of type") and not old.value("server")


def make(old: Object, parents: Sequence[Object], collector: Collector) -> Object:
    """Make a table with its columns anew; returns it as it is then, without what it has beyond.

    ``parents`` are the tables that it inherits from, or the one that it is a partition of.
    """
    unlogged = "UNLOGGED " if old.value("unlogged") else ""
    part = bound(old)
    pieces = [f"CREATE {unlogged}TABLE {old.name}"]
    own = _columns(old, collector.originals)
    if part and parents and own == _columns(parents[0], collector.originals):
        pieces.append(f"PARTITION OF {part.name} {part.rest}")
    elif part:
        pieces.append(_in_parentheses([*own, *_inherited(old)]))
        attach = f"ALTER TABLE {part.name} ATTACH PARTITION {old.name} {part.rest}"
        collector.moves.append(attach)
    else:
        pieces.append(_in_parentheses(_columns(old, collector.originals, own=bool(old.parents))))
        pieces += [f"INHERITS ({', '.join(old.parents)})"] if old.parents else []
    for clause, label in (("PARTITION BY", "partition by"), ("USING", "using")):
        pieces += [f"{clause} {fact(old, label)}"] if fact(old, label) else []
    pieces += [f"WITH ({', '.join(options)})"] if (options := facts(old, "with")) else []
    pieces += [f"TABLESPACE {fact(old, 'tablespace')}"] if fact(old, "tablespace") else []
    collector.first.append(collector.making(" ".join(pieces), old))
    collector.unknown.append(f"the data of {old.kind} {old.name}")
    columns = (_bare(one) for one in old.parts[COLUMNS])
    columns = columns if part else (_as_inherited(one, parents) for one in columns)
    kept = zip(old.labels, old.values, strict=True)
    return replace(
        old,
        owner=collector.role,
        comment=None,
        grants=old.usual_grants,
        values=tuple(value if label in _IN_CREATE else None for label, value in kept),
        parts=tuple(tuple(columns) if i == COLUMNS else () for i in range(len(old.parts))),
    )


def add(old: Object, of: Object, start: str, collector: Collector) -> Object:
    """Add a column that is gone; returns it as it is then, without what it has beyond."""
    if of.kind == "composite type":
        sql = f"{start} ADD ATTRIBUTE {typed(old)}"
    else:
        sql = f"{start} ADD COLUMN {definition(old, of, collector.originals)}"
    collector.changes.append(collector.making(sql, old, of=of))
    if not fact(old, "generated always as"):
        collector.unknown.append(f"the values of column {old.name} of {of.name}")
    return _bare(old)


def _columns(of: Object, originals: Originals, *, own: bool = False) -> list[str]:
    """The definitions of the columns, or only of its ``own``."""
    found = (column for column in of.parts[COLUMNS] if not (own and column.follows))
    return [definition(column, of, originals) for column in found]


def _inherited(of: Object) -> Iterator[str]:
    """The constraints that a table has to have before it can be attached."""
    for one in of.parts[CONSTRAINTS]:
        text = fact(one, "_definition") or ""
        if one.follows and not one.implied and text.startswith(("CHECK", "NOT NULL")):
            yield f"CONSTRAINT {one.name} {text}"


def _in_parentheses(lines: Sequence[str]) -> str:
    return "(\n    " + ",\n    ".join(lines) + "\n)" if lines else "()"


def typed(column: Object) -> str:
    """The name of a column or an attribute, and its type."""
    return f"{column.name} {fact(column, 'type')}{collate(column)}"


def definition(column: Object, of: Object, originals: Originals) -> str:
    """A column of a table as CREATE TABLE has it.

    A constraint by which it is NOT NULL may have a name of its own, and so is made by itself.
    """
    pieces = [typed(column)]
    expression, end = (fact(column, "generated always as") or "").rpartition(" ")[::2]
    if expression:
        pieces.append(f"GENERATED ALWAYS AS {expression} {end.upper()}")
    elif (generated := fact(column, "generated")) and not column.follows:
        pieces.append(f"GENERATED {generated.upper()}{identity_options(column, of, originals)}")
    elif default := fact(column, "default"):
        pieces.append(f"DEFAULT {default}")
    if fact(column, "_null") and column.name not in _named(of.parts[CONSTRAINTS]):
        pieces.append("NOT NULL")
    return " ".join(pieces)


def identity_options(column: Object, of: Object, originals: Originals) -> str:
    """What follows ``AS IDENTITY``, where the sequence is not as usual."""
    options = originals.definitions.get(("identity", of.name, column.name))
    return f" {options}" if options else ""


def _named(constraints: Iterable[Object]) -> set[str]:
    definitions = (fact(one, "_definition") or "" for one in constraints if not one.implied)
    start = "NOT NULL "
    return {
        text.removeprefix(start).removesuffix(" NO INHERIT")
        for text in definitions
        if text.startswith(start)
    }


def _as_inherited(column: Object, parents: Iterable[Object]) -> Object:
    """A column as a table inherits it; one of its own as it is."""
    given = (one for of in parents for one in of.parts[COLUMNS] if one.name == column.name)
    parent = next(given, None) if column.follows else None
    if parent is None:
        return column
    kept = zip(column.labels, column.values, strict=True)
    values = (parent.value(label) if label in ("default", "_null") else old for label, old in kept)
    return replace(column, values=tuple(values))


def _bare(column: Object) -> Object:
    kept = zip(column.labels, column.values, strict=True)
    values = tuple(None if label == "with" else value for label, value in kept)
    return replace(column, comment=None, grants=(), values=values)
