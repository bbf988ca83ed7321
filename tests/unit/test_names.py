"""The names of migrations: those that are refused, and those that are warned of."""

from pathlib import Path

import pytest

from schemamig_tui.engine.script import names
from schemamig_tui.engine.script.files import scan
from schemamig_tui.engine.script.names import (
    check_names,
    order_warnings,
    passed_over_warnings,
    twin_warnings,
)
from schemamig_tui.errors import FilesError

NFC, NFD = "0001_caf\u00e9.sql", "0001_cafe\u0301.sql"


def test_a_name_longer_than_the_ledger_holds_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # File systems that take 255 bytes cannot have one: the limit comes down to where they can.
    monkeypatch.setattr(names, "NAME_LENGTH", 20)
    (tmp_path / "0001_ääääääääääa.sql").touch()
    assert len(scan(tmp_path)) == 1
    (tmp_path / "0001_ääääääääääaa.sql").touch()
    with pytest.raises(FilesError, match="has 21 characters; the ledger holds 20"):
        scan(tmp_path)


@pytest.mark.parametrize(
    ("name", "tool"),
    [
        ("0001_a.down.sql", "golang-migrate and others"),
        ("0001_a.tx.down.sql", "golang-migrate and others"),
        ("0001_a.DOWN.sql", "golang-migrate and others"),
        ("0001.users.rollback.sql", "yoyo"),
        ("0001.users.Rollback.sql", "yoyo"),
        ("001.undo.sql", "postgrator"),
        ("001.undo.users.sql", "postgrator"),
        ("001.undo.users.and.more.sql", "postgrator"),
        ("U1__users.sql", "Flyway"),
        ("U2025.10.18_1__users.sql", "Flyway"),
    ],
)
def test_a_way_back_is_refused_by_its_name_with_the_tool(
    tmp_path: Path, name: str, tool: str
) -> None:
    (tmp_path / name).touch()
    with pytest.raises(FilesError) as caught:
        scan(tmp_path)
    assert caught.value.path == tmp_path / name
    assert f"as in {tool}" in caught.value.message
    assert "Move it out of the folder" in str(caught.value.hint)
    assert "If it undoes nothing, as a U file of refinery, rename it." in str(caught.value.hint)


@pytest.mark.parametrize(
    ("up", "down"),
    [
        ("20250101-users-up.sql", "20250101-users-down.sql"),
        ("0001_users_up.sql", "0001_users_down.sql"),
        ("up.sql", "down.sql"),
        ("0001_Users_Up.sql", "0001_Users_Down.sql"),
        ("0001_users.sql", "0001_users.undo.sql"),
        ("0001_users.sql", "0001_users_down.sql"),
        ("0001_users.sql", "0001_Users-Rollback.sql"),
        ("0001_users.deploy.sql", "0001_users.revert.sql"),
        ("0001-users-do.sql", "0001-users-undo.sql"),
        ("0001_users_apply.sql", "0001_users_rollback.sql"),
        ("0001_users.migrate.sql", "0001_users.undo.sql"),
        ("0001_users.forward.sql", "0001_users.backward.sql"),
        ("0001_users_forwards.sql", "0001_users_backwards.sql"),
        ("0001_up_users.sql", "0001_down_users.sql"),
        ("0001_users.up.pgsql.sql", "0001_users.down.pgsql.sql"),
        ("0001_users.sql", "rollback_0001_users.sql"),
        ("0001_users.apply.sql", "0001_users.unapply.sql"),
    ],
)
def test_a_name_with_down_or_kin_is_a_way_back_where_that_of_the_way_there_is_the_same(
    tmp_path: Path, up: str, down: str
) -> None:
    (tmp_path / down).touch()
    assert len(scan(tmp_path)) == 1
    (tmp_path / up).touch()
    with pytest.raises(FilesError, match="as in db-migrate and others") as caught:
        scan(tmp_path)
    assert caught.value.path == tmp_path / down


