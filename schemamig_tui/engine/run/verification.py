"""Verifies, at the end of a run, that the ledger still has the rows of the files that it applied.

Each row is verified when it is written, see ``ledger.writes``. A statement of a later file, or an
AFTER trigger that a file of the run has made, may still delete it. That is not checked file by
file, because each file would be some percent slower: only where the ledger has had triggers before
the run. It is checked once a run, behind the last COMMIT, in the same pipeline.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping

from psycopg.pq.abc import PGresult

from schemamig_tui.engine.ledger.rows import MD5_OF_NOTHING, as_md5
from schemamig_tui.engine.ledger.table import Ledger
from schemamig_tui.engine.pipeline.step import Role, Step
from schemamig_tui.engine.run.reading import RunFiles

# All rows are seen, or the server says that they are not; and nobody is waited for.
_SETTINGS = (b"row_security = off", b"statement_timeout = 0", b"lock_timeout = '1s'")


class Verification:
    """Asks once for the rows of ``files``, in the session of the last file, and counts the rest."""

    def __init__(self, ledger: Ledger, files: RunFiles) -> None:
        self._ledger = ledger
        self._files = files
        self.held: Collection[str] | None = None
        """The names of the files that the ledger holds as applied; None: that is not known."""
        self.others = 0
        """How many successful rows are of other files, where ``held`` is known."""

    def steps(self) -> Iterator[Step]:
        """The steps that ask, in a session that ends with them; if they fail, nothing is known."""
        for setting in _SETTINGS:
            yield Step(b"SET " + setting, Role.HOUSEKEEPING)
        names = _array(self._files.names).encode()
        query = self._ledger.writes.recorded
        yield Step(query, Role.HOUSEKEEPING, params=(names,), answer=self._read)

    def _read(self, answer: PGresult) -> None:
        rows = range(answer.ntuples)
        found = [[answer.get_value(row, column) for column in (0, 1, 2)] for row in rows]
        counts = (int(count) for _, _, count in found if count)
        self.others = sum(counts) - (len(found) - 1)
        named = ((name.decode(), (sum_ or b"").decode()) for name, sum_, _ in found if name)
        recorded = {name: as_md5(checksum) for name, checksum in named}
        self.held = held(recorded, self._files)


def held(recorded: Mapping[str, str | None], files: RunFiles) -> frozenset[str]:
    """The names of the files that the ledger holds as applied, by the MD5s in its successful rows.

    A file that was empty when it was recorded, and is not now, does not count.
    """
    written = {run.name for run in files if run.script.file.checksum != MD5_OF_NOTHING}
    return frozenset(
        name for name, md5 in recorded.items() if md5 != MD5_OF_NOTHING or name not in written
    )


def _array(texts: Iterable[str]) -> str:
    """An array as PostgreSQL writes it."""
    quoted = (text.replace("\\", r"\\").replace('"', r"\"") for text in texts)
    return "{" + ",".join(f'"{text}"' for text in quoted) + "}"
