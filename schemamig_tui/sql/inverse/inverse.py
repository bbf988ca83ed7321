"""The value that says how a statement is taken back."""

from dataclasses import dataclass
from enum import Enum, auto


class Ask(Enum):
    """What to ask the database before the statement runs, where that tells more than its text."""

    SCHEMA = auto()
    """The schema: what was there, and what it was like."""
    COMMENT = auto()
    """The comments, on objects that are no part of a schema as well."""


@dataclass(frozen=True, slots=True)
class Named:
    """An object as a statement names it: its kind as DROP has it, and its name as it is written."""

    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class Inverse:
    """How one statement is taken back.

    ``sql`` are the statements that do it, in the order to run them, as far as the text tells.
    ``ask`` is what should be asked where the database before the statement is at hand: its answer
    then stands in the place of ``sql`` and ``needs``. ``needs`` names what only that knows, as in
    "the default that the column had", and ``doubts`` when the ``sql`` is right. ``lost`` is what
    nobody knows, as in "the rows that it deletes". ``remarks`` are good to know. Nothing at all:
    there is nothing to take back.

    ``creates`` is what it makes; ``if_missing`` tells that it may have been there before, and
    ``replaces`` that it was replaced then. ``drops`` is what it drops, and ``moves`` what has
    another name or schema from then on, as it was called before. ``on`` is what it is about:
    when any of that goes, so does what it did. ``takes_along`` is what from then on goes with what
    it is about, or with what it made. ``runs_code``: what it does is not in its text, so
    that ``lost`` is for where it does something.
    """

    sql: tuple[str, ...] = ()
    ask: Ask | None = None
    needs: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    creates: tuple[Named, ...] = ()
    if_missing: bool = False
    replaces: bool = False
    drops: tuple[Named, ...] = ()
    moves: tuple[Named, ...] = ()
    on: tuple[Named, ...] = ()
    takes_along: tuple[Named, ...] = ()
    runs_code: bool = False


NOTHING = Inverse()
"""Of a statement that leaves nothing behind."""


def unknown(why: str) -> Inverse:
    """The inverse of a statement whose effects nobody knows."""
    return Inverse(lost=(why,))
