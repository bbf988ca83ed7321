"""Brings back relations: tables, views, composite types, and their parts but for the columns."""

from collections.abc import Iterable, Iterator

from schemamig_tui.authoring.reversal import columns, tables
from schemamig_tui.authoring.reversal.collector import Collector
from schemamig_tui.authoring.reversal.facts import bound, changed, fact, facts
from schemamig_tui.authoring.reversal.objects import (
    change_belongings,
    change_constraint,
    furnish,
    furnish_index,
)
from schemamig_tui.authoring.reversal.pairs import Pair, pairs
from schemamig_tui.authoring.reversal.spelling import comment, schema_and_name, word
from schemamig_tui.authoring.reversal.tables import (
    COLUMNS,
    CONSTRAINTS,
    INDEXES,
    POLICIES,
    TRIGGERS,
)
from schemamig_tui.catalog.objects import Object

_QUERIES = ("view", "materialized view")
_FIRING = {
    None: "ENABLE",
    "disabled": "DISABLE",
    "always": "ENABLE ALWAYS",
    "on replicas": "ENABLE REPLICA",
}
_ROW_SECURITY = {
    "enabled": ("ENABLE", "NO FORCE"),
    "forced": ("ENABLE", "FORCE"),
    "forced, not enabled": ("DISABLE", "FORCE"),
    None: ("DISABLE", "NO FORCE"),
}


def create(old: Object, all_: Iterable[Object], collector: Collector) -> None:
    """Make one of ``all_`` relations anew, with all that belongs to it but for rows."""
    if tables.can_be_made(old):
        made, names = collector.within(), old.parents
        parents = [one for one in all_ if one.name in names] if names else []
        change(old, tables.make(old, parents, made), made)
        collector.include(made)
    elif old.kind in tables.HOLD_DATA:
        collector.unknown.append(f"the definition of {old.kind} {old.name}")
    else:
        collector.creations += _anew(old, collector)


def change(old: Object, new: Object, collector: Collector) -> None:
    """Turn a relation back into what it was."""
    if old.kind in _QUERIES and _query(old) != _query(new):
        if old.kind == "view" and _widens(old, new):
            create = _create_query(old, "CREATE OR REPLACE")
            collector.changes.append(collector.making(create, old))
        else:
            collector.replace(f"DROP {word(new.kind)} {new.name}", _anew(old, collector))
            return
    change_belongings(old, new, collector)
    _change_facts(old, new, collector)
    columns.change_all(old, new, collector)
    start = f"ALTER TABLE {new.name}"
    for pair in pairs(old.parts[CONSTRAINTS], new.parts[CONSTRAINTS]):
        change_constraint(pair, start, new.name, collector)
    for part, one in (
        (INDEXES, _change_index),
        (TRIGGERS, _change_trigger),
        (POLICIES, _change_policy),
    ):
        for pair in pairs(old.parts[part], new.parts[part]):
            one(pair, new.name, collector)


# -- views and composite types


def _anew(old: Object, collector: Collector) -> Iterator[str]:
    if old.kind == "composite type":
        attributes = ", ".join(map(tables.typed, old.parts[COLUMNS]))
        yield collector.making(f"CREATE TYPE {old.name} AS ({attributes})", old)
    else:
        yield collector.making(_create_query(old, "CREATE"), old)
    yield from furnish(old, collector.role)
    for column in old.parts[COLUMNS]:
        yield from columns.furnish(old, column)
    for index in old.parts[INDEXES]:
        yield from _create_index(index, old.name, collector)
    for trigger in old.parts[TRIGGERS]:
        yield from _create_trigger(trigger, old.name, collector)


def _create_query(old: Object, create: str) -> str:
    method, tablespace = fact(old, "using"), fact(old, "tablespace")
    pieces = [f"{create} {word(old.kind)} {old.name}"]
    pieces += [f"USING {method}"] if method else []
    pieces += [f"WITH ({', '.join(options)})"] if (options := facts(old, "with")) else []
    pieces += [f"TABLESPACE {tablespace}"] if tablespace else []
    return f"{' '.join(pieces)} AS\n{old.text.strip().removesuffix(';')}"


def _query(of: Object) -> tuple[object, ...]:
    return of.text, [(column.name, fact(column, "type")) for column in of.parts[COLUMNS]]


def _widens(old: Object, new: Object) -> bool:
    """Whether OR REPLACE can make the old view of the new one: it adds columns, but drops none."""
    before, after = (
        [(column.name, fact(column, "type")) for column in of.parts[COLUMNS]] for of in (old, new)
    )
    return before[: len(after)] == after


# -- facts


def _change_facts(old: Object, new: Object, collector: Collector) -> None:
    if old.values == new.values:
        return
    start = f"ALTER {word(new.kind)} {new.name}"
    changes = collector.changes
    if changed(old, new, "with"):
        if old.kind == "foreign table":
            collector.unknown.append(f"the options of {old.kind} {old.name}")
        changes += _options(facts(old, "with"), facts(new, "with"), start)
    if changed(old, new, "unlogged"):
        changes.append(f"{start} SET {'UNLOGGED' if old.value('unlogged') else 'LOGGED'}")
    if changed(old, new, "row level security"):
        enable, force = _ROW_SECURITY[fact(old, "row level security")]
        changes.append(f"{start} {enable} ROW LEVEL SECURITY")
        changes.append(f"{start} {force} ROW LEVEL SECURITY")
    if changed(old, new, "replica identity"):
        identity, _, index = (fact(old, "replica identity") or "default").partition(" ")
        back = f"{start} REPLICA IDENTITY {f'USING INDEX {index}' if index else identity.upper()}"
        # The index may be one that is made anew.
        (collector.moves if index else changes).append(back)
    if changed(old, new, "tablespace"):
        changes.append(f"{start} SET TABLESPACE {fact(old, 'tablespace') or 'pg_default'}")
    if changed(old, new, "using"):
        changes.append(f"{start} SET ACCESS METHOD {fact(old, 'using') or 'heap'}")
    if changed(old, new, "of type", "depends on extension"):
        collector.unknown.append(f"what {old.kind} {old.name} was like")
    _change_parents(old, new, start, collector)


