"""The folder of migrations: what is in it, in which order, and what cannot be."""

import hashlib
import os
import pwd
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from schemamig_tui.engine.script import files
from schemamig_tui.engine.script.files import MigrationFile, naming_warnings, same_content, scan
from schemamig_tui.errors import FilesError
from tests.unit.scripts import on_disk


def md5(data: bytes) -> str:
    return hashlib.md5(data).hexdigest()


def named(*names: str) -> list[MigrationFile]:
    return [MigrationFile(name, Path(name), 0, "") for name in names]


def test_files_are_found_in_byte_order_of_their_names(tmp_path: Path) -> None:
    names = ["0001_b.sql", "0001_B.sql", "10_a.sql", "2_ä.sql", "2_z.sql", "20250101_a.sql"]
    for name in names:
        (tmp_path / name).touch()
    assert [file.name for file in scan(tmp_path)] == sorted(names, key=str.encode)


def test_a_file_is_known_by_the_md5_of_its_bytes(tmp_path: Path) -> None:
    data = b"\xef\xbb\xbfSELECT 1;\r\n" * 50_000
    (tmp_path / "0001_a.sql").write_bytes(data)
    assert scan(tmp_path) == (
        MigrationFile("0001_a.sql", tmp_path / "0001_a.sql", len(data), md5(data)),
    )


def test_other_names_hidden_files_and_folders_are_left_out(tmp_path: Path) -> None:
    for name in ("a.txt", ".0001_a.sql", "a.sql.bak", "a.SQL"):
        (tmp_path / name).touch()
    (tmp_path / "0001_folder.sql").mkdir()
    assert scan(tmp_path) == ()


def test_names_may_hold_anything_a_file_system_takes(tmp_path: Path) -> None:
    names = ["0001_two words.sql", "0001_'quote\".sql", "0001_[red].sql", "0001_\x1b[31m\n.sql"]
    for name in names:
        (tmp_path / name).touch()
    assert {file.name for file in scan(tmp_path)} == set(names)


def test_a_link_to_a_file_counts(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("SELECT 1")
    (tmp_path / "0001_a.sql").symlink_to("target")
    assert scan(tmp_path)[0].size == 8


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("missing", "The folder of the migrations does not exist."),
        ("file", "This is a file, not a folder of migrations."),
        ("file/below", "This is a file, not a folder of migrations."),
    ],
)
def test_a_folder_that_is_none_is_refused(tmp_path: Path, path: str, message: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FilesError) as caught:
        scan(tmp_path / path)
    assert caught.value.message == message
    assert caught.value.path == tmp_path / path
    assert "--dir" in (caught.value.hint or "")


def test_a_link_that_leads_nowhere_is_not_passed_over(tmp_path: Path) -> None:
    (tmp_path / "0001_a.sql").symlink_to("nowhere")
    with pytest.raises(FilesError, match="This cannot be read: No such file"):
        scan(tmp_path)


def test_what_is_no_regular_file_is_refused_without_waiting_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "0001_a.sql")
    with pytest.raises(FilesError, match="not a regular file"):
        scan(tmp_path)


@pytest.fixture
def no_privileges() -> Iterator[None]:
    """Root may read everything; so for a while we are nobody."""
    user = os.geteuid()
    os.seteuid(user or pwd.getpwnam("nobody").pw_uid)
    yield
    os.seteuid(user)


@pytest.mark.usefixtures("no_privileges")
def test_a_file_that_may_not_be_read_is_refused() -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "0001_a.sql").touch(mode=0)
        with pytest.raises(FilesError, match="This cannot be read: Permission denied"):
            scan(Path(folder))


def test_a_socket_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("0001_a.sql")
        with pytest.raises(FilesError, match="not a regular file"):
            scan(tmp_path)


def test_a_name_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"0001_\xe4.sql")).touch()
    with pytest.raises(FilesError, match="not valid UTF-8"):
        scan(tmp_path)


def test_a_name_longer_than_the_ledger_holds_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # File systems that take 255 bytes cannot have one: the limit comes down to where they can.
    monkeypatch.setattr(files, "NAME_LENGTH", 20)
    (tmp_path / "0001_ääääääääääa.sql").touch()
    assert len(scan(tmp_path)) == 1
    (tmp_path / "0001_ääääääääääaa.sql").touch()
    with pytest.raises(FilesError, match="has 21 characters; the ledger holds 20"):
        scan(tmp_path)


def test_the_way_back_of_a_migration_is_refused(tmp_path: Path) -> None:
    (tmp_path / "0001_a.up.sql").touch()
    assert len(scan(tmp_path)) == 1
    (tmp_path / "0001_a.down.sql").touch()
    with pytest.raises(FilesError, match="the way back"):
        scan(tmp_path)


def test_names_in_the_known_styles_are_not_warned_of() -> None:
    assert naming_warnings(named("0001_a.sql", "20250131_b.sql", "20250201_c.sql")) == ()
    assert naming_warnings(named("2025-01-31_b.sql")) == ()


def test_names_without_a_known_prefix_are_warned_of_in_one_sentence() -> None:
    (warning,) = naming_warnings(named("0001_a.sql", "b.sql", "1_c.sql", "00001_d.sql", "e.sql"))
    assert warning == (
        "No prefix YYYYMMDD_, YYYY-MM-DD_, NNNN_ in the name of b.sql, 1_c.sql, 00001_d.sql "
        "and 1 more: they run in alphabetical order."
    )


def test_a_mix_of_both_date_styles_is_warned_of() -> None:
    (warning,) = naming_warnings(named("20240101_a.sql", "2025-01-31_b.sql"))
    assert warning.startswith("Both date styles are in use (20240101_a.sql, 2025-01-31_b.sql)")


def test_content_is_the_same_by_checksum_or_by_hand(tmp_path: Path) -> None:
    file = on_disk(tmp_path / "a.sql", b"SELECT 1;\n")
    assert same_content(file, md5(b"SELECT 1;\n"))
    assert same_content(file, "MANUAL")
    assert not same_content(file, md5(b"SELECT 2;\n"))
    assert not same_content(file, "")


@pytest.mark.parametrize("piece", [1, 2, 3, 1000])
def test_other_line_ends_are_the_same_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, piece: int
) -> None:
    monkeypatch.setattr(files, "_PIECE", piece)
    unix, windows, mixed = b"a\n\nb\rc\n\r", b"a\r\n\r\nb\rc\r\n\r", b"a\r\n\nb\rc\n\r"
    for data in (unix, windows, mixed):
        file = on_disk(tmp_path / "a.sql", data)
        assert same_content(file, md5(unix))
        assert same_content(file, md5(windows))
        assert same_content(file, md5(mixed)) is (data == mixed)


def test_a_matching_checksum_does_not_read_the_file_again(tmp_path: Path) -> None:
    file = on_disk(tmp_path / "a.sql", b"SELECT 1;")
    file.path.unlink()
    assert same_content(file, file.checksum)
    with pytest.raises(FilesError, match="This cannot be read"):
        same_content(file, "")
