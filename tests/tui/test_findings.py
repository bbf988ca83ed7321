"""The findings in the dialogs and in the tab of the details, and the keys to go through them."""

import pytest

from schemamig_tui.lint import squawk
from tests.tui.conftest import Desk, Ui, played

HEAD = (
    "-- Migration: a sample, of 2025-10-19\nSET lock_timeout = '5s'; SET statement_timeout = 0;\n"
)


def rows_with(ui: Ui, *texts: str) -> bool:
    """Whether one row of the screen has all of these."""
    return any(all(text in row for text in texts) for row in ui.rows)


@played
async def test_the_dialogs_show_warnings_and_errors_below_their_file(desk: Desk) -> None:
    desk.execute("CREATE TABLE t (); INSERT INTO t DEFAULT VALUES")
    desk.write("0001_a.sql", f"{HEAD}SELECT 'AKIAIOSFODNN7EXAMPLE';\nCREATE ROLE r;\nDROP TABLE t;")
    desk.write("0002_b.sql", "SELECT 1;")
    async with desk.open() as ui:
        for key in ("d", "a", "R"):
            await ui.press(key)
            assert "✗ line 3: this looks like an access key of AWS [secret-literal]" in ui.screen
            assert "! line 5: t and its rows are gone for good (it has " in ui.screen
            assert "[comment-missing]" not in ui.screen
            await ui.press("escape")


@played
async def test_the_tab_shows_place_reason_table_and_safer_way(desk: Desk) -> None:
    desk.execute("CREATE TABLE t (); INSERT INTO t DEFAULT VALUES")
    desk.write("0001_a.sql", f"{HEAD}DROP TABLE t;\nDROP SCHEMA s;")
    async with desk.open() as ui:
        await ui.press("f")
        assert rows_with(ui, "2 warnings", "f F")
        assert rows_with(ui, "▶ ! warning  line 3  drop-table")
        assert rows_with(ui, "3 DROP TABLE t;")
        assert rows_with(ui, "t and its rows are gone for good")
        assert rows_with(ui, "database: it has ")
        assert rows_with(ui, "safer: make sure that nothing uses it any more")


@played
async def test_the_keys_go_through_the_findings_of_all_that_is_to_run(desk: Desk) -> None:
    desk.write("0001_a.sql", f"{HEAD}SELECT 1;")
    desk.apply()
    desk.write("0002_b.sql", f"{HEAD}DROP SCHEMA s;\nDROP SCHEMA t;")
    desk.write("0003_c.sql", f"{HEAD}SELECT 1;")
    desk.write("0004_d.sql", f"{HEAD}DROP SCHEMA u;")
    async with desk.open() as ui:
        await ui.press("3")
        shown = []
        for key in ("f", "f", "f", "f", "f", "F", "F"):
            await ui.press(key)
            finding = ui.main.detail.finding
            shown.append((finding.file[:4], finding.line) if finding else None)
            assert finding is None or rows_with(ui, "▶ ! warning", f"line {finding.line} ")
        assert shown == [
            None,  # what is applied has none
            *(("0002", 3), ("0002", 4), ("0004", 3), ("0002", 3)),
            *(("0004", 3), ("0002", 4)),
        ]
        await ui.press("escape")
        assert ui.main.selected is not None
        assert ui.main.selected.name == "0002_b.sql"


@played
async def test_a_saved_file_is_looked_at_again(desk: Desk) -> None:
    desk.write("0001_a.sql", f"{HEAD}DROP SCHEMA s;")
    async with desk.open() as ui:
        await ui.press("f")
        assert "drop-schema" in ui.detail
        desk.write("0001_a.sql", f"{HEAD}SELECT 1;")
        await ui.press("r")
        await ui.until(lambda: "✓ No findings" in ui.detail)
        desk.write("0001_a.sql", "SELECT 'open;")
        await ui.press("r")
        await ui.until(lambda: "It cannot be run as it is: the tab Plan says why." in ui.detail)


@played
async def test_a_missing_squawk_is_logged_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(squawk, "_find", lambda: None)
    desk.write("0001_a.sql", f"{HEAD}SELECT 1;")
    async with desk.open() as ui:
        for key in ("d", "escape", "a", "escape", "f"):
            await ui.press(key)
        assert ui.log.count("squawk is not installed") == 1


@pytest.mark.parametrize("text", ["[/foo]", "[b ", "\x1b[2J", "\u202e"])
@played
async def test_hostile_names_in_findings_are_data(desk: Desk, text: str) -> None:
    from tests.tui.test_hostile import assert_harmless

    desk.write("0001_a.sql", f'{HEAD}DROP TABLE "{text} t";\nDROP VIEW "{text}";')
    async with desk.open(80, 24) as ui:
        for key in ("f", "a"):
            await ui.press(key)
            assert "gone for good" in ui.screen or key == "a"
            assert_harmless(ui)


@played
async def test_enter_explains_the_rule_of_a_finding_and_elsewhere_reads_the_sql(desk: Desk) -> None:
    desk.write("0001_a.sql", f"{HEAD}DROP SCHEMA s;\nALTER TABLE t ADD x char(3);")
    async with desk.open() as ui:
        await ui.press("f")
        assert "enter Explain" in ui.rows[-1]
        assert "enter Read" not in ui.rows[-1]
        await ui.press("enter")
        assert "Unsafe" in ui.screen
        assert "DROP SCHEMA shop CASCADE;" in ui.screen
        await ui.press("escape", "F", "enter")  # a rule that squawk documents
        assert "https://squawkhq.com/docs/ban-char-field" in ui.screen
        await ui.press("escape", "]", "enter")
        assert ui.main.detail.tab == "SQL"
