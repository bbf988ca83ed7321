"""Reads the facts of an object in a snapshot, with the types from which SQL is written."""

from schemamig_tui.catalog.objects import Object, Reference, is_list

_RELATIONS = (
    "composite type",
    "foreign table",
    "materialized view",
    "partitioned table",
    "table",
    "view",
)


def is_relation(of: Object) -> bool:
    """Whether an object has columns or attributes."""
    return of.kind in _RELATIONS


def fact(of: Object, label: str) -> str | None:
    """A fact that is a text; None where it is absent."""
    value = of.value(label)
    return value if isinstance(value, str) else None


def facts(of: Object, label: str) -> tuple[str, ...]:
    """A fact that consists of several texts."""
    value = of.value(label)
    return tuple(map(str, value)) if is_list(value) else ()


def bound(of: Object) -> Reference | None:
    """The table that it is a partition of, and what it holds."""
    value = of.value("partition of")
    return value if isinstance(value, Reference) else None


def goes_along(of: Object) -> bool:
    """Whether it comes and goes with another object, or is said elsewhere as well."""
    return of.follows or of.implied or isinstance(of.value("owned by"), Reference)


def changed(old: Object, new: Object, *labels: str) -> bool:
    """Whether one of these facts is another one now."""
    return any(old.value(label) != new.value(label) for label in labels)
