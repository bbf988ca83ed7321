"""Files of other tools become plain ones of ours, in the same order."""

import tempfile
from pathlib import Path

import pytest

from schemamig_tui.authoring.adopt.folder import read_their_folder
from schemamig_tui.authoring.adopt.names import our_names
from schemamig_tui.authoring.adopt.tools import tool_named
from schemamig_tui.errors import FilesError, SettingsError
from schemamig_tui.sql.ways_up import NoWayUp, way_up

NO_TRANSACTION = "-- schemamig: no-transaction\n"


@pytest.mark.parametrize(
    ("tool", "text", "plain"),
    [
        (
            "goose",
            "-- why\n-- +goose Up\n-- +goose StatementBegin\nDO $$\n;$$;\n-- +goose StatementEnd\n"
            "-- +goose Down\nDROP TABLE t;\n",
            "-- why\nDO $$\n;$$;\n",
        ),
        (
            "goose",
            "-- +goose NO TRANSACTION\n-- +goose Up\nVACUUM;\n",
            NO_TRANSACTION + "VACUUM;\n",
        ),
        ("goose", "-- +goose Up\r\nSELECT 1;\r\n-- +goose Down\r\nSELECT 2;", "SELECT 1;\r\n"),
        ("goose", "-- +gooseUp\n---- +goose StatementBegin\nSELECT 1;\n", "SELECT 1;\n"),
        ("dbmate", "-- migrate:up\nSELECT 1;\n\n-- migrate:down\nSELECT 2;\n", "SELECT 1;\n\n"),
        ("dbmate", "-- migrate:up transaction:false\nVACUUM;\n", NO_TRANSACTION + "VACUUM;\n"),
        ("golang-migrate", "BEGIN;\nSELECT 1;\nCOMMIT;\n", "BEGIN;\nSELECT 1;\nCOMMIT;\n"),
        ("sqlx", "-- no-transaction\nVACUUM;\n", NO_TRANSACTION + "VACUUM;\n"),
        ("sqlx", "SELECT 1;\n-- no-transaction\n", "SELECT 1;\n-- no-transaction\n"),
        ("Flyway", "\ufeffSELECT 1;\n", "SELECT 1;\n"),
        (
            "node-pg-migrate",
            "-- Up Migration\nSELECT 1;\n\n-- Down Migration\nSELECT 2;\n",
            "SELECT 1;\n\n",
        ),
        ("node-pg-migrate", "SELECT 1;\n", "SELECT 1;\n"),
        (
            "node-pg-migrate",
            "-- Down Migration\nSELECT 2;\n-- Up Migration\nSELECT 1;",
            "SELECT 1;",
        ),
    ],
)
def test_only_the_way_up_is_taken(tool: str, text: str, plain: str) -> None:
    assert way_up(tool, text.encode()).text.decode() == plain


@pytest.mark.parametrize(
    ("tool", "text", "line", "why"),
    [
        ("goose", "SELECT 1;\n", None, "no '-- \\+goose Up'"),
        ("goose", "-- +goose Up\n-- +goose ENVSUB ON\n", 2, "ENVSUB"),
        ("dbmate", "SELECT 1;\n-- migrate:up\nSELECT 2;\n", None, "other than comments"),
        ("node-pg-migrate", "SELECT 1;\n-- Down Migration\nSELECT 2;", None, "has no"),
        ("Flyway", "SELECT 1;\nCREATE TABLE ${schema}.t ();\n", 2, "place of \\$\\{schema\\}"),
    ],
)
def test_what_the_tool_would_not_run_as_it_is_is_refused(
    tool: str, text: str, line: int | None, why: str
) -> None:
    with pytest.raises(NoWayUp, match=why) as refused:
        way_up(tool, text.encode())
    assert refused.value.line == line


