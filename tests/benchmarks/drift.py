"""How long it takes to find what has changed, and in git what it was."""

import hashlib
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from schemamig_tui.authoring.git import Repository
from schemamig_tui.authoring.versions import find_versions
from schemamig_tui.engine import scan
from schemamig_tui.engine.ledger.rows import LedgerRow
from schemamig_tui.engine.ledger.status import compare
from tests.benchmarks.reading import hash_all
from tests.benchmarks.report import Row, medians, ratio
from tests.benchmarks.samples import small_migrations

_FILES, _COMMITS, _NAMES = 10_000, 5_000, 100
_AT_MOST = 1000.0  # ms beside those of git


def drift(repeat: int) -> Iterator[Row]:
    """10,000 applied files compared with the ledger, and a version in 5,000 commits."""
    with tempfile.TemporaryDirectory() as name:
        many = small_migrations(Path(name), _FILES).migrations
        rows = [
            LedgerRow(file.name, None, file.checksum, 1, success=True, error_message=None)
            for file in scan(many)
        ]
        compared, floor = medians(
            repeat,
            lambda: _ms(lambda: compare(scan(many), rows).changed),
            lambda: _ms(lambda: hash_all(many)),
        )
    yield ratio(f"drift: {_FILES:,} applied files compared; MD5 alone", compared, floor, 2.0)

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write_history(folder)
        first = hashlib.md5(_text(0), usedforsecurity=False).hexdigest()
        wanted = {_name(0): first}
        assert find_versions(Repository.of(folder), wanted)[_name(0)].text == _text(0)
        ours, git = medians(
            repeat,
            lambda: _ms(lambda: find_versions(Repository.of(folder), wanted)),
            lambda: _ms(lambda: _git(folder, "log", "--raw", "--no-renames", "--", _name(0))),
        )
    beside = ours - git
    yield Row(
        f"drift: a version in {_COMMITS:,} commits; git log alone",
        f"{ours:.0f} ms",
        f"{git:.0f} ms",
        f"+{beside:.0f} ms",
        f"<=+{_AT_MOST:.0f} ms",
        beside <= _AT_MOST,
    )


def _name(number: int) -> str:
    return f"{number % _NAMES:04}_a.sql"


def _text(number: int) -> bytes:
    return f"SELECT {number};\n".encode()


def _write_history(folder: Path) -> None:
    """A commit for each number, which changes one of the files."""
    stream = [
        b"commit refs/heads/main\ncommitter A <a@example.com> %d +0000\ndata 1\nx\n"
        b"M 100644 inline %s\ndata %d\n%s\n"
        % (1_700_000_000 + number, _name(number).encode(), len(_text(number)), _text(number))
        for number in range(_COMMITS)
    ]
    _git(folder, "init", "-q", "-b", "main")
    _git(folder, "fast-import", "--quiet", given=b"".join(stream))
    _git(folder, "reset", "-q", "--hard")


def _git(folder: Path, *arguments: str, given: bytes = b"") -> None:
    command = ["git", "-C", folder, *arguments]
    subprocess.run(command, input=given, stdout=subprocess.PIPE, check=True)


def _ms(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - began)