def _options(old: tuple[str, ...], new: tuple[str, ...], start: str) -> Iterator[str]:
    back = [option for option in old if option not in new]
    names = {option.partition("=")[0] for option in old}
    if back:
        yield f"{start} SET ({', '.join(back)})"
    gone = [name for option in new if (name := option.partition("=")[0]) not in names]
    if gone:
        yield f"{start} RESET ({', '.join(gone)})"


def _change_parents(old: Object, new: Object, start: str, collector: Collector) -> None:
    was, now = bound(old), bound(new)
    if was != now:
        if now:
            collector.changes.append(f"ALTER TABLE {now.name} DETACH PARTITION {new.name}")
        if was:
            part = f"ATTACH PARTITION {new.name} {was.rest}"
            collector.changes.append(f"ALTER TABLE {was.name} {part}")
        return
    for parent in new.parents:
        if parent not in old.parents:
            collector.changes.append(f"{start} NO INHERIT {parent}")
    for parent in old.parents:
        if parent not in new.parents:
            collector.changes.append(f"{start} INHERIT {parent}")


# -- parts


def _change_index(pair: Pair, table: str, collector: Collector) -> None:
    old, new = pair
    schema = schema_and_name(table)[0]
    if old and new and not changed(old, new, "_definition"):
        if old.name != new.name:
            collector.moves.append(f"ALTER INDEX {schema}.{new.name} RENAME TO {old.name}")
        if old.comment != new.comment:
            collector.changes.append(comment("index", f"{schema}.{new.name}", old.comment))
        if old.values != new.values:
            collector.unknown.append(f"what index {old.name} was like")
        return
    if new and not new.follows:
        collector.drops.append(f"DROP INDEX {schema}.{new.name}")
    if old and not old.follows:
        collector.creations += _create_index(old, table, collector)


def _create_index(old: Object, table: str, collector: Collector) -> Iterator[str]:
    definition = fact(old, "_definition") or ""
    rest = definition.removeprefix("UNIQUE ")
    unique = "UNIQUE " if rest != definition else ""
    yield collector.making(f"CREATE {unique}INDEX {old.name} ON {table} {rest}", old)
    if old.value("clustered"):
        yield f"ALTER TABLE {table} CLUSTER ON {old.name}"
    yield from furnish_index(old, f"{schema_and_name(table)[0]}.{old.name}")
    if old.comment is not None:
        yield comment("index", f"{schema_and_name(table)[0]}.{old.name}", old.comment)


def _change_trigger(pair: Pair, table: str, collector: Collector) -> None:
    old, new = pair
    if old and new and not changed(old, new, "_definition"):
        if old.name != new.name:
            collector.moves.append(
                f"ALTER {word(new.kind)} {new.name} ON {table} RENAME TO {old.name}"
            )
        if changed(old, new, "_firing"):
            start, change = f"ALTER TABLE {table}", _firing(old, new.name)
            if new.follows:
                collector.inherited.append((start, change))
            else:
                collector.changes.append(f"{start}{change}")
        if old.comment != new.comment:
            collector.changes.append(comment(new.kind, f"{new.name} ON {table}", old.comment))
        return
    if new and not new.follows:
        collector.drops.append(f"DROP {word(new.kind)} {new.name} ON {table}")
    if old and not old.follows:
        collector.creations += _create_trigger(old, table, collector)


def _create_trigger(old: Object, table: str, collector: Collector) -> Iterator[str]:
    statement = collector.originals.definitions.get((old.kind, table, old.name))
    if statement is None:
        collector.unknown.append(f"the definition of {old.kind} {old.name} on {table}")
        return
    yield collector.making(statement.rstrip(";"), old)
    if fact(old, "_firing"):
        yield f"ALTER TABLE {table}{_firing(old, old.name)}"
    if old.comment is not None:
        yield comment(old.kind, f"{old.name} ON {table}", old.comment)


def _firing(old: Object, name: str) -> str:
    return f" {_FIRING[fact(old, '_firing')]} {word(old.kind)} {name}"


def _change_policy(pair: Pair, table: str, collector: Collector) -> None:
    old, new = pair
    if old and new and old.values == new.values:
        if old.name != new.name:
            collector.moves.append(f"ALTER POLICY {new.name} ON {table} RENAME TO {old.name}")
        if old.comment != new.comment:
            collector.changes.append(comment("policy", f"{new.name} ON {table}", old.comment))
        return
    if new:
        collector.drops.append(f"DROP POLICY {new.name} ON {table}")
    if old:
        collector.creations += _create_policy(old, table, collector)


def _create_policy(old: Object, table: str, collector: Collector) -> Iterator[str]:
    using, check = fact(old, "using"), fact(old, "with check")
    pieces = [f"CREATE POLICY {old.name} ON {table}"]
    pieces += [f"AS {(fact(old, 'as') or '').upper()} FOR {(fact(old, 'for') or '').upper()}"]
    pieces += [f"TO {fact(old, 'to')}"]
    pieces += [f"USING {using}"] if using else []
    pieces += [f"WITH CHECK {check}"] if check else []
    yield collector.making(" ".join(pieces), old)
    if old.comment is not None:
        yield comment("policy", f"{old.name} ON {table}", old.comment)
