"""What the panes show, and how one moves in them."""

from pathlib import Path

import pytest

from schemamig_tui.engine.events import FileApplied, FilesLost
from schemamig_tui.engine.ledger.status import Migration, Status
from schemamig_tui.engine.script.files import MigrationFile
from schemamig_tui.tui.engine_thread import TimedEvent
from schemamig_tui.tui.following import after
from schemamig_tui.tui.lines import plain
from schemamig_tui.tui.log_lines import event_lines
from tests.tui.conftest import Desk, played


def three_states(desk: Desk) -> None:
    """Two applied, one failed, two pending."""
    desk.write("0001_a.sql", "SELECT 1;")
    desk.write("0002_b.sql", "SELECT 2;")
    desk.write("0003_c.sql", "SELECT nothing;")
    desk.apply()
    desk.write("0004_d.sql", "SELECT 4;")
    desk.write("0005_e.sql", "SELECT 5;")


@played
async def test_each_state_has_a_pane_with_its_count(desk: Desk) -> None:
    three_states(desk)
    async with desk.open() as ui:
        assert ui.names("pending") == ["0004_d.sql", "0005_e.sql"]
        assert ui.names("failed") == ["0003_c.sql"]
        assert ui.names("applied") == ["0001_a.sql", "0002_b.sql"]
        for title in ("1 Pending 2", "2 Failed 1", "3 Applied 2"):
            assert title in ui.screen


@played
async def test_what_failed_is_shown_first(desk: Desk) -> None:
    three_states(desk)
    async with desk.open() as ui:
        assert ui.main.focused is ui.main.query_one("#failed")
        assert "UndefinedColumn" in ui.detail


@played
async def test_j_k_g_and_shift_g_move_the_cursor_and_the_detail_follows(desk: Desk) -> None:
    for number in range(1, 6):
        desk.write(f"000{number}_a.sql", f"SELECT {number};")
    async with desk.open() as ui:
        for key, number in (("j", 2), ("down", 3), ("k", 2), ("up", 1), ("G", 5), ("g", 1)):
            await ui.press(key)
            assert ui.detail == f"1 SELECT {number};", key
        await ui.press("k")
        assert ui.detail == "1 SELECT 1;"
        await ui.press("pagedown")
        assert ui.detail == "1 SELECT 5;"


@played
async def test_the_numbers_and_tab_go_to_the_panes(desk: Desk) -> None:
    three_states(desk)
    async with desk.open() as ui:
        panes = ("pending", "failed", "applied", "detail", "log")
        for number, pane in enumerate(panes, 1):
            await ui.press(str(number))
            assert ui.main.focused is ui.main.query_one(f"#{pane}")
        await ui.press("1")
        for pane in (*panes[1:], panes[0]):
            await ui.press("tab")
            assert ui.main.focused is ui.main.query_one(f"#{pane}")
        await ui.press("shift+tab")
        assert ui.main.focused is ui.main.query_one("#log")


@played
async def test_what_is_applied_behind_the_selected_one_comes_into_sight(desk: Desk) -> None:
    for number in range(20):
        desk.write(f"{number:04}_a.sql")
    desk.apply()
    for number in range(20, 26):
        desk.write(f"{number:04}_a.sql", "SELECT pg_sleep(0.25);")  # so that they come one by one
    async with desk.open(80, 30) as ui:
        await ui.apply()
        for number in range(20, 26):
            assert f"✓ {number:04}_a.sql" in ui.screen


@pytest.mark.parametrize("key", ["4", "5", "slash"])
@played
async def test_where_one_reads_or_types_the_focus_stays(desk: Desk, key: str) -> None:
    desk.write("0001_a.sql")
    async with desk.open() as ui:
        await ui.press(key)
        focused = ui.main.focused
        desk.apply()
        ui.app.action_refresh()
        await ui.until(lambda: ui.names("applied") == ["0001_a.sql"])
        assert ui.main.focused is focused
        await ui.press("escape")
        assert ui.main.focused is ui.main.query_one("#applied")


@played
async def test_a_click_selects_what_is_under_it(desk: Desk) -> None:
    three_states(desk)
    async with desk.open() as ui:
        await ui.pilot.click("#applied", offset=(4, 2))
        await ui.settled()
        assert ui.detail == "1 SELECT 2;"
        assert ui.main.focused is ui.main.query_one("#applied")
        await ui.pilot.click("TabStrip", offset=(8, 0))
        await ui.settled()
        assert ui.detail.startswith("transaction: ")


@played
async def test_enter_reads_the_sql_and_esc_goes_back(desk: Desk) -> None:
    desk.write("0001_long.sql", "\n".join(f"SELECT {n};" for n in range(100)))
    async with desk.open() as ui:
        await ui.press("right_square_bracket", "enter")
        view = ui.main.detail.view
        assert ui.main.focused is view
        assert ui.detail.startswith("  1 SELECT 0;")
        await ui.press("G")
        assert "100 SELECT 99;" in ui.screen
        await ui.press("g")
        assert view.scroll_y == 0
        await ui.press("j", "j", "k")
        assert view.scroll_y == 1
        await ui.press("escape")
        assert ui.main.focused is ui.main.query_one("#pending")


