"""What the events of documenting and verifying hold."""

from typing import Literal, TypedDict

from schemamig_tui.catalog.changes import Change


class DocsStarted(TypedDict):
    """The schema is being read."""


class DocsGenerated(TypedDict):
    """``--docs-generate``: the file says what the database has.

    ``in_notes`` counts the properties that only fit into notes, because DBML has no words for them;
    ``left_out`` counts objects in no schema, which are left out with ``--schema``. ``lost`` names
    what is gone from the database and had a note by hand.
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
    """``--docs-validate``: a part of the schema that differs in ``file`` and ``database``."""

    where: str
    what: str
    file: str | None
    database: str | None


class DocsValidated(TypedDict):
    """The end of ``--docs-validate``."""

    path: str
    differences: int


class Verifying(TypedDict):
    """The file that runs on the scratch now; reported once a second at the most."""

    name: str
    number: int
    total: int


class VerifyDifference(TypedDict):
    """``--verify``: a ``change`` from the schema that the migrations make to the database's.

    ``there`` says where the object is: no migration makes it (database), the database lacks it
    (migrations), or both have it and it differs (both).
    """

    there: Literal["database", "migrations", "both"]
    change: Change


class ColumnsReordered(TypedDict):
    """``--verify``: columns that are ``made`` in another order than ``found``: no difference."""

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
