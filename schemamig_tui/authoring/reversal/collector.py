"""Collects the statements that turn a schema back, in the order to run them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

Originals = Mapping[tuple[str, str, str], str]
"""The statements that create triggers and rules, by kind, table and name, as in ``("trigger",
"kb.t", "touch")``: a snapshot does not hold them whole."""


@dataclass
class Collector:
    """``drops`` are run first, the last one found at their beginning, and ``moves`` last.

    ``first`` is made before the changes, as a default may call a function that was gone.
    ``inherited`` changes what a child table has from its parent, divided behind the child's name.
    ``named`` has what stands in the place of a change, because it says a name as well.

    ``unknown`` names what cannot be brought back. ``role`` is the one that owns what is made anew.
    """

    originals: Originals
    role: str
    drops: list[str] = field(default_factory=list)
    first: list[str] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)
    inherited: list[tuple[str, str]] = field(default_factory=list)
    named: dict[str, str] = field(default_factory=dict)
    creations: list[str] = field(default_factory=list)
    moves: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)

    @property
    def statements(self) -> tuple[str, ...]:
        """All statements in their order."""
        drops = tuple(reversed(self.drops))
        changes = (*self.first, *self.changes, *self._of_children())
        named = (self.named.get(one, one) for one in changes)
        return (*drops, *named, *self.creations, *self.moves)

    def _of_children(self) -> Iterator[str]:
        """What the same change of the parent does not do to a child as well."""
        for start, change in self.inherited:
            if not any(one.endswith(change) for one in (*self.drops, *self.changes)):
                yield f"{start}{change}"

    def put_first(self) -> None:
        """Have what is made anew so far made before all changes."""
        self.first += self.creations
        self.creations = []

    def include(self, made: "Collector") -> None:
        """Make what another collector makes anew, when all that it may need is there."""
        self.moves += made.moves
        made.moves = []
        self.creations += made.statements
        self.unknown += made.unknown

    def replace(self, drop: str, create: Iterable[str]) -> None:
        """Drop something and make it anew."""
        self.drops.append(drop)
        self.creations += create
