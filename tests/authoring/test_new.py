"""New migrations: their names, their places in the order, and what is in them."""

import os
from datetime import date
from pathlib import Path

import pytest

from schemamig_tui.authoring.naming import PrefixStyle, description, next_name, slug
from schemamig_tui.authoring.new import read_template, write_new
from schemamig_tui.engine import scan
from schemamig_tui.engine.script.names import order_warnings
from schemamig_tui.errors import FilesError, SettingsError

TODAY = date(2025, 10, 19)


def new(folder: Path, title: str, style: PrefixStyle | None = None) -> str:
    """The name of the new file."""
    return write_new(folder, title, TODAY, style=style).path.name


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("add user preferences", "add_user_preferences"),
        ("Add User-Preferences!", "add_user_preferences"),
        ("  add/user\\preferences\n", "add_user_preferences"),
        ("../../etc/passwd", "etc_passwd"),
        ("add_user_preferences.sql", "add_user_preferences"),
        ("Größe ändern", "grosse_andern"),
        ("naïve café İ", "naive_cafe_i"),
        ("добавить ёлку", "добавить_ёлку"),
        ("हिन्दी", "हिन्दी"),
        ("日本語 テーブル", "日本語_テーブル"),
        ("½ price \u202e\x1b[31m", "1_2_price_31m"),
    ],
)
def test_a_title_becomes_a_name_that_every_file_system_holds(title: str, name: str) -> None:
    assert slug(title) == name


@pytest.mark.parametrize("title", ["", "   ", "---", "🎉", "/", ".sql"])
def test_a_title_without_letters_is_refused(title: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="gives no name"):
        new(tmp_path, title)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("title", ["x" * 300, "ж" * 140])
def test_a_title_that_is_too_long_is_refused(title: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="too long"):
        new(tmp_path, title)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("names", "name"),
    [
        ([], "20251019_a.sql"),
        (["0001_x.sql", "0009_y.sql"], "0010_a.sql"),
        (["0001_x.sql", "20251018_y.sql"], "20251019_a.sql"),
        (["001_x.sql"], "002_a.sql"),
        (["2025-10-18_x.sql"], "2025-10-19_a.sql"),
        (["20251019120000_x.sql"], "20251019_a.sql"),
        # Other tools write more behind the date, or a hyphen behind the number.
        (["0001_x.sql", "20251018120000_y.sql"], "20251019_a.sql"),
        (["20251019120000_x.sql", "20251019_b.sql"], "20251019b_a.sql"),
        (["20991231120000_x.sql"], "20991231_a.sql"),
        (["2025-10-18-120000_x.sql"], "2025-10-19_a.sql"),
        (["2025-10-19-120000-0000_x.sql"], "2025-10-19_a.sql"),
        (["0001-x.sql", "0002-y.sql"], "0003_a.sql"),
        # A time stamp of Unix is no date.
        (["1700000000000_x.sql"], "20251019_a.sql"),
        # Two on a day keep their order.
        (["20251019_A.sql"], "20251019_a.sql"),
        (["20251019_b.sql"], "20251019b_a.sql"),
        (["20251019_b.sql", "20251019b_b.sql"], "20251019c_a.sql"),
        (["2025-10-19_a.sql"], "2025-10-19b_a.sql"),
        (["9998_x.sql"], "9999_a.sql"),
        (["9999_x.sql"], "9999b_a.sql"),
        (["0001_x.sql", "0001b_y.sql"], "0002_a.sql"),
        # A clock was wrong, or somebody plans ahead.
        (["20991231_x.sql"], "20991231b_a.sql"),
    ],
)
def test_a_new_file_follows_the_convention_of_the_folder_and_sorts_last(
    names: list[str], name: str, tmp_path: Path
) -> None:
    for existing in names:
        (tmp_path / existing).touch()
    assert new(tmp_path, "a") == name
    assert [file.name for file in scan(tmp_path)] == [*sorted(names), name]


def test_the_letter_behind_a_date_is_no_odd_prefix() -> None:
    assert order_warnings(["0001b_a.sql", "20251019b_a.sql", "20251019z_a.sql"]) == []


