"""What a diff consists of, as plain values."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class What(StrEnum):
    """What has happened to an object."""

    ADDED = "added"
    CHANGED = "changed"
    DROPPED = "dropped"
    RENAMED = "renamed"
    UNSEEN = "unseen"


class Line(NamedTuple):
    """A line of a diff: its sign (``+``, ``-``, ``~`` or a space), how deep it is, its text."""

    sign: str
    depth: int
    text: str


@dataclass(frozen=True, kw_only=True)
class Change:
    """One thing that has happened to one object.

    ``parent`` is what it is a part of, as in ``table public.orders``. ``was`` is the name before a
    RENAMED. ``summary`` says what an ADDED or DROPPED object is like; ``details`` are an added
    table's columns and other parts, or what a CHANGED object has become. ``cluster_wide`` marks
    what does not belong to the database alone: a role, a tablespace. UNSEEN is a catalog that was
    written to, where nobody can tell what has changed (large objects, passwords), or an extension
    of whose own objects one was changed.
    """

    what: What
    kind: str
    name: str
    parent: str | None = None
    was: str | None = None
    summary: str = ""
    details: tuple[Line, ...] = ()
    cluster_wide: bool = False


def full_name(kind: str, name: str) -> str:
    """What the ``parent`` of a change says: ``table public.orders``."""
    return f"{kind} {name}"
