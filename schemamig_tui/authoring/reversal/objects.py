"""Brings back what is no relation: schemas, types, functions, sequences ..."""

from collections.abc import Iterator

from schemamig_tui.authoring.reversal.collector import Collector
from schemamig_tui.authoring.reversal.facts import changed, fact, facts
from schemamig_tui.authoring.reversal.pairs import Pair, pairs
from schemamig_tui.authoring.reversal.spelling import (
    comment,
    granted,
    grants,
    owner,
    schema_and_name,
    without_arguments,
    word,
)
from schemamig_tui.catalog.objects import Object
from schemamig_tui.sql.inverse.objects import without_defaults
from schemamig_tui.sql.inverse.reader import StatementReader
from schemamig_tui.sql.words import literal

# Of these the name in a snapshot is not what DROP takes.
_NAMED_OTHERWISE = (
    "default privileges",
    "parameter",
    "privileges",
    "security label",
    "settings",
    "settings of role",
    "transform",
    "user mapping",
)
_ROUTINES = ("function", "procedure", "window function")
_LABELS, _CHECKS = 0, 1


def drop(new: Object, collector: Collector) -> None:
    """Take away what is new."""
    if new.kind in _NAMED_OTHERWISE:
        collector.unknown.append(f"{new.kind} {new.name}, which is new")
    else:
        collector.drops.append(f"DROP {word(new.kind)} {new.name}")


def create(old: Object, collector: Collector) -> None:
    """Make what is gone anew, with its owner, comment and privileges."""
    definition = _definition(old)
    if definition is None:
        collector.unknown.append(f"the definition of {old.kind} {old.name}")
        return
    collector.creations.append(collector.making(definition, old))
    collector.creations += furnish(old, collector.role)
    if old.kind == "statistics object" and (target := fact(old, "statistics")):
        collector.creations.append(f"ALTER STATISTICS {old.name} SET STATISTICS {target}")
    if old.kind == "domain":
        collector.creations += (
            comment("constraint", f"{check.name} ON DOMAIN {old.name}", check.comment)
            for check in old.parts[_CHECKS]
            if check.comment is not None
        )
    if old.kind == "sequence":
        if owner_column := old.value("owned by"):
            # The column may have to be made as well.
            collector.moves.append(f"ALTER SEQUENCE {old.name} OWNED BY {owner_column}")
        collector.unknown.append(f"the value that sequence {old.name} had")


def furnish(old: Object, role: str) -> Iterator[str]:
    """What an object had beyond its definition, when ``role`` has just made it."""
    if old.owner != role:
        yield from owner(old.kind, old.name, old.owner)
    if old.comment is not None:
        yield comment(old.kind, old.name, old.comment)
    yield from grants(old, old.usual_grants, granted(old.kind, old.name))


def change_belongings(old: Object, new: Object, collector: Collector) -> None:
    """Give an object its owner, comment and privileges back."""
    # A sequence that a column owns now has the owner that it had.
    if old.owner != new.owner and new.owner:
        collector.changes += owner(new.kind, new.name, old.owner)
    if old.comment != new.comment:
        collector.changes.append(comment(new.kind, new.name, old.comment))
    if old.grants != new.grants:
        collector.changes += grants(old, new.grants, granted(new.kind, new.name))
    if changed(old, new, "owner may not"):
        collector.unknown.append(f"what the owner of {old.kind} {old.name} could do")


def change(old: Object, new: Object, collector: Collector) -> None:
    """Turn an object back into what it was."""
    if old.kind in _NAMED_OTHERWISE:
        collector.unknown.append(f"what {old.kind} {old.name} was like")
        return
    change_belongings(old, new, collector)
    if old.kind in _ROUTINES:
        _change_routine(old, new, collector)
    elif old.kind in ("enum", "domain"):
        _change_type(old, new, collector)
    elif old.values == new.values and old.text == new.text:
        return
    elif old.kind == "sequence":
        collector.changes += _sequence(old, new)
    elif old.kind == "extension":
        _change_extension(old, new, collector)
    else:
        collector.unknown.append(f"what {old.kind} {old.name} was like")