@pytest.mark.parametrize(
    ("versions", "names"),
    [
        ([(1,), (2,), (10,)], ["0001_t.sql", "0002_t.sql", "0010_t.sql"]),
        (
            [(20251018193000,), (20251018193001,)],
            ["20251018_193000_t.sql", "20251018_193001_t.sql"],
        ),
        ([(20251018,), (20251019,)], ["20251018_t.sql", "20251019_t.sql"]),
        ([(1,), (20251018193000,)], ["0001_t.sql", "20251018_193000_t.sql"]),
        ([(9999,), (10000,)], ["09999_t.sql", "10000_t.sql"]),
        ([(1,), (1, 1), (2,)], ["0001_0000_t.sql", "0001_0001_t.sql", "0002_0000_t.sql"]),
        # One long part does not make all others as long.
        (
            [(1, 10), (4, 99, 1561608282)],
            ["0001_0010_0000000000_t.sql", "0004_0099_1561608282_t.sql"],
        ),
        (
            [(3000,), (20251018193000,)],
            ["00000000003000_t.sql", "20251018193000_t.sql"],
        ),
    ],
)
def test_names_keep_the_order_of_the_versions(
    versions: list[tuple[int, ...]], names: list[str]
) -> None:
    assert our_names([(version, "t") for version in versions]) == names
    assert sorted(names) == names


def test_the_folder_of_each_tool_is_read_in_its_order(tmp_path: Path) -> None:
    for tool, names, ours in (
        ("goose", ["10_b.sql", "9_a.sql"], ["0009_a.sql", "0010_b.sql"]),
        ("dbmate", ["20251018193000_a.sql", "README.md"], ["20251018_193000_a.sql"]),
        ("golang-migrate", ["1_a.up.sql", "1_a.down.sql"], ["0001_a.sql"]),
        ("sqlx", ["1_a.sql", "2_b.up.sql", "2_b.down.sql"], ["0001_a.sql", "0002_b.sql"]),
        ("flyway", ["V1.10__b c.sql", "V1_9__a.sql", "U1.9__a.sql", "R__v.sql"], None),
        ("node-pg-migrate", ["1700000000123_a-b.sql"], ["20231114_221320123_a-b.sql"]),
    ):
        folder = tmp_path / tool
        folder.mkdir()
        for name in names:
            (folder / name).write_text("-- +goose Up\n-- migrate:up\nSELECT 1;\n")
        found = read_their_folder(tool_named(tool), folder)
        if ours is None:
            assert "R__v.sql" in found.warnings[0]
            ours = ["0001_0009_a.sql", "0001_0010_b_c.sql"]
        assert [file.name for file in found.files] == ours


def test_what_cannot_be_taken_over_is_refused(tmp_path: Path) -> None:
    def refusal(tool: str, *names: str) -> str:
        for path in tmp_path.iterdir():
            path.unlink()
        for name in names:
            (tmp_path / name).write_text("SELECT 1;\n")
        with pytest.raises(FilesError) as refused:
            read_their_folder(tool_named(tool), tmp_path)
        return f"{refused.value.path.name}: {refused.value.message}"

    assert "no migration of goose" in refusal("goose", "a.sql")
    assert refusal("goose", "1_a.go").startswith("1_a.go: This migration of goose is a program")
    assert "version of 01_b.up.sql" in refusal("golang-migrate", "1_a.up.sql", "01_b.up.sql")
    assert "has no '-- migrate:up'" in refusal("dbmate", "1_a.sql")
    (tmp_path / "1_a.sql").unlink()
    with pytest.raises(SettingsError, match="liquibase cannot be taken over"):
        tool_named("liquibase")
    with pytest.raises(SettingsError) as meant:
        tool_named("fly-way")
    assert meant.value.hint == "did you mean Flyway?"


def test_a_script_of_flyway_may_be_configured_to_run_without_a_transaction(tmp_path: Path) -> None:
    (tmp_path / "V1__a.sql").write_text("SELECT 1;\n")
    (tmp_path / "V1__a.sql.conf").write_text("executeInTransaction = false\n")
    (file,) = read_their_folder(tool_named("Flyway"), tmp_path).files
    assert file.up.text.decode() == NO_TRANSACTION + "SELECT 1;\n"


@pytest.mark.usefixtures("no_privileges")
def test_a_folder_within_that_may_not_be_read_is_not_passed_over() -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "V1__a.sql").write_text("SELECT 1;")
        Path(folder, "more").mkdir(mode=0)
        with pytest.raises(FilesError, match="This folder cannot be read: Permission denied"):
            read_their_folder(tool_named("flyway"), Path(folder))
