"""What a rule is: a name, how much it matters, and a function that looks at one statement."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum, auto
from typing import NamedTuple

from schemamig_tui.engine import Script
from schemamig_tui.lint.finding import Severity
from schemamig_tui.lint.statement import Before, Statement
from schemamig_tui.sql.words import Name


class Hit(NamedTuple):
    """What a rule has found; ``line`` is that of the statement where it is None."""

    message: str
    table: Name | None = None
    line: int | None = None


class Asks(Enum):
    """What the database may say of a finding."""

    NOTHING = auto()
    WORK = auto()
    """A small table clears it, a large one raises it."""
    ONLY_WORK = auto()
    """The same, and without a database, or a large table, it is none."""
    ROWS = auto()
    """A table without rows clears it: there is nothing to lose."""
    EXISTENCE = auto()
    """On a table that does not exist yet it is none; of others in a file the first is enough."""


StatementCheck = Callable[[Statement, Before], Iterator[Hit]]
FileCheck = Callable[[Script, list[Statement]], Iterator[Hit]]


@dataclass(frozen=True, slots=True)
class LintRule:
    """A rule. ``check`` looks at each statement, or ``check_file`` at each file.

    ``verbs`` are how the statements begin that it is for; empty: any. ``what`` says what it finds,
    ``safer`` the way out.
    """

    name: str
    severity: Severity
    what: str
    safer: str
    check: StatementCheck | None = None
    check_file: FileCheck | None = None
    asks: Asks = Asks.NOTHING
    verbs: frozenset[bytes] = frozenset()
