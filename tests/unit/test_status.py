"""Files against rows: what is applied, pending, failed, changed, missing."""

import hashlib
from datetime import datetime
from pathlib import Path

import pytest

from schemamig_tui.engine.ledger.rows import LedgerRow
from schemamig_tui.engine.ledger.status import State, Status, compare
from schemamig_tui.engine.script.files import MigrationFile, scan
from schemamig_tui.errors import SettingsError


def row(name: str, content: bytes = b"", *, success: bool = True) -> LedgerRow:
    checksum = hashlib.md5(content).hexdigest()
    return LedgerRow(name, datetime(2025, 10, 18), checksum, 1, success, None)


def names(migrations: tuple[object, ...]) -> list[str]:
    return [migration.name for migration in migrations]  # type: ignore[attr-defined]  # Migration


@pytest.fixture
def status(tmp_path: Path) -> Status:
    for name in ("a", "b", "c", "d", "e"):
        (tmp_path / f"{name}.sql").write_bytes(name.encode())
    rows = [
        row("a.sql", b"a"),
        row("b.sql", b"another"),
        row("d.sql", b"before", success=False),
        row("gone.sql"),
        row("gone_too.sql", success=False),
    ]
    return compare(scan(tmp_path), rows)


def test_every_migration_is_in_one_of_three_states(status: Status) -> None:
    assert names(status.applied) == ["a.sql", "b.sql", "gone.sql"]
    assert names(status.pending) == ["c.sql", "e.sql"]
    assert names(status.failed) == ["d.sql", "gone_too.sql"]


def test_an_applied_file_with_another_content_has_changed(status: Status) -> None:
    assert names(status.changed) == ["b.sql"]


def test_a_failed_file_that_was_mended_since_has_changed_too(status: Status) -> None:
    (failed,) = [m for m in status.failed if not m.missing]
    assert failed.changed
    assert failed.state is State.FAILED


def test_a_recorded_migration_without_a_file_is_missing(status: Status) -> None:
    assert names(status.missing) == ["gone.sql", "gone_too.sql"]


def test_failed_ones_are_run_in_their_place_among_the_pending(status: Status) -> None:
    assert names(status.to_run()) == ["c.sql", "d.sql", "e.sql"]
    assert names(status.to_run("d.sql")) == ["c.sql", "d.sql"]
    assert names(status.to_run("b.sql")) == []


@pytest.mark.parametrize("name", ["nope.sql", "gone.sql", ""])
def test_only_a_file_of_the_folder_can_be_the_last_to_run(status: Status, name: str) -> None:
    with pytest.raises(SettingsError, match="no migration"):
        status.to_run(name)


def test_a_row_made_by_hand_is_never_drift(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_bytes(b"a")
    (file,) = scan(tmp_path)
    for checksum in ("MANUAL", None):
        manual = LedgerRow("a.sql", None, checksum, 0, True, None)
        assert not compare([file], [manual]).changed


def test_names_sort_by_their_bytes() -> None:
    files = [MigrationFile(name, Path(name), 0, "") for name in ("é.sql", "Z.sql", "a.sql")]
    assert names(compare(files, []).migrations) == ["Z.sql", "a.sql", "é.sql"]
