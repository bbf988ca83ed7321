"""A statement as the rules see it, and what they know of the statements before it."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import NamedTuple

from schemamig_tui.engine import Script
from schemamig_tui.sql.actions import Does, TableAction
from schemamig_tui.sql.constraints import first_indexed, may_constrain
from schemamig_tui.sql.expressions import proven_not_null
from schemamig_tui.sql.lexer import words_of
from schemamig_tui.sql.locks import Lock
from schemamig_tui.sql.touch import ObjectKind, Touch
from schemamig_tui.sql.touches import VERBS, touches, touches_of
from schemamig_tui.sql.traits import Kind, Traits
from schemamig_tui.sql.words import MOST, Name, Words, verb_of

WAITING = VERBS - {b"comment", b"select"}
"""How the statements begin that touch what others may wait for: a COMMENT keeps nobody waiting."""

_ENDS = (Kind.COMMIT, Kind.CHAIN, Kind.ROLLBACK)
_MAKES = ("CREATE TABLE", "CREATE MATERIALIZED VIEW")
_INDEXES = ((b"index",), (b"unique",))
_NAME = 24  # so many words surely have the name of a new table, and that of the one it is part of
_MAY_INDEX = (b"create", b"alter")
_DDL = (b"create", b"alter", b"drop")
_WRITES = ("INSERT", "UPDATE", "DELETE", "MERGE", "COPY")


class ForeignKey(NamedTuple):
    """``columns`` of ``table`` refer to ``target``."""

    table: Name
    columns: tuple[str, ...]
    target: Name


class Statement:
    """One statement of a file; what is costly to find out is found out once, when it is asked.

    ``verb`` is the word that it begins with, in lower case.
    """

    def __init__(self, script: Script, number: int) -> None:
        self.number = number
        self.sql = script.sql(number)
        self.verb = verb_of(self.sql)
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
    def head(self) -> tuple[bytes, ...]:
        """The first two words, in lower case."""
        return tuple(word.lower() for word in islice(words_of(self.sql), 2))

    @cached_property
    def tokens(self) -> tuple[bytes, ...]:
        """Its tokens as they are written, as many as are looked at of any statement."""
        return tuple(islice(words_of(self.sql), MOST))

    @cached_property
    def touches(self) -> tuple[Touch, ...]:
        """What it touches, new objects too; not what it comments on, which keeps nobody waiting."""
        if self.verb not in WAITING:
            return ()
        if self._may_constrain:  # its words are looked at for keys, too
            return tuple(touches_of(Words(self.tokens)))
        if self.verb == b"create" and self.head[1:] == (b"table",):
            first = islice(words_of(self.sql), _NAME)  # behind them is at most a weak lock
            return tuple(touches_of(Words(first)))
        return tuple(touches(self.sql))

    @cached_property
    def relations(self) -> tuple[Touch, ...]:
        """The relations that it touches and does not make."""
        return tuple(
            touch
            for touch in self.touches
            if touch.lock is not None and touch.target is ObjectKind.RELATION
        )

    @cached_property
    def constraining(self) -> tuple[tuple[Name, TableAction], ...]:
        """The tables to which it adds foreign keys and unique indexes, with what adds each."""
        if not self._may_constrain:
            return ()
        return tuple(
            (touch.name, action)
            for touch in self.touches
            for action in (*touch.keys, *touch.actions)
        )

    @cached_property
    def _may_constrain(self) -> bool:
        return self.verb in _MAY_INDEX and may_constrain(self.sql)

    @property
    def keys(self) -> tuple[ForeignKey, ...]:
        """The foreign keys that it adds."""
        return tuple(
            ForeignKey(table, one.columns, one.other)
            for table, one in self.constraining
            if one.does is Does.ADD_FOREIGN_KEY and one.columns and one.other
        )

    @property
    def index_keys(self) -> tuple[tuple[str, str], ...]:
        """The tables and first columns of the indexes that it makes."""
        if self.verb == b"create" and self.head[1:] in _INDEXES:
            found = first_indexed(words_of(self.sql))
            return ((found[0].name, found[1]),) if found else ()
        return tuple(
            (table.name, one.columns[0])
            for table, one in self.constraining
            if one.does is Does.ADD_KEY and one.columns
        )

    @property
    def writes(self) -> Touch | None:
        """What it does with the rows of a table; None: nothing."""
        return next((one for one in self.relations if one.statement in _WRITES), None)

    @property
    def is_ddl(self) -> bool:
        """Whether it makes, alters or drops something."""
        return self.verb in _DDL


@dataclass
class Before:
    """What the statements have done that stand before the one at hand.

    ``created`` are the tables that the files make, by their last name. The rest is of this file:
    ``keyed`` are the tables with new foreign keys, with the line.
    ``exclusive`` is the line, and the table, of the first ACCESS EXCLUSIVE lock on a table that was
    there before, in the transaction that is open.
    """

    created: set[str] = field(default_factory=set)
    keyed: dict[str, int] = field(default_factory=dict)
    exclusive: tuple[int, Name] | None = None
    lock_timeout: bool = False
    _checks: dict[tuple[str, str | None], str] = field(default_factory=dict)
    _checked: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    _new: list[Statement] = field(default_factory=list)
    _indexing: dict[str, list[Statement]] = field(default_factory=lambda: defaultdict(list))
    _indexed: set[tuple[str, str]] = field(default_factory=set)

    def start_file(self, statements: Sequence[Statement], *, lock_timeout: bool) -> None:
        """Every file starts in a session as good as new, with no lock."""
        self.keyed.clear()
        self.exclusive = None
        self.lock_timeout = lock_timeout
        self._new += [one for one in statements if one.verb in _MAY_INDEX]

    def existing(self, statement: Statement, *kinds: str) -> list[Touch]:
        """The relations that it touches and that no earlier statement has made.

        ``kinds`` are what it may be, such as ``CREATE INDEX``; without any, it may be anything.
        """
        return [
            one
            for one in statement.relations
            if (not kinds or one.statement in kinds) and one.name.name not in self.created
        ]

    def is_checked(self, table: str, column: str) -> bool:
        """Whether a CHECK that was validated proves that a column is not NULL."""
        return column in self._checked[table]

    def has_index(self, table: str, column: str) -> bool:
        """Whether a statement of this file, or one before it, makes an index that begins so."""
        while self._new:
            statement = self._new.pop()
            for touch in statement.touches:
                self._indexing[touch.name.name].append(statement)
        for statement in self._indexing.pop(table, ()):
            self._indexed.update(statement.index_keys)
        return (table, column) in self._indexed

    def follow(self, statement: Statement, *, in_transaction: bool) -> None:
        """Note what a statement does."""
        traits = statement.traits
        if traits.assigns and traits.assigns.name == "lock_timeout":
            self.lock_timeout = traits.assigns.value not in (None, "0")
        if not in_transaction or traits.kind in _ENDS:
            self.exclusive = None
        if statement.verb not in WAITING:
            return
        for touch in self.existing(statement) if in_transaction else ():
            if touch.lock is Lock.ACCESS_EXCLUSIVE and self.exclusive is None:
                self.exclusive = statement.line, touch.name
        # One with IF NOT EXISTS may be there already; the database tells of that.
        made = (one for one in statement.touches if one.creates or one.statement in _MAKES)
        self.created.update(one.name.name for one in made)
        for key in statement.keys:
            self.keyed.setdefault(key.table.name, statement.line)
        for touch in statement.touches:
            self._follow_checks(touch)

    def _follow_checks(self, touch: Touch) -> None:
        """Note the conditions that the rows of a table are known to meet."""
        table = touch.name.name
        for action in touch.actions:
            if action.does is Does.ADD_CHECK and action.text:
                self._checks[table, action.name] = action.text
                if not action.trusted:
                    self._checked[table] |= proven_not_null(action.text)
            elif action.does is Does.VALIDATE and (check := self._checks.get((table, action.name))):
                self._checked[table] |= proven_not_null(check)
