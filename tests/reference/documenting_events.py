"""What the events of documenting and verifying hold."""

from typing import Literal, TypedDict

from schemamig_tui.catalog.changes import Change


class DocsStarted(TypedDict):
    """The schema is being read."""


class DocsGenerated(TypedDict):
    """``--docs-generate``: the file says what the database has.

    ``in_notes`` counts what DBML has no words for, ``left_out`` what is in no schema, with
    ``--schema``. ``lost`` is what has taken a note by hand with it.
    """

    path: str
    state: Literal["created", "changed", "unchanged"]
    tables: int
    enums: int
    foreign_keys: int
    in_notes: int
    left_out: int
    lost: list[str]


class DocsDifference(TypedDict):
    """``--docs-validate``: what a part of the schema is in the ``file`` and in the ``database``."""

    where: str
    what: str
    file: str | None
    database: str | None


class DocsValidated(TypedDict):
    """The end of ``--docs-validate``."""

    path: str
    differences: int


class Verifying(TypedDict):
    """The file that runs on the scratch; this comes once a second at the most."""

    name: str
    number: int
    total: int


class VerifyDifference(TypedDict):
    """``--verify``: a ``change`` leads from what the migrations make to the database.

    ``there``: no migration makes it (database), the database lacks it (migrations), or it differs
    (both).
    """

    there: Literal["database", "migrations", "both"]
    change: Change


class ColumnsReordered(TypedDict):
    """``--verify``: the columns as they were ``made`` and ``found``; that is no difference."""

    table: str
    made: list[str]
    found: list[str]


class Verified(TypedDict):
    """The end of ``--verify``: ``ran`` are the files that ran on the ``scratch``.

    ``remembered``: they did in an earlier run. ``differences`` is null where one ``failed``, for
    which a ``file_failed`` came before;
    ``scratch_may_be_why``: it did for what that server is or lacks.
    """

    scratch: str
    ran: list[str]
    remembered: bool
    failed: str | None
    remaining: list[str]
    differences: int | None
    same: bool
    scratch_may_be_why: bool