def test_a_date_to_come_is_pointed_out(tmp_path: Path) -> None:
    (tmp_path / "20991231_x.sql").touch()
    warning = write_new(tmp_path, "a", TODAY).warning
    assert warning is not None
    assert warning.startswith("20991231_x.sql has a date to come")
    assert write_new(tmp_path, "b", date(2100, 1, 1)).warning is None


@pytest.mark.parametrize("style", list(PrefixStyle))
def test_a_style_can_be_asked_for(style: PrefixStyle) -> None:
    expected = {
        "YYYYMMDD": "20251019_a.sql",
        "YYYY-MM-DD": "2025-10-19_a.sql",
        "NNNN": "0001_a.sql",
    }
    assert next_name([], "a", TODAY, style).name == expected[style]


@pytest.mark.parametrize(
    ("names", "style"),
    [
        (["V1__init.sql"], None),
        (["init.sql"], None),
        (["20251018_x.sql"], PrefixStyle.NUMBER),
        (["20251018_x.sql"], PrefixStyle.DASHED),
        (["20251019z_z.sql"], None),
    ],
)
def test_where_no_such_name_sorts_last_it_says_so(
    names: list[str], style: PrefixStyle | None
) -> None:
    with pytest.raises(SettingsError, match=f"sorts behind {names[-1]}"):
        next_name(names, "a", TODAY, style)


def test_the_template_says_what_and_when_and_waits_to_be_written(tmp_path: Path) -> None:
    path = write_new(tmp_path, "add  user\npreferences", TODAY).path
    lines = path.read_text().splitlines()
    assert lines[:2] == ["-- Migration: Add user preferences", "-- Date: 2025-10-19"]
    assert [line for line in lines if line and not line.startswith("--")] == ["BEGIN;", "COMMIT;"]
    (file,) = scan(tmp_path)
    assert file.unwritten


def test_an_own_template_is_filled_in(tmp_path: Path) -> None:
    own = tmp_path / "own.txt"
    own.write_text("-- {title} ({date}, {name})\nSELECT '{}', $1;\n", encoding="utf-8-sig")
    path = write_new(tmp_path, "x", TODAY, template=read_template(own, "template")).path
    assert path.read_text() == "-- X (2025-10-19, 20251019_x.sql)\nSELECT '{}', $1;\n"


def test_a_template_that_cannot_be_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read: No such file"):
        read_template(tmp_path / "missing", "template")
    (tmp_path / "latin").write_bytes("ä".encode("latin-1"))
    with pytest.raises(SettingsError, match="is not UTF-8"):
        read_template(tmp_path / "latin", "template")
    (tmp_path / "long").write_text("-" * 70_000)
    with pytest.raises(SettingsError, match="longer than 64 KiB"):
        read_template(tmp_path / "long", "template")
    (tmp_path / "nul").write_bytes(b"a\0b")
    with pytest.raises(SettingsError, match=r"^template: .*nul has a NUL byte"):
        read_template(tmp_path / "nul", "template")


def test_nothing_is_ever_overwritten(tmp_path: Path) -> None:
    # A link that leads nowhere is no migration yet, but something stands under its name.
    (tmp_path / "20251019_a.sql").symlink_to(tmp_path / "elsewhere")
    assert new(tmp_path, "a") == "20251019b_a.sql"
    (tmp_path / "20251020_a.sql").mkdir()
    with pytest.raises(FilesError, match="is there already"):
        write_new(tmp_path, "a", date(2025, 10, 20))
    assert not (tmp_path / "elsewhere").exists()


def test_a_folder_that_is_missing_or_closed_is_named(tmp_path: Path) -> None:
    with pytest.raises(FilesError, match="does not exist"):
        new(tmp_path / "missing", "a")
    if os.geteuid() != 0:
        tmp_path.chmod(0o555)
        with pytest.raises(FilesError, match="cannot be written"):
            new(tmp_path, "a")


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("20251019_add_user_preferences.sql", "add_user_preferences"),
        ("20251019b_x.sql", "x"),
        ("2025-10-19_x.sql", "x"),
        ("0002_extraction_jobs.sql", "extraction_jobs"),
        ("init.sql", "init"),
    ],
)
def test_a_name_without_its_prefix_says_what_it_is_about(name: str, what: str) -> None:
    assert description(name) == what
