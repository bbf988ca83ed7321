"""Scripts out of text, for the tests of cutting."""

import hashlib
import tempfile
from pathlib import Path

import pytest

from schemamig_tui.engine.script.cutter import Cutter
from schemamig_tui.engine.script.files import MigrationFile
from schemamig_tui.engine.script.script import Script, parse
from schemamig_tui.engine.script.source import Source
from schemamig_tui.errors import FilesError
from schemamig_tui.sql.dialect import Dialect

USUAL = Dialect()


def on_disk(path: Path, data: bytes) -> MigrationFile:
    """A migration with these bytes at ``path``."""
    path.write_bytes(data)
    return MigrationFile(path.name, path, len(data), hashlib.md5(data).hexdigest())


def script_of(text: str | bytes, dialect: Dialect = USUAL) -> Script:
    """The script of a file that is small enough to be gone by now."""
    data = text if isinstance(text, bytes) else text.encode()
    with tempfile.TemporaryDirectory() as folder:
        file = on_disk(Path(folder) / "0001_test.sql", data)
        return parse(file, dialect)


def cut(text: str | bytes) -> Cutter:
    """A file as the cutter leaves it, before anything is decided."""
    data = text if isinstance(text, bytes) else text.encode()
    with tempfile.TemporaryDirectory() as folder:
        file = on_disk(Path(folder) / "0001_test.sql", data)
        cutter = Cutter(Source(file.path), trusted=False, standard_strings=True)
        cutter.run(file.checksum)
        return cutter


def statements(text: str | bytes, dialect: Dialect = USUAL) -> list[str]:
    """The statements of a file, as text."""
    script = script_of(text, dialect)
    return [script.sql(i).decode(errors="surrogateescape") for i in range(len(script))]


def refusal(text: str | bytes) -> FilesError:
    """The error that a file is refused with."""
    with pytest.raises(FilesError) as caught:
        script_of(text)
    return caught.value
