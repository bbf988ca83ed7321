"""Describes an object, and the differences between two versions of it, in words."""

import difflib
from collections.abc import Iterable, Iterator

from schemamig_tui.catalog.changes import Line
from schemamig_tui.catalog.objects import ABSENT, Object, Value, words

# Up to here "old -> new" is easier to read than two lines.
_SHORT = 72
# Their parts stand in their own line, and not below it.
_IN_ONE_LINE = frozenset({"enum", "domain"})
# A column of that name would be taken for another part.
_PARTS = frozenset({"column", "constraint", "index", "trigger", "rule", "policy"})
_ATTACHED = "partition of"


def summary(of: Object) -> str:
    """What the object is like, in one line."""
    found = [of.summary]
    if of.kind == "enum":
        found.append(f"({', '.join(label.name for label in of.parts[0])})")
    elif of.kind in _IN_ONE_LINE:
        found += (
            f"{part.kind} {part.name} {part.summary}"
            for parts in of.parts
            for part in parts
            if not part.implied
        )
    return " ".join(filter(None, found))


def introduction(new: Object) -> str:
    """The summary of a new object, with the comment on it."""
    return f"{summary(new)} -- {new.comment}".lstrip() if new.comment else summary(new)


def contents(new: Object) -> Iterator[Line]:
    """What a new object brings along."""
    if new.kind not in _IN_ONE_LINE:
        for part in (part for parts in new.parts for part in parts):
            if not (part.follows or part.implied):
                kind = "" if part.kind == "column" and part.name not in _PARTS else f"{part.kind} "
                yield Line("+", 0, f"{kind}{part.name} {introduction(part)}".rstrip())
                yield from (line._replace(depth=1) for line in contents(part))
    yield from _grants(new.usual_grants, new.grants)


def differences(old: Object, new: Object, *, attached: bool = False) -> Iterator[Line]:
    """What the object was, and what it has become.

    ``attached`` says that its table has become a partition of another one, or has ceased to be one:
    that its index has done the same needs no words.
    """
    for label, was, now in zip(new.labels, old.values, new.values, strict=True):
        if was != now and not (attached and label == _ATTACHED):
            yield from _difference(label, was, now)
    if old.owner and new.owner:
        yield from _difference("owner", old.owner, new.owner)
    yield from _difference("comment", _quoted(old.comment), _quoted(new.comment))
    yield from _lines(old.text, new.text)
    yield from _grants(old.grants, new.grants)


def _difference(label: str, was: Value, now: Value) -> Iterator[Line]:
    if was == now:
        return
    shown = "" if label.startswith("_") or True in (was, now) else label
    gone, come = _words(label, was), _words(label, now)
    if len(gone) == len(come) == 1 and len(gone[0] + come[0]) <= _SHORT and gone != come:
        yield Line(" ", 0, f"{shown} {gone[0]} -> {come[0]}".lstrip())
        return
    for sign, ours, others in ("-", was, now), ("+", now, was):
        yield from (
            Line(sign, 0, f"{shown} {word}".lstrip()) for word in _only_in(label, ours, others)
        )


def _words(label: str, value: Value) -> list[str]:
    return words(label, value) or list(filter(None, [ABSENT.get(label)]))


def _only_in(label: str, ours: Value, others: Value) -> list[str]:
    """The words for what is in one value and not in the other."""
    if isinstance(ours, tuple) and isinstance(others, tuple):
        ours = tuple(value for value in ours if value not in others)
    return _words(label, ours)


def _quoted(comment: str | None) -> str | None:
    return comment and "'" + comment.replace("'", "''") + "'"


def _lines(before: str, after: str) -> Iterator[Line]:
    """The lines of a body that have changed, each run of them with a line around it."""
    hunks = difflib.unified_diff(before.split("\n"), after.split("\n"), n=1, lineterm="")
    for number, line in enumerate(hunks):
        if not line.startswith("@@"):
            if number > 1:
                yield Line(line[0], 0, line[1:])
        elif number > 2:
            yield Line(" ", 0, "...")


def _grants(before: Iterable[str], after: Iterable[str]) -> Iterator[Line]:
    """Privileges that came or went, those of one role in one line."""
    old, new = set(before), set(after)
    for sign, grants in ("-", old - new), ("+", new - old):
        of: dict[str, list[str]] = {}
        for grant in sorted(grants):
            privilege, _, role = grant.partition(" to ")
            of.setdefault(role, []).append(privilege)
        for role, privileges in sorted(of.items()):
            yield Line(sign, 0, f"grant {', '.join(privileges)} to {role}")
