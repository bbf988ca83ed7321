"""The documentation of a target's schema: both faces write it and compare it with the database."""

import contextlib
from collections.abc import Sequence
from pathlib import Path

from schemamig_tui.catalog.snapshot import snapshot
from schemamig_tui.connect import OnWait, Target
from schemamig_tui.docs import files, parser
from schemamig_tui.docs.compare import Validated, differences
from schemamig_tui.docs.document import Document
from schemamig_tui.docs.files import Generated
from schemamig_tui.docs.from_catalog import document
from schemamig_tui.rehearsal.rehearsal import schema_errors


def generate(
    target: Target, path: Path, schemas: Sequence[str] = (), on_wait: OnWait | None = None
) -> Generated:
    """Write ``path`` from the schema of the target; ``schemas`` are all where none is named.

    Raises FilesError, SettingsError, LockTimeout and ConnectionFailed.
    """
    return files.generate(path, _read(target, schemas, on_wait))


def validate(
    target: Target, path: Path, schemas: Sequence[str] = (), on_wait: OnWait | None = None
) -> Validated:
    """Compare ``path`` with the schema of the target; raises as ``generate``. Writes nothing."""
    file = parser.read(path)  # an error in it needs no database
    database = _read(target, schemas, on_wait)
    return Validated(path, database, differences(file, database))


def _read(target: Target, schemas: Sequence[str], on_wait: OnWait | None) -> Document:
    with schema_errors(), contextlib.closing(target.connect(on_wait)) as conn:
        return document(snapshot(conn), conn.info.dbname, schemas)