def _definition(old: Object) -> str | None:
    match old.kind:
        case "schema":
            return f"CREATE SCHEMA {old.name}"
        case "extension":
            version = literal(fact(old, "version") or "")
            return f"CREATE EXTENSION {old.name} SCHEMA {fact(old, 'schema')} VERSION {version}"
        case "enum":
            labels = ", ".join(label.name for label in old.parts[_LABELS])
            return f"CREATE TYPE {old.name} AS ENUM ({labels})"
        case "domain":
            return _domain(old)
        case "sequence":
            unlogged = "UNLOGGED " if old.value("unlogged") else ""
            return f"CREATE {unlogged}SEQUENCE {old.name} {_options(old)}"
        case "statistics object":
            return f"CREATE STATISTICS {old.name} {fact(old, '_definition')}"
    if old.kind in _ROUTINES:
        # Its text begins with the arguments, by which the name is told as well.
        return (
            f"CREATE OR REPLACE {word(old.kind)} {without_arguments(old.name)}{old.text}".rstrip()
        )
    return None


def _domain(old: Object) -> str:
    pieces = [f"CREATE DOMAIN {old.name} AS {fact(old, 'as')}"]
    if collation := fact(old, "collate"):
        pieces.append(f"COLLATE {collation}")
    if default := fact(old, "default"):
        pieces.append(f"DEFAULT {default}")
    checks = [check for check in old.parts[_CHECKS] if not check.implied]
    if fact(old, "_null") and all(fact(check, "_definition") != "NOT NULL" for check in checks):
        pieces.append("NOT NULL")
    pieces += [f"CONSTRAINT {check.name} {fact(check, '_definition')}" for check in checks]
    return " ".join(pieces)


def _change_routine(old: Object, new: Object, collector: Collector) -> None:
    if changed(old, new, "depends on extension"):
        collector.unknown.append(f"which extension {old.name} depended on")
    definition = _definition(old)
    if definition is None or (old.text == new.text and not changed(old, new, "returns")):
        return
    if not changed(old, new, "returns") and _takes_as_much(old, new):
        collector.changes.append(collector.making(definition, old))
    else:
        again = [collector.making(definition, old), *furnish(old, collector.role)]
        collector.replace(f"DROP {word(new.kind)} {new.name}", again)


def _takes_as_much(old: Object, new: Object) -> bool:
    """Whether OR REPLACE can do it: it neither renames parameters nor removes defaults."""
    (before, defaults), (after, more) = map(_parameters, (old, new))
    return before == after and defaults >= more


def _parameters(of: Object) -> tuple[str, int]:
    """The parameters without their defaults, and how many have one."""
    group = StatementReader(of.text.encode()).group()
    items = StatementReader(group[1:-1].encode()).items()
    return without_defaults(group), sum(
        bool(item.until("default") and item.peek()) for item in items
    )


def _change_type(old: Object, new: Object, collector: Collector) -> None:
    if changed(old, new, "as", "collate"):
        collector.unknown.append(f"what {old.kind} {old.name} was like")
    start = f"ALTER DOMAIN {new.name}"
    if changed(old, new, "default"):
        default = fact(old, "default")
        collector.changes.append(
            f"{start} {f'SET DEFAULT {default}' if default else 'DROP DEFAULT'}"
        )
    if changed(old, new, "_null"):
        collector.changes.append(f"{start} {'SET' if fact(old, '_null') else 'DROP'} NOT NULL")
    for pair in pairs(old.parts[_CHECKS], new.parts[_CHECKS]):
        change_constraint(pair, start, f"DOMAIN {new.name}", collector)
    for label, other in pairs(old.parts[_LABELS], new.parts[_LABELS]):
        if label and other:
            if label.name != other.name:
                collector.changes.append(
                    f"ALTER TYPE {new.name} RENAME VALUE {other.name} TO {label.name}"
                )
        elif other:
            collector.unknown.append(f"that {new.name} had no value {other.name}")


