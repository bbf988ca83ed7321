"""Writes properties that DBML cannot express as lines of a note."""

import hashlib
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import chain

from schemamig_tui.catalog.objects import Object, Value, words
from schemamig_tui.docs.document import NO_NOTE, Note

HEADING = "In PostgreSQL:"
"""The line above what a note says in lines."""


# As the owners and the grants, it differs from one server to the next.
_OF_ROLES = frozenset({"owner may not"})


def facts(one: Object, known: frozenset[str] = frozenset()) -> list[str]:
    """The values of an object, each with its label; without those that DBML has words for."""
    values = one.values
    if values.count(None) == len(values):
        return []  # as of most tables
    return [
        _fact(label, value)
        for place, label in _unknown(one.labels, known)
        if (value := values[place])
    ]


def _fact(label: str, value: Value) -> str:
    found = words(label, value)
    text = f"({', '.join(found)})" if len(found) > 1 else found[0]
    return text if value is True or label.startswith("_") else f"{label} {text}"


@cache  # there are as many as queries of a snapshot
def _unknown(labels: tuple[str, ...], known: frozenset[str]) -> tuple[tuple[int, str], ...]:
    return tuple(
        (place, label)
        for place, label in enumerate(labels)
        if label not in known and label not in _OF_ROLES
    )


def part_fact(part: Object) -> str:
    """One line for a whole part of a table, such as a trigger."""
    return _line(f"{part.kind} {part.name}", facts(part), part.comment)


def object_fact(one: Object, parent: Object | None = None) -> str:
    """One line for a whole object, such as a view: its body by a digest, which is short.

    ``parent`` is the table that it is a partition of: what comes from there is not repeated.
    """
    details = facts(one)
    if parts := [_within(part) for part in _own_parts(one, parent)]:
        details.append(f"({', '.join(parts)})")
    if one.text:
        digest = hashlib.md5(one.text.encode(), usedforsecurity=False).hexdigest()
        details.append(f"text {digest[:12]}")
    return _line(f"{one.kind} {one.name}", details, one.comment)


def noted(
    one: Object, lines: Iterable[str], known: frozenset[str] = frozenset()
) -> tuple[Note, int]:
    """The note of an object: its comment, then the lines of what DBML lacks, which are counted."""
    found = [*facts(one, known), *lines]
    if not found:
        return (Note(one.comment) if one.comment else NO_NOTE), 0
    listed = "\n".join([HEADING, *(f"- {_indented(line)}" for line in found)])
    return Note("\n\n".join(filter(None, (one.comment, listed)))), len(found)


def _own_parts(one: Object, parent: Object | None) -> Iterator[Object]:
    """The parts that no other line implies, and those that differ from what ``parent`` has."""
    above = (
        {(part.kind, part.name): part for found in parent.parts for part in found} if parent else {}
    )
    for part in chain.from_iterable(one.parts):
        inherited = above.get((part.kind, part.name))
        changed = inherited and (part.values, part.comment) != (inherited.values, inherited.comment)
        if changed or not (part.follows or part.implied):
            yield part


def _within(part: Object) -> str:
    comment = f"-- {part.comment}" if part.comment else ""
    return " ".join(filter(None, (part.kind, part.name, *facts(part), part.place, comment)))


def _line(name: str, details: Iterable[str], comment: str | None) -> str:
    text = f"{name}: {' '.join(details)}".removesuffix(": ")
    return _indented(f"{text} -- {comment}" if comment else text)


def _indented(text: str) -> str:
    return text.replace("\n", "\n  ")
