"""The result of a verification, as a value."""

from dataclasses import dataclass

from psycopg.errors import FeatureNotSupported, UndefinedFile

from schemamig_tui.scratch.comparison import SchemaComparison
from schemamig_tui.scratch.replay import Replayed

# A feature that it was built without, such as ICU, and a file that is not installed there.
_MAY_BE_THE_SERVER = (FeatureNotSupported.sqlstate, UndefinedFile.sqlstate)


@dataclass(frozen=True)
class SchemaVerification:
    """What has run on the ``scratch``, and how the schema of the database differs from that.

    There is no ``comparison`` where a file failed. ``scratch`` says in a few words where it was;
    with ``same_version`` its server is of the major version of the database's.
    """

    scratch: str
    replayed: Replayed
    comparison: SchemaComparison | None
    same_version: bool

    @property
    def same(self) -> bool:
        """Whether the database is what the migrations make; the order of columns may differ."""
        return self.comparison is not None and not self.comparison.differences

    @property
    def scratch_may_be_why(self) -> bool:
        """Whether a file may have failed for what the server of the scratch is or lacks."""
        failed = self.replayed.failed
        return failed is not None and (
            not self.same_version or failed.failure.sqlstate in _MAY_BE_THE_SERVER
        )