def test_the_refusal_of_a_way_back_counts_the_others_and_names_the_tool_to_adopt() -> None:
    names = [f"{number}_a.{way}.sql" for number in range(1000) for way in ("down", "up")]
    with pytest.raises(FilesError) as caught:
        check_names(Path("db"), names)
    assert caught.value.path == Path("db/0_a.down.sql")
    assert "as in golang-migrate and others, with 999 more in this folder:" in str(caught.value)
    assert caught.value.hint is not None
    assert caught.value.hint.startswith("Move them out of the folder: ")
    assert "--adopt golang-migrate or --adopt sqlx takes over" in caught.value.hint


@pytest.mark.parametrize(
    "name",
    [
        "0001_a.up.sql",
        "001.do.users.sql",
        "V1__users.sql",
        "U1_users.sql",
        "Users__a.sql",
        "0001_rollback.sql",
        "0001_countdown.sql",
        "0001_undo.sql",
        "down.sql",
    ],
)
def test_other_names_are_none(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    assert len(scan(tmp_path)) == 1


def test_names_in_the_known_styles_are_not_warned_of() -> None:
    assert order_warnings(["0001_a.sql", "20250131_b.sql", "20250201_c.sql"]) == []
    assert order_warnings(["2025-01-31_b.sql"]) == []


def test_names_without_a_known_prefix_are_warned_of_in_one_sentence() -> None:
    (warning,) = order_warnings(["0001_a.sql", "b.sql", "1_c.sql", "00001_d.sql", "e.sql"])
    assert warning == (
        "No prefix YYYYMMDD_, YYYY-MM-DD_, NNNN_ in the name of b.sql, 1_c.sql, 00001_d.sql "
        "and 1 more: they run in alphabetical order."
    )


def test_a_mix_of_both_date_styles_is_warned_of() -> None:
    (warning,) = order_warnings(["20240101_a.sql", "2025-01-31_b.sql"])
    assert warning.startswith("Both date styles are in use (20240101_a.sql, 2025-01-31_b.sql)")


def test_a_mix_of_both_date_styles_is_one_with_a_time_of_day_as_well() -> None:
    _, warning = order_warnings(["20240101090000_a.sql", "2025-01-31-090000_b.sql"])
    assert warning.startswith("Both date styles are in use (20240101090000_a.sql, 2025-01-31-")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("10_b.sql", "9_a.sql"),
        ("00010_b.sql", "0009_a.sql"),
        ("V1_10_0__b.sql", "V1_9__a.sql"),
        ("V1.10__b.sql", "V1.9__a.sql"),
        ("1.10.0_b.sql", "1.9.0_a.sql"),
        ("migration-10.sql", "migration-9.sql"),
    ],
)
def test_numbers_that_sort_as_text_in_another_order_are_warned_of(first: str, second: str) -> None:
    _, warning = order_warnings(["0001_a.sql", first, second, "b.sql"])
    assert warning.startswith(f"{first} runs before {second}: names are sorted as text, not as")


@pytest.mark.parametrize(
    "names",
    [
        ["001_a.sql", "002_10_b.sql", "002_9_a.sql"],
        ["1510262030_a.sql", "20240101090000_a.sql", "20240102_b.sql"],
        ["V1__a.sql", "V1__b.sql", "V2_10__b.sql", "a-3.sql", "b-2.sql", "c.sql"],
    ],
)
def test_numbers_in_their_order_are_not_warned_of(names: list[str]) -> None:
    assert len(order_warnings(names)) == 1


def test_a_suffix_in_upper_case_is_warned_of() -> None:
    assert passed_over_warnings([]) == []
    assert passed_over_warnings(["0001_a.SQL"]) == [
        "No migration, because only .sql in lower case is one: 0001_a.SQL."
    ]


def test_names_that_only_look_the_same_are_warned_of() -> None:
    assert twin_warnings([NFC, "0001_cafe.sql", "0002_\u00e9.sql"]) == []
    (warning,) = twin_warnings([NFC, NFD])
    assert warning.startswith(f"More than one migration is called {NFC}: ")


def test_names_that_some_file_systems_take_for_one_are_warned_of() -> None:
    assert twin_warnings(["0001_User.sql", "0001_user.sql", "0002_user.sql"]) == [
        "Only upper and lower case tell 0001_User.sql and 0001_user.sql apart: on macOS and"
        " Windows they would be one file."
    ]