def change_constraint(pair: Pair, start: str, on: str, collector: Collector) -> None:
    """Bring a constraint back; ``start`` is ALTER TABLE or ALTER DOMAIN with the name."""
    old, new = pair
    if any(one.follows or one.implied for one in pair if one):
        return
    if old and new and not changed(old, new, "_definition", "_valid"):
        if old.name != new.name:
            collector.changes.append(f"{start} RENAME CONSTRAINT {new.name} TO {old.name}")
        if old.comment != new.comment:
            collector.changes.append(comment("constraint", f"{old.name} ON {on}", old.comment))
        if old.values != new.values:
            collector.unknown.append(f"what the index of constraint {old.name} was like")
        return
    if new:
        collector.drops.append(f"{start} DROP CONSTRAINT {new.name}")
    if old:
        valid = " NOT VALID" if fact(old, "_valid") else ""
        definition = fact(old, "_definition") or ""
        again = collector.making(f"{start} ADD CONSTRAINT {old.name} {definition}{valid}", old)
        # What it refers to may be made behind it, or have its key behind it.
        behind = definition.startswith("FOREIGN KEY")
        creations = collector.moves if behind else collector.creations
        if (nameless := _nameless(start, definition)) in collector.changes:
            collector.named[nameless] = again
        else:
            creations.append(again)
        if old.value("clustered"):
            creations.append(f"{start} CLUSTER ON {old.name}")
        creations += furnish_index(old, f"{schema_and_name(on)[0]}.{old.name}")
        if old.comment is not None:
            creations.append(comment("constraint", f"{old.name} ON {on}", old.comment))


def furnish_index(old: Object, name: str) -> Iterator[str]:
    """What an index, or that of a constraint, has beyond its definition; ``name`` is the index."""
    if options := facts(old, "with"):
        yield f"ALTER INDEX {name} SET ({', '.join(options)})"
    if tablespace := fact(old, "tablespace"):
        yield f"ALTER INDEX {name} SET TABLESPACE {tablespace}"
    for one in facts(old, "statistics"):
        column, _, target = one.removeprefix("column ").partition(": ")
        yield f"ALTER INDEX {name} ALTER COLUMN {column} SET STATISTICS {target}"
    if (text := fact(old, "comment on its index")) is not None:
        yield comment("index", name, text)


def _nameless(start: str, definition: str) -> str:
    """The statement that makes a NOT NULL constraint, but not its name; a column has only one."""
    column = definition.removeprefix("NOT NULL").removesuffix(" NO INHERIT").strip()
    return f"{start} ALTER COLUMN {column} SET NOT NULL" if column else f"{start} SET NOT NULL"


def _sequence(old: Object, new: Object) -> Iterator[str]:
    start = f"ALTER SEQUENCE {new.name}"
    if changed(old, new, "owned by"):
        yield f"{start} OWNED BY {old.value('owned by') or 'NONE'}"
    if _options(old) != _options(new):
        yield f"{start} {_options(old)}"
    if changed(old, new, "unlogged"):
        yield f"{start} SET {'UNLOGGED' if old.value('unlogged') else 'LOGGED'}"


def _options(of: Object) -> str:
    least, most = fact(of, "minimum"), fact(of, "maximum")
    return (
        f"AS {fact(of, 'type')} INCREMENT BY {fact(of, 'increment') or 1}"
        f" {f'MINVALUE {least}' if least else 'NO MINVALUE'}"
        f" {f'MAXVALUE {most}' if most else 'NO MAXVALUE'}"
        f" START WITH {fact(of, 'start') or 1} CACHE {fact(of, 'cache') or 1}"
        f" {'CYCLE' if of.value('cycle') else 'NO CYCLE'}"
    )


def _change_extension(old: Object, new: Object, collector: Collector) -> None:
    if changed(old, new, "schema"):
        collector.changes.append(f"ALTER EXTENSION {new.name} SET SCHEMA {fact(old, 'schema')}")
    if changed(old, new, "version"):
        collector.unknown.append(f"version {fact(old, 'version')} of extension {old.name}")
