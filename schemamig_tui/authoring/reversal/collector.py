"""Collects the statements that turn a schema back, in the order to run them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from schemamig_tui.authoring.reversal.facts import is_relation
from schemamig_tui.authoring.reversal.needs import Needs, Node, in_order
from schemamig_tui.catalog.objects import Object


@dataclass(frozen=True)
class Originals:
    """What a snapshot does not hold of the objects that were there.

    ``definitions`` are the statements that create triggers and rules, by kind, table and name, as
    in ``("trigger", "kb.t", "touch")``, and the options of the sequences of identity columns, as in
    ``("identity", "kb.t", "id")``, where they have some. ``casts`` are those from type to type,
    and ``version`` is the server's.
    """

    definitions: Mapping[tuple[str, str, str], str]
    needs: Needs
    casts: frozenset[tuple[str, str]]
    version: int


@dataclass
class Collector:
    """``drops`` are run first, the last one found at their beginning, and ``moves`` last.

    ``first`` is made before the changes, as a default may call a function that was gone.
    ``inherited`` changes what a child table has from its parent, divided behind the child's name.
    ``named`` has what stands in the place of a change, because it says a name as well.

    ``makes`` tells what statements make, by which they are put behind what they need.
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
    makes: dict[str, tuple[Node, ...]] = field(default_factory=dict)

    @property
    def statements(self) -> tuple[str, ...]:
        """All statements in their order."""
        drops = tuple(reversed(self.drops))
        changes = (*self.first, *self.changes, *self._of_children())
        named = (self.named.get(one, one) for one in changes)
        behind = (*named, *self.creations, *self.moves)
        return (*drops, *in_order(behind, self.makes, self.originals.needs))

    def _of_children(self) -> Iterator[str]:
        """What the same change of the parent does not do to a child as well."""
        for start, change in self.inherited:
            if not any(one.endswith(change) for one in (*self.drops, *self.changes)):
                yield f"{start}{change}"

    def making(self, sql: str, old: Object, *, of: Object | None = None) -> str:
        """Note that a statement makes an object, with its columns, or a column ``of`` one."""
        made: list[Node] = [(of.oid, old.oid) if of else (old.oid, 0)]
        if is_relation(old):
            made += ((old.oid, column.oid) for column in old.parts[0])
        elif old.kind == "domain":
            made += ((check.oid, 0) for checks in old.parts for check in checks)
        self.makes[sql] = tuple(made)
        return sql

    def within(self) -> "Collector":
        """A collector for what one object consists of, to be included."""
        return Collector(self.originals, self.role, makes=self.makes)

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
