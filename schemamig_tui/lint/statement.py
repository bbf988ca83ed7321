"""A statement as the rules see it, and what they know of the statements before it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice

from schemamig_tui.engine import Script
from schemamig_tui.sql.constraints import (
    ForeignKey,
    TableConstraints,
    index_columns,
    may_check,
    may_constrain,
    may_refer,
    not_null_check,
    table_constraints,
    validated_constraints,
)
from schemamig_tui.sql.lexer import tokens
from schemamig_tui.sql.locks import Lock
from schemamig_tui.sql.touch import ObjectKind, Touch
from schemamig_tui.sql.touches import touches, touches_of
from schemamig_tui.sql.traits import Kind, Traits
from schemamig_tui.sql.words import MOST, Name, Words, words_of

_ENDS = (Kind.COMMIT, Kind.CHAIN, Kind.ROLLBACK)
_MAKES = ("CREATE TABLE", "CREATE MATERIALIZED VIEW")
_INDEXES = ((b"create", b"index"), (b"create", b"unique"))
_NAME = 24  # so many words surely have the name of a new table, and that of the one it is part of
_NO_CONSTRAINTS = TableConstraints((), ())
_TOUCH_NOTHING = ((b"comment",), (b"select",), (b"set",), (b"do",))
_MAY_INDEX = ((b"create",), (b"alter",))
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
    def tokens(self) -> tuple[bytes, ...]:
        """Its tokens as they are written, as many as are looked at of any statement."""
        return tuple(islice(words_of(self.sql), MOST))

    @cached_property
    def words(self) -> tuple[bytes, ...]:
        """Its tokens in lower case."""
        return tuple(token.lower() for token in self.tokens)

    @cached_property
    def head(self) -> tuple[bytes, ...]:
        """The first two words, in lower case."""
        return tuple(token[1].lower() for token in islice(tokens(self.sql), 2))

    @cached_property
    def touches(self) -> tuple[Touch, ...]:
        """What it touches, new objects too; not what it comments on, which keeps nobody waiting."""
        if self.head[:1] in _TOUCH_NOTHING:
            return ()
        if self.head == (b"create", b"table") and not self._refers:
            first = islice(words_of(self.sql), _NAME)  # behind them is at most a weak lock
            return tuple(touches_of(Words(first)))
        if self.head[:1] in _MAY_INDEX:  # their words are looked at for other things, too
            return tuple(touches_of(Words(self.tokens)))
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
    def constraints(self) -> TableConstraints:
        """The foreign keys and unique indexes that it adds."""
        if self.head[:1] in _MAY_INDEX and may_constrain(self.sql):
            return table_constraints(self.tokens)
        return _NO_CONSTRAINTS

    @cached_property
    def _refers(self) -> bool:
        return may_refer(self.sql)

    @property
    def keys(self) -> tuple[ForeignKey, ...]:
        """The foreign keys that it adds."""
        return self.constraints.keys if self._refers else ()

    @property
    def index_keys(self) -> tuple[tuple[str, str], ...]:
        """The tables and first columns of the indexes that it makes."""
        if self.head[:2] in _INDEXES:
            found = index_columns(self.sql)
            return ((found[0].name, found[1][0]),) if found and found[1] else ()
        return self.constraints.unique

    @property
    def writes(self) -> Touch | None:
        """What it does with the rows of a table; None: nothing."""
        return next((one for one in self.relations if one.statement in _WRITES), None)

    @property
    def is_ddl(self) -> bool:
        """Whether it makes, alters or drops something."""
        return self.head[:1] in ((b"create",), (b"alter",), (b"drop",))


@dataclass
class Before:
    """What the statements have done that stand before the one at hand.

    ``created`` are the tables that the files make, by their last name, ``checked`` columns with a
    CHECK that they are not NULL, each with its table. The rest is of this file: ``keyed`` are the
    tables with new foreign keys, with the line.
    ``exclusive`` is the line, and the table, of the first ACCESS EXCLUSIVE lock on a table that was
    there before, in the transaction that is open.
    """

    created: set[str] = field(default_factory=set)
    checked: set[tuple[str, str]] = field(default_factory=set)
    keyed: dict[str, int] = field(default_factory=dict)
    exclusive: tuple[int, Name] | None = None
    lock_timeout: bool = False
    _checks: dict[tuple[str, str], str] = field(default_factory=dict)
    _indexing: list[Statement] = field(default_factory=list)
    _indexed: set[tuple[str, str]] = field(default_factory=set)

    def start_file(self, statements: Sequence[Statement], *, lock_timeout: bool) -> None:
        """Every file starts in a session as good as new, with no lock."""
        self.keyed.clear()
        self.exclusive = None
        self.lock_timeout = lock_timeout
        self._indexing += [one for one in statements if one.head[:1] in _MAY_INDEX]

    def existing(self, statement: Statement) -> list[Touch]:
        """The relations that it touches and that no earlier statement has made."""
        return [one for one in statement.relations if one.name.name not in self.created]

    def has_index(self, table: str, column: str) -> bool:
        """Whether a statement of this file, or one before it, makes an index that begins so."""
        while self._indexing:
            self._indexed.update(self._indexing.pop().index_keys)
        return (table, column) in self._indexed

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
        for key in statement.keys:
            self.keyed.setdefault(key.table.name, statement.line)
        self._follow_check(statement)

    def _follow_check(self, statement: Statement) -> None:
        """Note which columns cannot be NULL any more, as a CHECK on them has been validated."""
        if statement.head[:2] != (b"alter", b"table") or not statement.relations:
            return
        table = statement.relations[-1].name.name
        if not may_check(statement.sql):
            return
        if check := not_null_check(statement.words):
            name, column, validated = check
            self._checks[table, name] = column
            if validated:
                self.checked.add((table, column))
        for name in validated_constraints(statement.words):
            if (table, name) in self._checks:
                self.checked.add((table, self._checks[table, name]))
