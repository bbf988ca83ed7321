"""A statement as the rules see it, and what they know of the statements before it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice

from schemamig_tui.engine import Script
from schemamig_tui.sql.constraints import (
    ForeignKey,
    foreign_keys,
    index_columns,
    not_null_check,
    unique_columns,
    validated_constraints,
)
from schemamig_tui.sql.lexer import tokens
from schemamig_tui.sql.locks import Lock
from schemamig_tui.sql.touch import ObjectKind, Touch
from schemamig_tui.sql.touches import touches
from schemamig_tui.sql.traits import Kind, Traits
from schemamig_tui.sql.words import MOST, Name

_ENDS = (Kind.COMMIT, Kind.CHAIN, Kind.ROLLBACK)
_MAKES = ("CREATE TABLE", "CREATE MATERIALIZED VIEW")
_INDEXES = ((b"create", b"index"), (b"create", b"unique"))
_WRITES = ("INSERT", "UPDATE", "DELETE", "MERGE", "COPY")


class Statement:
    """One statement of a file; what is costly to find out is found out once, when it is asked."""

    def __init__(self, script: Script, number: int) -> None:
        self.number = number
        self.sql = script.sql(number)
        self.traits: Traits = script.traits(number)
        self.batched = number in script.batched
        self._script = script

    @property
    def line(self) -> int:
        """The line where it starts."""
        return self._script.line(self.number)

    def line_at(self, offset: int) -> int:
        """The line of a byte of it."""
        return self.line + self.sql.count(b"\n", 0, offset)

    @cached_property
    def words(self) -> tuple[bytes, ...]:
        """Its tokens in lower case, as many as are looked at of any statement."""
        return tuple(token[1].lower() for token in islice(tokens(self.sql), MOST))

    @cached_property
    def head(self) -> tuple[bytes, ...]:
        """The first words, in lower case."""
        return tuple(token[1].lower() for token in islice(tokens(self.sql), 8))

    @cached_property
    def touches(self) -> tuple[Touch, ...]:
        """What it touches, new objects too."""
        return tuple(touches(self.sql))

    @cached_property
    def relations(self) -> tuple[Touch, ...]:
        """The relations that it touches and does not make."""
        return tuple(
            touch
            for touch in self.touches
            if touch.target is ObjectKind.RELATION and touch.lock is not None
        )

    @cached_property
    def keys(self) -> tuple[ForeignKey, ...]:
        """The foreign keys that it adds."""
        return tuple(foreign_keys(self.sql)) if b"references" in self.sql.lower() else ()

    @property
    def writes(self) -> Touch | None:
        """What it does with the rows of a table; None: nothing."""
        return next((one for one in self.relations if one.statement in _WRITES), None)

    @property
    def is_ddl(self) -> bool:
        """Whether it makes, alters or drops something."""
        return self.head[:1] in ((b"create",), (b"alter",), (b"drop",))


def indexed_first(statement: Statement) -> Iterator[tuple[str, str]]:
    """The tables and first columns of the indexes that a statement makes."""
    if statement.head[:2] in _INDEXES and (found := index_columns(statement.sql)):
        table, columns = found
        yield from ((table.name, column) for column in columns[:1])
    if b"primary" in statement.sql.lower() or b"unique" in statement.sql.lower():
        yield from unique_columns(statement.sql)


@dataclass
class Before:
    """What the statements have done that stand before the one at hand.

    ``created`` are the tables that the files make, by their last name, ``indexed`` the first
    columns of new indexes, ``checked`` columns with a CHECK that they are not NULL, each with its
    table. The rest is of this file: ``to_index`` are the first columns of all indexes that any
    statement of it makes, ``keyed`` the tables with new foreign keys, with the line.
    ``exclusive`` is the line, and the table, of the first ACCESS EXCLUSIVE lock on a table that was
    there before, in the transaction that is open.
    """

    created: set[str] = field(default_factory=set)
    indexed: set[tuple[str, str]] = field(default_factory=set)
    checked: set[tuple[str, str]] = field(default_factory=set)
    to_index: frozenset[tuple[str, str]] = frozenset()
    keyed: dict[str, int] = field(default_factory=dict)
    exclusive: tuple[int, Name] | None = None
    lock_timeout: bool = False
    _checks: dict[tuple[str, str], str] = field(default_factory=dict)

    def start_file(self, statements: Sequence[Statement], *, lock_timeout: bool) -> None:
        """Every file starts in a session as good as new, with no lock."""
        self.keyed.clear()
        self.exclusive = None
        self.lock_timeout = lock_timeout
        self.to_index = frozenset(self.indexed) | {
            key for statement in statements for key in indexed_first(statement)
        }

    def existing(self, statement: Statement) -> list[Touch]:
        """The relations that it touches and that no earlier statement has made."""
        return [one for one in statement.relations if one.name.name not in self.created]

    def follow(self, statement: Statement, *, in_transaction: bool) -> None:
        """Note what a statement does."""
        traits = statement.traits
        if traits.assigns and traits.assigns.name == "lock_timeout":
            self.lock_timeout = traits.assigns.value not in (None, "0")
        if not in_transaction or traits.kind in _ENDS:
            self.exclusive = None
        for touch in self.existing(statement) if in_transaction else ():
            if touch.lock is Lock.ACCESS_EXCLUSIVE and self.exclusive is None:
                self.exclusive = statement.line, touch.name
        # One with IF NOT EXISTS may be there already; the database tells of that.
        made = (one for one in statement.touches if one.creates or one.statement in _MAKES)
        self.created.update(one.name.name for one in made)
        self.indexed.update(indexed_first(statement))
        for key in statement.keys:
            self.keyed.setdefault(key.table.name, statement.line)
        self._follow_check(statement)

    def _follow_check(self, statement: Statement) -> None:
        """Note which columns cannot be NULL any more, as a CHECK on them has been validated."""
        if statement.head[:2] != (b"alter", b"table") or not statement.relations:
            return
        table = statement.relations[-1].name.name
        if check := not_null_check(statement.words):
            name, column, validated = check
            self._checks[table, name] = column
            if validated:
                self.checked.add((table, column))
        for name in validated_constraints(statement.words):
            if (table, name) in self._checks:
                self.checked.add((table, self._checks[table, name]))
