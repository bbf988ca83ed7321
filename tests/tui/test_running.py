"""A run as its user sees it: the question before, what happens, and what is left to do."""

import re

import pytest
from textual.widgets import Button

from schemamig_tui.engine.events import ServerAwaited
from schemamig_tui.tui import log_lines
from schemamig_tui.tui.screens.dialogs import Question, TextDialog
from tests.tui.conftest import Desk, Ui, played

ASLEEP = "DO $$ BEGIN RAISE NOTICE 'asleep'; PERFORM pg_sleep(%s); END $$;"


def toast(ui: Ui) -> tuple[str, str]:
    """The last toast, and its severity."""
    *_, last = ui.app._notifications
    return last.message, last.severity


@played
async def test_a_lists_what_will_run_and_cancel_has_the_focus(desk: Desk) -> None:
    desk.write("0001_a.sql", "SELECT 1; SELECT 2;")
    desk.write("0002_b.sql", "CREATE INDEX CONCURRENTLY i ON t (id);")
    async with desk.open() as ui:
        await ui.press("a")
        assert "Apply 2 migrations?" in ui.screen
        assert "1 • 0001_a.sql  transaction     2 statements  19 bytes" in ui.screen
        assert "2 • 0002_b.sql  no transaction   1 statement  38 bytes" in ui.screen
        assert "CREATE INDEX CONCURRENTLY in line 1" in ui.screen
        focused = ui.app.screen.focused
        assert isinstance(focused, Button)
        assert focused.id == "no"
        await ui.press("enter")
        assert ui.app.screen is ui.main
        assert not desk.ledger


@played
async def test_y_applies_and_the_rows_move_to_applied(desk: Desk) -> None:
    desk.write("0001_a.sql", "DO $$ BEGIN RAISE NOTICE 'hello'; RAISE WARNING 'careful'; END $$;")
    desk.write("0002_b.sql", "SELECT 1;")
    async with desk.open() as ui:
        await ui.apply()
        assert ui.names("pending") == []
        assert ui.names("applied") == ["0001_a.sql", "0002_b.sql"]
        assert "✓ Everything is applied" in ui.screen
        assert "1 line 1    NOTICE: hello" in ui.log
        assert "1 line 1    WARNING: careful" in ui.log
        assert "Done: 2 applied (2 in all), 2 notices in " in ui.log
        assert all(row.success for row in desk.ledger.values())
        assert "2 migrations applied in " in ui.screen
        assert toast(ui)[1] == "information"


@played
async def test_the_button_applies_too(desk: Desk) -> None:
    desk.write("0001_a.sql")
    async with desk.open() as ui:
        await ui.press("a")
        await ui.pilot.click("#yes")
        await ui.run_over()
        assert list(desk.ledger) == ["0001_a.sql"]


@played
async def test_esc_and_n_leave_everything_as_it_is(desk: Desk) -> None:
    desk.write("0001_a.sql")
    async with desk.open() as ui:
        for key in ("escape", "n", "q"):
            await ui.press("a", key)
            assert ui.app.screen is ui.main
        assert ui.app.run_on is None
        assert not desk.ledger


@played
async def test_shift_a_stops_at_the_selected_migration(desk: Desk) -> None:
    for name in ("0001_a.sql", "0002_b.sql", "0003_c.sql"):
        desk.write(name)
    async with desk.open() as ui:
        await ui.press("j", "A")
        assert "Apply 2 migrations?" in ui.screen
        await ui.press("y")
        await ui.run_over()
        assert list(desk.ledger) == ["0001_a.sql", "0002_b.sql"]
        assert ui.names("pending") == ["0003_c.sql"]


@played
async def test_nothing_to_apply_is_said_and_asks_nothing(desk: Desk) -> None:
    desk.write("0001_a.sql")
    desk.apply()
    async with desk.open() as ui:
        for key in ("a", "A", "d"):
            await ui.press(key)
            assert ui.app.screen is ui.main
        assert "Nothing to do: no migration is pending" in ui.screen


@played
async def test_a_dry_run_shows_the_plan_and_changes_nothing(desk: Desk) -> None:
    desk.write("0001_a.sql", "BEGIN; SELECT 1; COMMIT;")
    desk.write("0002_b.sql", "SELECT 1;\n\\i other.sql\n")
    async with desk.open() as ui:
        await ui.press("d")
        assert isinstance(ui.app.screen, TextDialog)
        assert "1 • 0001_a.sql  own transaction" in ui.screen
        assert "\\i is a command of psql, not SQL." in ui.screen
        await ui.press("escape")
        assert ui.app.screen is ui.main
        assert not desk.ledger


