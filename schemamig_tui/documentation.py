"""Writes the documentation of a target's schema, and compares it, for the UI and the commands."""

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import psycopg

from schemamig_tui.catalog.objects import Schema
from schemamig_tui.connect import OnWait, Target
from schemamig_tui.docs import files, parser
from schemamig_tui.docs.compare import Validated, differences, within
from schemamig_tui.docs.files import Generated
from schemamig_tui.docs.from_catalog import document, read_schema, require
from schemamig_tui.engine.ledger.rows import LedgerRow
from schemamig_tui.engine.ledger.table import Ledger
from schemamig_tui.errors import SettingsError
from schemamig_tui.file_access import is_there
from schemamig_tui.garbage import no_collections
from schemamig_tui.schema_errors import schema_errors
from schemamig_tui.text import visible

OnRead = Callable[[], None]

_ENDINGS = (".dbml", ".md", ".sql")  # the pages have what people have written into the DBML


def _nobody() -> None:
    pass


def generate(
    target: Target,
    ledger: str,
    paths: Iterable[Path],
    schemas: Sequence[str] = (),
    on_wait: OnWait | None = None,
    on_read: OnRead = _nobody,
) -> Iterator[Generated]:
    """Write each of the ``paths``, as its ending says, from the schema of the target.

    ``schemas`` are all where none is named; a dump has the rows of the table ``ledger`` as well.
    ``on_read`` is called when the server answers: reading its schema may take a while.
    Raises FilesError, SettingsError, LedgerError, LockTimeout and ConnectionFailed.
    """
    paths = sorted(paths, key=_order)
    with _reading(target, schemas, on_wait, on_read) as (conn, schema):
        database = document(schema, conn.info.dbname, schemas)
        for path in paths:
            if path.suffix == ".sql":
                yield files.generate_dump(path, database, _dump(target, conn, ledger, schemas))
            elif path.suffix == ".md":
                yield files.generate_pages(path, database)
            else:
                yield files.generate(path, database)


def _order(path: Path) -> int:
    if path.suffix not in _ENDINGS:
        raise SettingsError(
            f"{visible(str(path))} is none of the files that can be written",
            hint=f"its name has to end in {', '.join(_ENDINGS[:-1])} or {_ENDINGS[-1]}",
        )
    return _ENDINGS.index(path.suffix)


def _dump(target: Target, conn: psycopg.Connection[Any], name: str, schemas: Sequence[str]) -> str:
    from schemamig_tui.connect.pg_dump import dump
    from schemamig_tui.docs.dump import OPTIONS, only_schemas, rows_of, tidied

    ledger = Ledger(name)
    text = dump(target, conn.info.server_version // 10000, [*OPTIONS, *only_schemas(schemas)])
    if schemas and ledger.schema not in schemas:
        return tidied(text)
    return tidied(text) + rows_of(ledger.name, LedgerRow._fields, [*ledger.read(conn)])


def check_files(paths: Iterable[Path]) -> None:
    """Read the DBML of ``paths`` where it is there already, as ``generate`` and ``validate`` do.

    They do so in a tenth of the time, but need a database. Raises FilesError.
    """
    for path in sorted({path.with_suffix(".dbml") for path in paths if path.suffix != ".sql"}):
        if is_there(path):
            parser.read(path)


def dbml_of(paths: Sequence[Path]) -> Path:
    """The one of the documentation's files that can be compared with a database, or the first."""
    return next((path for path in paths if path.suffix == ".dbml"), paths[0])


def validate(
    target: Target,
    path: Path,
    schemas: Sequence[str] = (),
    on_wait: OnWait | None = None,
    on_read: OnRead = _nobody,
) -> Validated:
    """Compare a DBML file with the schema of the target, or both sides of some ``schemas``.

    Raises as ``generate``.
    """
    if path.suffix in _ENDINGS[1:]:
        raise SettingsError(
            f"{visible(str(path))} cannot be compared with a database",
            hint="name the .dbml file, which says the same",
        )
    text = parser.text_of(path)  # an error there needs no database
    with _reading(target, schemas, on_wait, on_read) as (conn, schema):
        database = document(schema, conn.info.dbname, schemas)
        file = parser.parse(text, path, database)
        # In a file that has more, a foreign key to another schema is none of its notes.
        if within(file, schemas) != file:
            database = within(document(schema, conn.info.dbname), schemas)
        return Validated(path, database, differences(within(file, schemas), database))


@contextlib.contextmanager
def _reading(
    target: Target, schemas: Sequence[str], on_wait: OnWait | None, on_read: OnRead
) -> Iterator[tuple[psycopg.Connection[Any], Schema]]:
    """A connection, and the schema of its database, which has ``schemas``."""
    with (
        schema_errors(),
        contextlib.closing(target.connect(on_wait)) as conn,
        no_collections(),
    ):
        on_read()
        found = read_schema(conn, target.connect)
        require(found, schemas)
        yield conn, found
