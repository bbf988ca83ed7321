"""The documentation of a target's schema: both faces write it and compare it with the database."""

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from schemamig_tui.catalog.snapshot import snapshot
from schemamig_tui.connect import OnWait, Target
from schemamig_tui.docs import files, parser
from schemamig_tui.docs.compare import Validated, differences
from schemamig_tui.docs.document import Document
from schemamig_tui.docs.files import Generated
from schemamig_tui.docs.from_catalog import document
from schemamig_tui.errors import SettingsError
from schemamig_tui.rehearsal.rehearsal import schema_errors
from schemamig_tui.text import visible

_WRITERS = {".dbml": files.generate, ".md": files.generate_pages}


def generate(
    target: Target,
    paths: Iterable[Path],
    schemas: Sequence[str] = (),
    on_wait: OnWait | None = None,
) -> Iterator[Generated]:
    """Write each of the ``paths``, as its ending says, from the schema of the target.

    ``schemas`` are all where none is named. Raises FilesError, SettingsError, LockTimeout and
    ConnectionFailed.
    """
    paths = sorted(paths, key=lambda path: [*_WRITERS].index(_ending(path)))
    database = _read(target, schemas, on_wait)
    for path in paths:
        yield _WRITERS[_ending(path)](path, database)


def _ending(path: Path) -> str:
    if path.suffix not in _WRITERS:
        raise SettingsError(
            f"{visible(str(path))} is no file that can be written: its name has to end in"
            f" {' or '.join(_WRITERS)}"
        )
    return path.suffix


def validate(
    target: Target, path: Path, schemas: Sequence[str] = (), on_wait: OnWait | None = None
) -> Validated:
    """Compare a DBML file with the schema of the target; raises as ``generate``."""
    file = parser.read(path)  # an error in it needs no database
    database = _read(target, schemas, on_wait)
    return Validated(path, database, differences(file, database))


def _read(target: Target, schemas: Sequence[str], on_wait: OnWait | None) -> Document:
    with schema_errors(), contextlib.closing(target.connect(on_wait)) as conn:
        return document(snapshot(conn), conn.info.dbname, schemas)