@played
async def test_notices_and_the_running_statement_show_while_it_runs(desk: Desk) -> None:
    desk.write("0001_a.sql", "SELECT 1;")
    desk.write("0002_b.sql", f"SELECT 2;\n{ASLEEP % 30}")
    async with desk.open() as ui:
        await ui.press("a", "y")
        await ui.until(lambda: "NOTICE: asleep" in ui.log)
        assert ui.names("applied") == ["0001_a.sql"]
        assert "▶ 0002_b.sql" in ui.screen
        await ui.until(lambda: "DO $$ BEGIN RAISE NOTICE 'asleep'" in ui.screen)
        assert "0002_b.sql  statement 2 of 2" in ui.screen
        assert "x Cancel run" in ui.rows[-1]
        assert "a Apply" not in ui.rows[-1]
        await ui.press("x", "y")
        await ui.run_over()


@played
async def test_x_cancels_keeps_what_is_committed_and_shows_the_place(desk: Desk) -> None:
    desk.write("0001_a.sql", "SELECT 1;")
    desk.write("0002_b.sql", ASLEEP % 30)
    desk.write("0003_c.sql", "SELECT 3;")
    async with desk.open() as ui:
        await ui.press("a", "y")
        await ui.until(lambda: "NOTICE: asleep" in ui.log)
        await ui.press("x", "y")
        await ui.run_over()
        assert ui.names("applied") == ["0001_a.sql"]
        assert ui.names("failed") == ["0002_b.sql"]
        assert ui.names("pending") == ["0003_c.sql"]
        assert "1 cancelled" in ui.log
        assert "QueryCanceled" in ui.detail
        assert toast(ui) == ("✗ 0002_b.sql: cancelled", "warning")


@played
async def test_one_can_move_filter_and_read_while_a_run_is_on(desk: Desk) -> None:
    desk.write("0001_a.sql", ASLEEP % 30)
    desk.write("0002_b.sql", "SELECT 'to be read';")
    async with desk.open() as ui:
        await ui.press("a", "y")
        await ui.until(lambda: "NOTICE: asleep" in ui.log)
        await ui.press("j")
        assert "to be read" in ui.detail
        await ui.press("slash", "b", "enter")
        assert ui.names("pending") == ["0002_b.sql"]
        await ui.press("d")
        assert "Dry run" in ui.screen
        await ui.press("escape", "question_mark", "escape", "x", "y")
        await ui.run_over()


@played
async def test_a_failure_is_shown_mended_and_retried(desk: Desk) -> None:
    desk.write("0001_a.sql", "SELECT 1;\nSELECT missing;")
    desk.write("0002_b.sql")
    async with desk.open() as ui:
        await ui.apply()
        assert ui.names("failed") == ["0001_a.sql"]
        assert ui.main.focused is ui.main.query_one("#failed")
        assert toast(ui) == ('✗ 0001_a.sql: 42703 column "missing" does not exist', "error")
        assert "▶2 │ SELECT missing;\n   │        ^" in ui.detail
        assert "The file is as it was: e edits it, a retries it" in ui.detail
        assert "Done: 0 applied (0 in all), 1 failed, 1 remaining in " in ui.log
        desk.write("0001_a.sql", "SELECT 1;\nSELECT 2;")
        await ui.until(lambda: "The file has changed since: a retries it" in ui.detail)
        await ui.press("a")
        assert "1 ✗ 0001_a.sql" in ui.screen
        assert "failed before" in ui.screen
        await ui.press("y")
        await ui.run_over()
        assert ui.names("applied") == ["0001_a.sql", "0002_b.sql"]
        assert ui.names("failed") == []
        assert "Done: 2 applied (2 in all) in " in ui.log


