"""The folder of migrations: what is in it, in which order, and what cannot be."""

import hashlib
import os
import socket
import tempfile
from pathlib import Path

import pytest

from schemamig_tui.engine.script import files
from schemamig_tui.engine.script.files import (
    MigrationFile,
    has_statements,
    passed_over,
    same_content,
    scan,
)
from schemamig_tui.errors import FilesError
from tests.unit.scripts import on_disk


def md5(data: bytes) -> str:
    return hashlib.md5(data).hexdigest()


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


@pytest.mark.parametrize("to", ["nowhere", "0001_a.sql"])
def test_a_link_that_leads_nowhere_is_not_passed_over(tmp_path: Path, to: str) -> None:
    (tmp_path / "0001_a.sql").symlink_to(to)
    with pytest.raises(FilesError, match=r"This cannot be read: (No such file|Too many)") as caught:
        scan(tmp_path)
    assert caught.value.path == tmp_path / "0001_a.sql"


def test_what_is_no_regular_file_is_refused_without_waiting_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "0001_a.sql")
    with pytest.raises(FilesError, match="not a regular file"):
        scan(tmp_path)


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


def test_a_suffix_in_upper_case_is_passed_over_by_name(tmp_path: Path) -> None:
    for name in ("0002_b.SQL", "0001_a.Sql", "0003_c.sql", ".hidden.SQL", "d.txt", "e.sql.SQL"):
        (tmp_path / name).touch()
    (tmp_path / "folder.SQL").mkdir()
    assert passed_over(tmp_path) == ["0001_a.Sql", "0002_b.SQL", "e.sql.SQL"]
    assert passed_over(tmp_path / "missing") == []


@pytest.mark.parametrize(
    ("text", "unwritten", "statements"),
    [
        ("", True, False),
        ("\n", False, False),
        ("-- to do\n", False, False),
        ("BEGIN;\n\nCOMMIT;\n", True, False),
        ("BEGIN;\n-- to do\nCOMMIT;\n" + "-- more\n" * 3000, False, True),
        ("BEGIN;\nSELECT 1;\nCOMMIT;\n", False, True),
        ("SELECT 1;", False, True),
        ("-- to do\n" * 100_000 + "SELECT 1;", False, True),
    ],
)
def test_a_file_in_which_nothing_is_written_is_told_from_others(
    tmp_path: Path, text: str, unwritten: bool, statements: bool
) -> None:
    (tmp_path / "0001_a.sql").write_text(text)
    (file,) = scan(tmp_path)
    assert file.unwritten is unwritten
    assert has_statements(file) is statements


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
        for end in (b"\n", b"\r\n", b"\r"):
            assert same_content(file, md5(end.join((b"a", b"", b"b", b"c", b"", b""))))


@pytest.mark.parametrize("piece", [1, 2, 1000])
def test_so_is_the_content_with_or_without_the_line_end_of_its_last_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, piece: int
) -> None:
    monkeypatch.setattr(files, "_PIECE", piece)
    contents = (b"a\nb", b"a\nb\n", b"a\r\nb", b"a\r\nb\r\n")
    for data in contents:
        file = on_disk(tmp_path / "a.sql", data)
        assert all(same_content(file, md5(other)) for other in contents)
        for other in (b"a\nb\n\n", b"a\nb \n", b"ab", b"\na\nb"):
            assert not same_content(file, md5(other))


def test_a_matching_checksum_does_not_read_the_file_again(tmp_path: Path) -> None:
    file = on_disk(tmp_path / "a.sql", b"SELECT 1;")
    file.path.unlink()
    assert same_content(file, file.checksum)
    with pytest.raises(FilesError, match="This cannot be read"):
        same_content(file, "")
