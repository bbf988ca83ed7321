"""The traits of a statement: values, which ``sql.statements`` makes from its text."""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Literal

from schemamig_tui.sql.enum_values import AddedValue
from schemamig_tui.sql.words import Name


class Kind(Enum):
    """The kinds of statements that a run has to tell apart."""

    ORDINARY = auto()
    BEGIN = auto()
    COMMIT = auto()
    """The transaction ends, and none is open."""
    CHAIN = auto()
    """COMMIT AND CHAIN: the transaction ends, and the next one begins."""
    ROLLBACK = auto()
    """The transaction ends and leaves nothing yet: ROLLBACK, but also PREPARE TRANSACTION."""
    ALONE = auto()
    """The server refuses it in a transaction."""
    COPY_IN = auto()
    """COPY ... FROM stdin: the data follows, see ``Script.copy_data``."""
    COPY_OUT = auto()
    """COPY ... TO stdout: the server sends data."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """What SET, RESET, set_config or DISCARD ALL does to a setting.

    ``name`` is in lower case, as pg_settings has it (``timezone``, ``session_authorization``);
    None stands for all settings. ``value`` is as it is written, without its quotes; None is the
    default. ``local``: for the transaction only.
    """

    name: str | None
    value: str | None = None
    local: bool = False

    @property
    def changes_role(self) -> bool:
        """Whether it may be another role for which the statements behind it run."""
        return self.name in ("role", "session_authorization")

    @property
    def decides_reading(self) -> bool:
        """Whether it decides where the statements of a file end."""
        return self.name in ("client_encoding", "standard_conforming_strings")


@dataclass(frozen=True, slots=True)
class Concurrent:
    """What a statement does CONCURRENTLY, in transactions of its own.

    ``does`` is ``create``, ``drop``, ``detach``, or the kind of what is reindexed: ``index``,
    ``table``, ``schema``, ``database``. ``on`` is the table of a new index, or what is reindexed,
    ``index`` the name of the new index, both as they are written; None where there is none.
    """

    does: str
    on: bytes | None = None
    index: bytes | None = None


@dataclass(frozen=True, slots=True)
class Traits:
    """What a run, a rehearsal and advice have to know about a statement.

    ``label`` names it in a sentence: ``CREATE INDEX CONCURRENTLY``. ``chained``: it ends one
    transaction and begins the next. ``read_only``: nothing can be written in its transaction, or in
    later ones. ``only_sets``: it only makes settings, so it may stand in front of a file's BEGIN;
    ``assigns`` is the setting. ``outside`` says what psql does with it where no transaction is
    open. ``savepoint`` is the name that SAVEPOINT, RELEASE or ROLLBACK TO gives.

    ``commits``: it calls code that may end the transaction in which it runs. ``creates_schemas``
    are the names of schemas that it makes, ``adds_enum_values`` are new values of enums; both also
    count in code that it carries. ``concurrently`` is what it does CONCURRENTLY. ``mentions`` are
    those names of ``WATCHED`` that occur anywhere in it, also in code that it carries or defines.
    ``runs_code``: it runs functions, a procedure or a block. ``alters_defaults``: it changes what
    new sessions of a role or database start with; ``changes_reading``: it, or code in it, may
    change so how later files are cut. ``data_encoding`` is the encoding of the data behind a COPY,
    where the statement names it. ``creates_type`` is the name of the type that it makes.
    ``sets_locally``: a block or a query makes a setting up to the end of its transaction.
    ``comes_first``: it sets something of its transaction that the server only takes before any
    query. ``rights``: it gives a role to a role (``role``), or may change privileges in some other
    way, also in code that it carries (``maybe``).
    """

    label: str = ""
    kind: Kind = Kind.ORDINARY
    chained: bool = False
    read_only: bool = False
    only_sets: bool = False
    outside: Literal["ignore", "refuse"] | None = None
    assigns: Assignment | None = None
    savepoint: str | None = None
    commits: bool = False
    creates_schemas: tuple[str, ...] = ()
    adds_enum_values: tuple[AddedValue, ...] = ()
    concurrently: Concurrent | None = None
    mentions: frozenset[str] = frozenset()
    runs_code: bool = False
    alters_defaults: bool = False
    changes_reading: bool = False
    data_encoding: str | None = None
    creates_type: Name | None = None
    sets_locally: bool = False
    comes_first: bool = False
    rights: Literal["role", "maybe"] | None = None

    @property
    def sets_transaction(self) -> bool:
        """Whether it is SET TRANSACTION, whose modes have to be set before any query."""
        return self.label == "SET TRANSACTION"

    @property
    def sets_later_modes(self) -> bool:
        """Whether it sets how transactions begin, which comes too late for its own one.

        READ WRITE is what a session has anyway that may run migrations.
        """
        sets = self.assigns
        if sets is None or sets.local or sets.value is None:
            return False
        if sets.name == "session characteristics":
            return "isolation" in sets.value or "deferrable" in sets.value
        return sets.name in ("default_transaction_isolation", "default_transaction_deferrable")

    @property
    def is_query(self) -> bool:
        """Whether it counts as a query, behind which what ``comes_first`` is too late.

        LOCK, SAVEPOINT and the like do not count.
        """
        return not (self.only_sets or self.outside or self.kind is Kind.BEGIN)


ORDINARY = Traits()
"""Those of a statement that is like any other."""

WATCHED = frozenset(
    (
        "lock_timeout",
        "statement_timeout",
        "transaction_timeout",
        "search_path",
        "track_counts",
        "track_functions",
        "pg_prepared_statements",
        "deallocate",
        "execute",
    )
)
"""The settings, view and commands of which it matters whether a file names them in any way."""

HAVE_DEFAULTS = (b"database", b"group", b"role", b"user")
"""What can be behind ALTER to change what new sessions begin with."""