@played
async def test_the_log_keeps_the_time_at_which_a_run_began(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.write("0001_a.sql")
    async with desk.open() as ui:
        await ui.apply()
        before = ui.log
        assert re.search(r"\nApplying 1 migration  \d\d:\d\d:\d\d UTC\n", before)
        monkeypatch.setattr(log_lines, "_now", lambda: "  later")
        assert ui.log == before


@played
async def test_the_result_keeps_what_the_migration_told(desk: Desk) -> None:
    desk.write("0001_a.sql", "DO $$ BEGIN RAISE NOTICE 'kept'; END $$;")
    async with desk.open() as ui:
        await ui.apply()
        await ui.press("3", "right_square_bracket", "right_square_bracket")
        assert ui.detail.startswith("✓ Applied ")
        assert "NOTICE: kept" in ui.detail


@played
async def test_a_statement_of_the_result_takes_one_row_on_80_columns(desk: Desk) -> None:
    desk.write(
        "0001_a.sql",
        "CREATE MATERIALIZED VIEW v AS SELECT 1 AS a FROM (SELECT pg_sleep(0.2)) AS s;\n"
        "CREATE UNIQUE INDEX i ON v (a);",
    )
    async with desk.open(80, 24) as ui:
        await ui.apply()
        await ui.press("3", "right_square_bracket", "right_square_bracket")
        assert any(" SELECT 1 " in row and " ms" in row for row in ui.rows[:18])
        assert any(" CREATE INDEX" in row for row in ui.rows[:18])


@played
async def test_q_quits_at_once_when_no_run_is_on(desk: Desk) -> None:
    async with desk.open() as ui:
        await ui.press("q")
        assert not ui.app.is_running


@played
async def test_q_asks_while_a_run_is_on_and_waits_for_its_end(desk: Desk) -> None:
    desk.write("0001_a.sql", ASLEEP % 30)
    async with desk.open() as ui:
        await ui.press("a", "y")
        await ui.until(lambda: "NOTICE: asleep" in ui.log)
        for key in ("q", "ctrl+q"):
            await ui.press(key)
            assert isinstance(ui.app.screen, Question)
            await ui.press("escape")
            assert ui.app.run_on is not None
        await ui.pilot.press("q", "y")
        await ui.until(lambda: not ui.app.is_running)
    assert desk.ledger["0001_a.sql"].success is False
    assert "57014" in (desk.ledger["0001_a.sql"].error_message or "")


@played
@pytest.mark.parametrize(("key", "rows"), [("q", 24), ("x", 24), ("x", 6)])
async def test_a_question_about_a_run_goes_away_with_it(desk: Desk, key: str, rows: int) -> None:
    desk.write("0001_a.sql", "DO $$BEGIN RAISE NOTICE 'here'; LOCK t; END$$;")
    desk.execute("CREATE TABLE t ()")
    async with desk.open() as ui:
        with desk.database.connect() as conn, conn.transaction():
            conn.execute("LOCK t")
            await ui.press("a", "y")
            await ui.until(lambda: "NOTICE: here" in ui.log)
            await ui.press(key)
            assert isinstance(ui.app.screen, Question)
            await ui.pilot.resize_terminal(80, rows)  # one that is too small covers it
        await ui.run_over()
        await ui.pilot.resize_terminal(80, 24)
        await ui.until(lambda: ui.app.screen is ui.main)
        assert ui.names("applied") == ["0001_a.sql"]
    assert desk.ledger["0001_a.sql"].success


@played
async def test_a_run_that_waits_for_another_says_for_whom(desk: Desk) -> None:
    desk.write("0001_a.sql", ASLEEP % 30)
    async with desk.open() as first, desk.open() as second:
        await first.press("a", "y")
        await first.until(lambda: "NOTICE: asleep" in first.log)
        await second.press("a")
        assert "! A run is on, and the next one waits for its end: " in second.screen
        await second.press("y")
        await second.until(lambda: "Waiting for another run to end: " in second.log)
        await second.until(lambda: "waiting for another run" in second.screen)
        await second.press("b")
        with desk.database.connect() as conn:
            holders = conn.execute(
                "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND database ="
                " (SELECT oid FROM pg_database WHERE datname = current_database())"
            ).fetchall()
        assert "Waits for another run to end" in second.screen
        assert any(f"pid {pid}, " in second.screen for (pid,) in holders)
        assert re.search(r"connected since [-\d]+ [:\d]+ [A-Z]{3}", second.log)
        await second.press("t")
        assert "That is another run" in second.screen
        await second.press("escape")
        await second.press("x", "y")
        await second.run_over()
        assert "cancelled while waiting for another run" in second.log
        assert toast(second)[1] == "warning"
        await first.press("x", "y")
        await first.run_over()


@played
async def test_while_the_server_is_waited_for_no_statement_is_said_to_run(desk: Desk) -> None:
    desk.write("0001_a.sql", ASLEEP % 30)
    async with desk.open() as ui:
        await ui.press("a", "y")
        await ui.until(lambda: "NOTICE: asleep" in ui.log)
        assert ui.app.run_on is not None
        lost = ServerAwaited("0001_a.sql", "the connection was lost: it was cut", 5.0)
        ui.app.run_on._enqueue(lost)  # as the engine reports it
        what = "Waiting up to 5 s for the server: the connection was lost: it was cut"
        await ui.until(lambda: ui.screen.count(what) == 2)
        assert "statement 1 of 1" not in ui.screen
        assert "connection lost ━" in ui.screen or "connection lost ─" in ui.screen
        await ui.press("x", "y")
        await ui.run_over()


@played
async def test_where_a_file_cannot_be_run_it_is_named_and_apply_is_off(desk: Desk) -> None:
    desk.write("0001_a.sql", "SELECT 1;")
    desk.write("0002_b.sql", "SELECT 1;\n\\i other.sql\n")
    async with desk.open() as ui:
        await ui.press("a")
        warning = "✗ 0002_b.sql cannot be run: nothing will, until that is mended"
        assert warning in ui.screen.partition("2 migrations, ")[0]
        assert "2 ✗ 0002_b.sql  refused" in ui.screen.partition("1 • 0001_a.sql")[0]
        assert "✗ line 2: \\i is a command of psql, not SQL." in ui.screen
        assert ui.app.screen.query_one("#yes", Button).disabled
        await ui.press("y")
        assert "Nothing can be run as it is" in ui.screen
        await ui.press("escape")
        assert ui.app.run_on is None
        assert any("0002_b.sql" in row and "refused" in row for row in ui.rows)
        assert "a Apply" not in ui.rows[-1]
        desk.write("0002_b.sql", "SELECT 2;")
        ui.app.action_refresh()
        await ui.until(lambda: "a Apply" in ui.rows[-1])
        assert "refused" not in ui.screen
        assert not desk.ledger


@played
async def test_the_summary_names_the_slowest_statements_and_ends_with_the_totals(
    desk: Desk,
) -> None:
    desk.write("0001_a.sql", "SELECT 1;\nSELECT pg_sleep(1.1);\nSELECT 3;")
    async with desk.open() as ui:
        await ui.apply()
        summary = ui.log[ui.log.index("Slowest statement\n") :].splitlines()
        assert " s  0001_a.sql:2  SELECT 1" in summary[1]
        assert len(summary) == 3
        assert summary[2].startswith("Done: 1 applied (1 in all) in ")


@played
async def test_the_log_stays_at_its_end_unless_one_reads_further_up(desk: Desk) -> None:
    for number in range(1, 4):
        talk = f"FOR i IN 1..20 LOOP RAISE NOTICE 'number {number} %', i; END LOOP;"
        desk.write(f"000{number}_a.sql", f"DO $$ BEGIN {talk} PERFORM pg_sleep(0.5); END $$;")
    async with desk.open(80, 24) as ui:
        await ui.press("a", "y")
        for number in (1, 2):
            await ui.until(lambda number=number: f"number {number} 20" in ui.screen)
        await ui.press("5", "g")
        await ui.run_over()
        assert "number 3 20" in ui.log
        assert "Applying 3 migrations" in ui.screen
        await ui.press("G")
        assert "Done: 3 applied" in ui.log
        assert "Done: 3 applied" in ui.screen


@played
async def test_no_time_is_shown_as_nothing_and_nothing_quick_is_called_slow(desk: Desk) -> None:
    for number in range(30):
        desk.write(f"{number:04}_quick.sql", "SELECT 1;\nSELECT 2;\n")
    async with desk.open() as ui:
        await ui.apply()
        assert "30 applied" in ui.log
        assert not re.search(r"(?<![\d.])0(\.0)? ms", ui.log)
        assert "Slowest" not in ui.log
        await ui.press("3", "right_square_bracket", "right_square_bracket")
        assert not re.search(r"(?<![\d.])0(\.0)? ms", ui.screen)


@played
async def test_what_was_slow_is_named_and_so_is_a_file_over_its_limit(desk: Desk) -> None:
    desk.write("0001_a.sql", "SELECT 1;\nSELECT pg_sleep(0.3);")
    desk.write("0002_b.sql")
    desk.options["warn_after"] = 0.2
    async with desk.open() as ui:
        await ui.apply()
        assert "Slowest statement\n" in ui.log
        assert re.search(r"\d+ ms  0001_a.sql:2  SELECT 1", ui.log)
        assert re.search(r"! 0001_a.sql took \d+ ms, more than 0.2 s", ui.log)
        assert "0002_b.sql took" not in ui.log
