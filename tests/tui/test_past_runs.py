"""The history of runs, which the ledger tells by the times of its rows."""

from datetime import datetime, timedelta

from schemamig_tui.engine import LedgerRow
from schemamig_tui.tui.lines import plain
from schemamig_tui.tui.past_runs import past_run_lines, past_runs
from tests.tui.conftest import Desk, played

NOON = datetime(2025, 10, 18, 12)


def row(name: str, seconds: float, ms: int | None = 10, *, success: bool = True) -> LedgerRow:
    """A row that was recorded so many seconds behind noon."""
    at = NOON + timedelta(seconds=seconds)
    return LedgerRow(name, at, "abc", ms, success, None if success else "why")


def names(rows: list[LedgerRow]) -> list[str]:
    """The names of each run."""
    return ["".join(one.filename for one in run.rows) for run in past_runs(rows)]


def test_a_pause_begins_another_run_and_what_takes_long_does_not() -> None:
    assert names([row("a", 0), row("b", 1), row("c", 12), row("d", 5)]) == ["abdc"]
    assert names([row("a", 0), row("b", 11)]) == ["a", "b"]
    assert names([row("a", 0), row("b", 60, 55_000)]) == ["ab"]  # its time is that of its end
    assert names([row("a", 0, 55_000), row("b", 60)]) == ["ab"]  # its time is that of its beginning
    assert names([row("b", 3, None), row("a", 3)]) == ["ba"]


def test_each_run_has_its_time_its_count_and_its_names() -> None:
    rows = [row("a", 0, 100), row("b", 1, 300), row("c", 900, 50, success=False), row("d", 2000, 0)]
    text = plain(past_run_lines(rows, 20))
    assert "3 runs of 4 migrations\n█▂▁\n" in text
    assert "the longest of these took 400 ms" in text
    last, failed, first = (line for line in text.splitlines() if line.startswith("2025-10-18"))
    assert last.endswith("<1 ms  1 applied  d")
    assert failed.endswith("50 ms  1 failed  c")
    assert first.endswith("400 ms  2 applied  a to b")
    assert first.startswith("2025-10-18 12:00:00 ")


def test_what_was_recorded_by_hand_and_what_has_no_date_is_said() -> None:
    by_hand = LedgerRow("a", NOON, "MANUAL", None, True, None)
    nowhen = LedgerRow("b", None, "abc", 10, True, None)
    text = plain(past_run_lines([by_hand, nowhen], 20))
    assert "1 by hand  a" in text
    assert "! 1 migration without a date" in text
    assert plain(past_run_lines([], 20)) == "The ledger has no run yet."


def test_of_very_many_runs_the_last_ones_are_listed() -> None:
    lines = past_run_lines([row(str(number), 60 * number) for number in range(1_000)], 20)
    text = plain(lines)
    assert "1,000 runs of 1,000 migrations" in text
    assert text.count("1 applied") == 200
    assert "1 applied  999\n" in text
    assert "and 800 earlier runs" in text


@played
async def test_t_shows_them_and_goes_on_to_do_so(desk: Desk) -> None:
    desk.write("0001_a.sql")
    desk.apply()
    async with desk.open(120, 24) as ui:
        await ui.press("T")
        assert "─ Runs ─" in ui.screen
        assert "1 run of 1 migration" in ui.screen
        assert "█" in ui.screen
        desk.write("0002_b.sql", "SELECT nothing;")
        desk.apply()
        ui.app.action_refresh()
        await ui.until(lambda: "1 applied, 1 failed" in ui.screen)
        assert "0001_a.sql to 0002_b.sql" in ui.screen
        await ui.press("escape")
        assert ui.app.screen is ui.main
