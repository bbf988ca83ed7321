"""Files against rows: what is applied, pending, failed, changed, missing."""

import hashlib
from datetime import datetime
from pathlib import Path

import pytest

from schemamig_tui.engine.ledger.rows import LedgerRow
from schemamig_tui.engine.ledger.status import State, Status, compare
from schemamig_tui.engine.ledger.warnings import drift_warnings, folder_warnings
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


@pytest.mark.parametrize(
    ("checksum", "shown"), [(None, "no checksum"), ("", "an empty checksum"), ("x", "checksum x")]
)
def test_a_row_says_which_checksum_it_has(checksum: str | None, shown: str) -> None:
    row = LedgerRow("a.sql", datetime(2025, 10, 18), checksum, 1, True, None)
    assert row.summary == f"applied, 2025-10-18 00:00:00, {shown}"


def test_the_case_of_the_hex_of_a_checksum_does_not_count(tmp_path: Path) -> None:
    was = {
        "a.sql": b"a\nb",
        "b.sql": b"a\nb",
        "c.sql": b"a\nb\r\nc\n",
        "gone.sql": b"d",
        "e.sql": b"",
    }
    is_now = {
        "a.sql": b"a\nb",
        "b.sql": b"a\r\nb",
        "c.sql": b"a\nb\nc\n",
        "d.sql": b"d",
        "e.sql": b"e",
    }
    for name, content in is_now.items():
        (tmp_path / name).write_bytes(content)
    rows = [row(name, content) for name, content in was.items()]
    status = compare(scan(tmp_path), [one._replace(checksum=one.checksum.upper()) for one in rows])
    assert names(status.changed) == []
    assert names(status.pending) == ["d.sql", "e.sql"]
    assert [(one.name, one.recorded_as) for one in status.renamed] == [("d.sql", "gone.sql")]


def test_names_sort_by_their_bytes() -> None:
    files = [MigrationFile(name, Path(name), 0, "") for name in ("é.sql", "Z.sql", "a.sql")]
    assert names(compare(files, []).migrations) == ["Z.sql", "a.sql", "é.sql"]


def scanned(folder: Path, **texts: str) -> Status:
    """The status of files of these names and contents, of which none is recorded."""
    for name, text in texts.items():
        (folder / f"{name}.sql").write_text(text)
    return compare(scan(folder), [])


def test_unwritten_files_at_the_end_are_left_for_later(tmp_path: Path) -> None:
    status = scanned(tmp_path, a="SELECT 1;", b="", c="BEGIN;\n-- to do\nCOMMIT;")
    assert names(status.pending) == ["a.sql", "b.sql", "c.sql"]
    assert names(status.to_run()) == ["a.sql"]
    assert names(status.unwritten()) == ["b.sql", "c.sql"]
    assert [one.unwritten for one in status.migrations] == [False, True, True]
    assert status.empty == ()


def test_unwritten_files_in_front_of_a_written_one_are_run_as_nothing(tmp_path: Path) -> None:
    status = scanned(tmp_path, a="", b="BEGIN; COMMIT;", c="SELECT 1;")
    assert names(status.to_run()) == ["a.sql", "b.sql", "c.sql"]
    assert status.unwritten() == ()
    assert not any(one.unwritten for one in status.migrations)
    assert names(status.empty) == ["a.sql", "b.sql"]


def test_only_the_files_that_are_to_run_count(tmp_path: Path) -> None:
    status = scanned(tmp_path, a="", b="SELECT 1;")
    assert (names(status.to_run("a.sql")), names(status.unwritten("a.sql"))) == ([], ["a.sql"])
    recorded = compare(scan(tmp_path), [row("b.sql", b"SELECT 1;")])
    assert (names(recorded.to_run()), names(recorded.unwritten())) == ([], ["a.sql"])


@pytest.mark.parametrize("text", ["-- to do\n", "\n", ";"])
def test_a_file_of_comments_is_run_as_nothing(tmp_path: Path, text: str) -> None:
    assert names(scanned(tmp_path, a=text).to_run()) == ["a.sql"]


def test_a_file_that_failed_and_is_empty_by_now_waits_too(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text("")
    status = compare(scan(tmp_path), [row("a.sql", b"SELECT 1/0;", success=False)])
    assert names(status.failed) == names(status.unwritten()) == ["a.sql"]
    assert status.to_run() == ()


def test_a_file_that_was_recorded_when_it_was_empty_is_pending_once_it_is_written(
    tmp_path: Path,
) -> None:
    (tmp_path / "a.sql").write_text("SELECT 1;")
    status = compare(scan(tmp_path), [row("a.sql")])
    (migration,) = status.migrations
    assert (migration.state, migration.written_since, migration.changed) == (
        State.PENDING,
        True,
        False,
    )
    assert names(status.to_run()) == ["a.sql"]


@pytest.mark.parametrize(
    ("text", "changed"), [("", False), ("-- to do\n", True), ("BEGIN; COMMIT;", True)]
)
def test_a_file_that_still_has_no_statement_stays_applied(
    tmp_path: Path, text: str, changed: bool
) -> None:
    (tmp_path / "a.sql").write_text(text)
    (migration,) = compare(scan(tmp_path), [row("a.sql")]).migrations
    assert (migration.state, migration.changed) == (State.APPLIED, changed)


def test_a_failed_try_of_an_empty_file_is_just_a_failed_one(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text("SELECT 1;")
    (migration,) = compare(scan(tmp_path), [row("a.sql", success=False)]).migrations
    assert (migration.state, migration.written_since) == (State.FAILED, False)


def test_what_is_odd_is_told_in_sentences(tmp_path: Path) -> None:
    scanned(tmp_path, a="1", b="2", c="SELECT 3;", d="")
    status = compare(
        scan(tmp_path), [row("a.sql", b"x"), row("b.sql", b"y"), row("c.sql"), row("gone.sql")]
    )
    assert folder_warnings(status, ["E.SQL"]) == (
        "No prefix YYYYMMDD_, YYYY-MM-DD_, NNNN_ in the name of a.sql, b.sql, c.sql and 1 more:"
        " they run in alphabetical order.",
        "No migration, because only .sql in lower case is one: E.SQL.",
        "Not written yet, so it is not run: d.sql.",
    )
    assert drift_warnings(status) == (
        "Changed since they were applied: a.sql, b.sql.",
        "In the ledger, but not in the folder: gone.sql.",
        "Recorded when it was empty, and pending again now that it has statements: c.sql.",
    )


def test_twins_of_a_file_in_the_ledger_are_told(tmp_path: Path) -> None:
    (tmp_path / "0001_caf\u00e9.sql").write_text("SELECT 1;")
    status = compare(scan(tmp_path), [row("0001_cafe\u0301.sql", b"SELECT 1;")])
    assert any("differ in their Unicode form" in warning for warning in folder_warnings(status))