@played
async def test_the_tabs_show_sql_plan_result_and_ledger(desk: Desk) -> None:
    three_states(desk)
    async with desk.open() as ui:
        await ui.press("3")
        assert ui.detail == "1 SELECT 2;"
        await ui.press("k")
        assert ui.detail == "1 SELECT 1;"
        await ui.press("right_square_bracket")
        assert "transaction: nothing in it needs to be outside of one" in ui.detail
        assert "1  line 1  SELECT 1" in ui.detail
        await ui.press("right_square_bracket")
        assert ui.detail.startswith("✓ Applied 20")
        await ui.press("right_square_bracket")
        assert "checksum           71568061b2970a4b7c5160fe75356e10" in ui.detail
        await ui.press("left_square_bracket", "left_square_bracket", "left_square_bracket")
        assert ui.detail == "1 SELECT 1;"


@played
async def test_a_filter_keeps_the_names_that_have_all_its_words(desk: Desk) -> None:
    for name in ("0001_add_users.sql", "0002_add_orders.sql", "0003_index_orders.sql"):
        desk.write(name)
    async with desk.open() as ui:
        await ui.press("slash", *"ORD add")
        assert ui.names("pending") == ["0002_add_orders.sql"]
        assert "1 Pending 1 of 3" in ui.screen
        await ui.press("enter")
        assert ui.main.focused is ui.main.query_one("#pending")
        await ui.press("escape")
        assert len(ui.names("pending")) == 3
        assert not ui.main.query_one("#filter").display


@played
async def test_a_filter_that_nothing_matches_says_so(desk: Desk) -> None:
    desk.write("0001_a.sql")
    async with desk.open() as ui:
        await ui.press("slash", *"zzz")
        assert "No match; esc shows all" in ui.screen
        await ui.press("escape")
        assert ui.names("pending") == ["0001_a.sql"]


@played
async def test_plus_gives_a_pane_all_the_room_and_takes_it_back(desk: Desk) -> None:
    three_states(desk)
    async with desk.open() as ui:
        for key, pane in (("1", "#lists"), ("4", "Detail"), ("5", "#log")):
            before = ui.main.query_one(pane).size
            await ui.press(key, "plus")
            assert ui.main.query_one(pane).size.width > 110
            assert ui.main.query_one(pane).size.height > 30
            await ui.press("plus")
            assert ui.main.query_one(pane).size == before
        await ui.press("plus", "escape")
        assert ui.main.query_one("#log").size == before


@played
async def test_changed_and_missing_files_are_marked(desk: Desk) -> None:
    three_states(desk)
    desk.write("0001_a.sql", "SELECT 'changed';")
    (desk.folder / "0002_b.sql").unlink()
    async with desk.open(80, 24) as ui:
        assert any("0001_a.sql" in row and "changed" in row for row in ui.rows)
        assert any("0002_b.sql" in row and "missing" in row for row in ui.rows)
        assert ui.rows[0].endswith("1 changed 1 missing")
        await ui.press("3")
        assert "Its file is not in the folder; the ledger alone" in ui.screen
        assert "│knows of it." in ui.screen


@played
async def test_long_names_are_shortened_in_the_middle(desk: Desk) -> None:
    desk.write(f"20251018_{'x' * 60}_end.sql")
    async with desk.open(80, 24) as ui:
        assert any("20251018_xxxxxx" in row and "…" in row and "end.sql" in row for row in ui.rows)


@played
async def test_every_size_from_tiny_to_large_can_be_used(desk: Desk) -> None:
    three_states(desk)
    async with desk.open(200, 60) as ui:
        for columns, rows in ((140, 40), (80, 24), (60, 15), (30, 8), (10, 4), (80, 24)):
            await ui.pilot.resize_terminal(columns, rows)
            await ui.press("1", "4", "plus", "plus")
        assert "1 Pending 2" in ui.screen


@played
async def test_a_narrow_terminal_shows_the_list_or_the_detail(desk: Desk) -> None:
    desk.write("0001_a.sql", "SELECT 'here';")
    async with desk.open(60, 24) as ui:
        assert "SELECT 'here'" not in ui.screen
        await ui.press("enter")
        assert "SELECT 'here'" in ui.screen
        assert "1 Pending" not in ui.screen
        await ui.press("escape")
        assert "1 Pending 1" in ui.screen


