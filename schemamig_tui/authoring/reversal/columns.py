"""Brings back the columns of tables and views, and the attributes of composite types."""

from collections.abc import Container, Iterator
from dataclasses import replace

from schemamig_tui.authoring.reversal import tables
from schemamig_tui.authoring.reversal.collector import Collector
from schemamig_tui.authoring.reversal.facts import changed, fact, facts
from schemamig_tui.authoring.reversal.pairs import pairs
from schemamig_tui.authoring.reversal.spelling import (
    collate,
    comment,
    grants,
    word,
)
from schemamig_tui.catalog.objects import Object
from schemamig_tui.sql.type_names import without_lengths

_SETS_EXPRESSION = 170000
_STRINGS = {"character", "character varying", "text"}


def change_all(old: Object, new: Object, collector: Collector) -> None:
    """Turn the columns back into what they were."""
    part = "ATTRIBUTE" if new.kind == "composite type" else "COLUMN"
    start = f"ALTER {word(new.kind)} {new.name}"
    for before, after in pairs(old.parts[0], new.parts[0]):
        if any(column.follows for column in (before, after) if column):
            if before and after:
                _change_inherited(before, after, new, start, collector)
            continue
        if before and after and before.oid == after.oid:
            if before.name != after.name:
                collector.moves.append(f"{start} RENAME {part} {after.name} TO {before.name}")
            _change(before, after, new, collector)
        elif before:
            _change(before, tables.add(before, old, start, collector), new, collector)
        if after and (before is None or before.oid != after.oid):
            collector.drops.append(f"{start} DROP {part} {after.name}")


def furnish(of: Object, column: Object) -> Iterator[str]:
    """What a column of a view has beyond the query."""
    if (default := fact(column, "default")) and of.kind == "view":
        yield f"ALTER VIEW {of.name} ALTER COLUMN {column.name} SET DEFAULT {default}"
    if column.comment is not None:
        yield comment("column", f"{of.name}.{column.name}", column.comment)
    yield from grants(column, (), f"TABLE {of.name}", column.name)


def _change(old: Object, new: Object, of: Object, collector: Collector) -> None:
    if of.kind == "composite type":
        if changed(old, new, "type", "collate"):
            attribute = f"{new.name} TYPE {fact(old, 'type')}{collate(old)}"
            collector.changes.append(f"ALTER TYPE {of.name} ALTER ATTRIBUTE {attribute}")
    else:
        start = f"ALTER {word(of.kind)} {of.name} ALTER COLUMN {new.name}"
        collector.changes += _facts(old, new, start, collector.originals.casts)
        _generated(old, new, of, collector)
        what = f"column {old.name} of {of.name}"
        if of.kind == "foreign table" and changed(old, new, "with"):
            # Those of the server are among them.
            collector.unknown.append(f"the options of {what}")
        else:
            _settings(old, new, start, what, collector)
    if old.comment != new.comment:
        collector.changes.append(comment("column", f"{of.name}.{new.name}", old.comment))
    collector.changes += grants(old, new.grants, f"TABLE {of.name}", new.name)


def _change_inherited(
    old: Object, new: Object, of: Object, start: str, collector: Collector
) -> None:
    """Turn back what a child has of its own in a column of its parent: a default, a setting."""
    alone = replace(collector, drops=[], changes=[], unknown=[])
    _change(old, new, of, alone)
    collector.inherited += (
        (start, one.removeprefix(start)) if one.startswith(start) else ("", one)
        for one in alone.changes
    )


def _facts(
    old: Object, new: Object, start: str, casts: Container[tuple[str, str]]
) -> Iterator[str]:
    retyped = changed(old, new, "type", "collate")
    redefault, default = changed(old, new, "default"), fact(old, "default")
    if retyped:
        if fact(new, "default") and redefault:
            # The default that is there may not be one of the old type.
            yield f"{start} DROP DEFAULT"
        column, kind = start.rpartition(" ")[2], fact(old, "type") or ""
        there, back = (
            without_lengths(fact(one, "type") or "").removesuffix("[]") for one in (new, old)
        )
        has_cast = there == back or {there, back} & _STRINGS or (there, back) in casts
        # There is a cast to text from all types, and from it.
        value = column if has_cast else f"{column}::text"
        # The values of a generated column come from its expression.
        using = "" if fact(new, "generated always as") else f" USING {value}::{kind}"
        yield f"{start} TYPE {kind}{collate(old)}{using}"
    if redefault and default:
        yield f"{start} SET DEFAULT {default}"
    elif redefault and not retyped:
        yield f"{start} DROP DEFAULT"
    if changed(old, new, "_null") and not (fact(old, "generated") and not fact(new, "generated")):
        yield f"{start} {'SET' if fact(old, '_null') else 'DROP'} NOT NULL"


def _generated(old: Object, new: Object, of: Object, collector: Collector) -> None:
    start = f"ALTER {word(of.kind)} {of.name} ALTER COLUMN {new.name}"
    expressions = [fact(one, "generated always as") for one in (old, new)]
    (expression, how), (_, now) = ((one or "").rpartition(" ")[::2] for one in expressions)
    is_settable = how == now and collector.originals.version >= _SETS_EXPRESSION
    if expressions[0] != expressions[1] and is_settable:
        collector.changes.append(f"{start} SET EXPRESSION AS {expression}")
    elif expressions[0] != expressions[1]:
        collector.unknown.append(f"how {old.name} was generated")
    if not changed(old, new, "generated"):
        return
    was = (fact(old, "generated") or "").removesuffix(" as identity").upper()
    if not was:
        collector.drops.append(f"{start} DROP IDENTITY")
    elif fact(new, "generated") is None:
        if not fact(new, "_null"):
            collector.changes.append(f"{start} SET NOT NULL")
        options = tables.identity_options(old, of, collector.originals)
        collector.changes.append(f"{start} ADD GENERATED {was} AS IDENTITY{options}")
        collector.unknown.append(f"the value that the sequence of {old.name} had")
    else:
        collector.changes.append(f"{start} SET GENERATED {was}")


def _settings(old: Object, new: Object, start: str, what: str, collector: Collector) -> None:
    before, after = facts(old, "with"), facts(new, "with")
    for setting in after:
        if setting not in before:
            name, _, _ = setting.partition("=" if "=" in setting else " ")
            if "=" in setting:
                collector.changes.append(f"{start} RESET ({name})")
            elif name == "statistics":
                collector.changes.append(f"{start} SET STATISTICS -1")
            elif name == "compression":
                collector.changes.append(f"{start} SET COMPRESSION default")
            elif not any(other.startswith("storage ") for other in before):
                collector.unknown.append(f"the storage of {what}, which was that of its type")
    for setting in before:
        if setting not in after:
            clause = f"SET ({setting})" if "=" in setting else f"SET {setting.upper()}"
            collector.changes.append(f"{start} {clause}")
