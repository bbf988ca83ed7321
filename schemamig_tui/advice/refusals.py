"""Warns of what depends on something that a pending statement drops or gives another type."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from schemamig_tui.advice.advice import Advice, note, warning
from schemamig_tui.advice.catalog import Catalog
from schemamig_tui.advice.targets import Use
from schemamig_tui.sql.actions import Does
from schemamig_tui.sql.locks import Lock
from schemamig_tui.text import some_names


def refusals(uses: Sequence[Use], catalog: Catalog) -> Iterator[Advice]:
    """A warning on each statement that the server refuses for what depends on something.

    What belongs to a relation that an earlier statement changes, or the same one in another way,
    may depend on nothing by then, and is left out.
    """
    changed: set[int] = set()
    for _, group in groupby(enumerate(uses), key=lambda numbered: _statement(numbered[1])):
        numbered = [*group]
        own = {oid for number, use in numbered for oid in _changed(number, use, catalog)}
        if numbered[1:] or numbered[0][1].touch.actions[1:]:
            changed |= own
        for number, use in numbered:
            found = [one for one in catalog.in_the_way[number] if one.oid not in changed]
            if found and number not in catalog.idle:
                yield _refused(use, [one.description for one in found])
        changed |= own


def _statement(use: Use) -> tuple[str, int, str]:
    return use.file, use.line, use.touch.statement


def _changed(number: int, use: Use, catalog: Catalog) -> Iterator[int]:
    """The relations that a statement changes as such, and not only their rows."""
    yield from catalog.dropped[number]
    relation = catalog.relation(use.touch.name)
    if relation and use.touch.lock and use.touch.lock > Lock.ROW_EXCLUSIVE:
        yield relation.oid
        yield from (child.oid for child in catalog.descendants(relation.oid))


def _refused(use: Use, descriptions: Sequence[str]) -> Advice:
    several = len(descriptions) > 1
    retyped = [action.column or "" for action in use.touch.actions if action.does is Does.SET_TYPE]
    if retyped:
        what = f"use{'' if several else 's'} {' or '.join(retyped)}, whose type changes"
        hint = "Drop what uses it in front of the statement, and create it again behind it."
    else:
        what = f"depend{'' if several else 's'} on what {use.touch.statement} drops"
        hint = "Drop that before, or let it go with it: CASCADE."
    unless = ", unless the code that runs before mends it" if use.after_code else ""
    say = note if use.after_code else warning
    return say(
        f"{some_names(descriptions)} {what}: this will fail{unless}.",
        hint=hint,
        file=use.file,
        line=use.line,
    )