@played
async def test_ten_rows_have_room_for_the_panes_while_a_run_is_on(desk: Desk) -> None:
    desk.write("0001_a.sql", "SELECT pg_sleep(30);")
    desk.write("0002_b.sql")
    async with desk.open(40, 10) as ui:
        await ui.press("a", "y")
        await ui.until(lambda: "▶ 0001_a.sql" in ui.log)
        assert "▶ 0001_a.sql" in ui.rows[2]
        assert "0/2" in ui.screen
        await ui.press("x", "y")
        await ui.run_over()


@played
async def test_ten_thousand_migrations_can_be_gone_through(desk: Desk) -> None:
    for number in range(10_000):
        desk.write(f"{number:05}_migration.sql")
    async with desk.open() as ui:
        assert "1 Pending 10,000" in ui.screen
        await ui.press("G", "slash", "9", "9", "9")
        assert len(ui.names("pending")) == 19
        await ui.press("escape")
        assert len(ui.names("pending")) == 10_000


@played
async def test_a_row_that_says_nothing_is_shown_among_what_failed(desk: Desk) -> None:
    desk.write("0001_a.sql")
    desk.apply()
    desk.execute("ALTER TABLE kb.schema_migrations ALTER success DROP NOT NULL")
    desk.execute("UPDATE kb.schema_migrations SET success = NULL, applied_at = '20000-01-01'")
    async with desk.open() as ui:
        assert ui.names("failed") == ["0001_a.sql"]
        assert "? 0001_a.sql" in ui.screen
        assert "The ledger does not say whether it was applied" in ui.screen
        await ui.press("right_square_bracket")
        assert "20000-01-01 00:00:00" in ui.detail
        assert "success            NULL" in ui.detail


def test_what_the_server_has_lost_is_pending_again() -> None:
    file = MigrationFile("0001_a.sql", Path("0001_a.sql"), 0, "")
    status = Status((Migration("0001_a.sql", file, None, changed=False),))
    applied = [TimedEvent(0.0, FileApplied("0001_a.sql", 1))]
    assert [m.name for m in after(status, applied).applied] == ["0001_a.sql"]
    lost = FilesLost(("0001_a.sql",))
    assert after(status, [*applied, TimedEvent(1.0, lost)]) == status
    assert plain([*event_lines(lost)]).splitlines()[0] == "✗ 0001_a.sql  lost"


@played
async def test_a_toast_covers_no_dialog(desk: Desk) -> None:
    desk.write("0001_a.sql")
    async with desk.open(80, 24) as ui:
        ui.app.toast("Something has happened")
        await ui.settled()
        assert "Something has happened" in ui.screen
        await ui.press("d")
        assert "/ search   c copy ─╯" in ui.screen
        ui.app.toast("and [/b] more")
        await ui.settled()
        assert "and [/b] more" in ui.screen
        await ui.press("escape")
        for number in range(4):  # as high as a dialog
            ui.app.toast(f"Something has happened, {number}")
        for key, frame in (("n", "esc   enter writes it ─╯"), ("ctrl+p", "Search for commands…")):
            await ui.press(key)
            assert frame in ui.screen
            await ui.press("escape")
            assert "Something has happened, 3" in ui.screen


@played
async def test_a_narrow_terminal_shows_why_there_is_nothing_to_be_shown(desk: Desk) -> None:
    folder = desk.folder.rename(desk.folder.with_name("elsewhere"))
    async with desk.open(40, 12) as ui:
        assert "Nothing can be shown yet" in ui.screen
        folder.rename(desk.folder)
        desk.write("0001_a.sql")
        await ui.press("r")
        assert "• 0001_a.sql" in ui.screen
        await ui.press("enter")
        assert "SELECT 1;" in ui.screen


@played
async def test_all_answers_fit_into_a_narrow_terminal(desk: Desk) -> None:
    desk.write("0001_a.sql", "-- schemamig: no-transaction\nSELECT 1;\nSELECT nothing;")
    desk.apply()
    desk.write("0002_b.sql")
    async with desk.open(40, 12) as ui:
        await ui.press("a")
        assert "Cancel (esc) Start over (s) Apply (y)" in ui.screen
        assert "0001_a.sql" in ui.screen


@played
async def test_a_narrow_dialog_shows_the_key_that_leaves_it_and_all_of_its_hint(desk: Desk) -> None:
    backfill = (
        "-- schemamig: backfill table=t key=id\nUPDATE t SET b = 1 WHERE id BETWEEN :from AND :to;"
    )
    desk.write("0001_a.sql", backfill)
    desk.write("0002_b.sql")
    hints = {"n": "Such as: add user preferences", "B": "Such as origin/main"}
    async with desk.open(40, 10) as ui:
        await ui.press("d")
        assert "─ esc   b without backfills   s " in ui.screen
        for key in "nBOTm":
            await ui.press("escape", key)
            assert "─ esc   " in ui.screen
            assert hints.get(key, "") in ui.screen
        await ui.press("escape", "n", "enter")
        assert "'' gives no name for a migration" in ui.screen
        assert "esc   enter writes it" in ui.screen, "what is wrong does not hide the keys"
