"""The panel of a statement that runs in batches, and the keys that steer it."""

from schemamig_tui.engine.backfill.control import BatchControl
from schemamig_tui.engine.batch_events import (
    BatchesGoOn,
    BatchesStarted,
    BatchesWaiting,
    BatchFinished,
    BatchTotals,
)
from schemamig_tui.engine.events import Event
from schemamig_tui.tui.batch_insight import BatchInsight
from schemamig_tui.tui.engine_thread import TimedEvent
from schemamig_tui.tui.lines import plain, width
from schemamig_tui.tui.sparkline import sparkline
from schemamig_tui.tui.widgets.batch_bar import batch_rows
from tests.tui.conftest import Desk, played

AT = ("0001_a.sql", 1, 2)
STARTED = BatchesStarted(*AT, "public.docs", ("id",), "docs_pkey", 40_000, BatchTotals())
REPEATS = BatchesStarted(*AT, None, (), None, None, BatchTotals())


def batch(walked: int, changed: int, speed: float = 2000.0) -> BatchFinished:
    """A batch of many."""
    return BatchFinished(
        *AT,
        done=BatchTotals(walked, changed, 10, 1.0),
        rows=40_000 if walked else None,
        size=500,
        ms=98.0,
        per_second=speed,
        average=1500.0,
        left_s=(60.0, 120.0) if walked else None,
        at="9",
        dead=1_234,
    )


def rows(
    *events: Event, now: float = 0.0, columns: int = 140, control: BatchControl | None = None
) -> str:
    """The rows of the bar behind these events, of which all have come at 0."""
    insight = BatchInsight()
    insight.take(TimedEvent(0.0, event) for event in events)
    found = batch_rows(insight, control, now, columns)
    assert all(width(left) + width(right) <= columns for left, right in found)
    return plain([(*left, ("plain", "  "), *right) for left, right in found])


def test_keys_walked_stand_beside_rows_changed_with_speed_size_and_an_open_estimate() -> None:
    for columns in (80, 140):
        text = rows(STARTED, batch(10_000, 9_000), columns=columns)
        assert "━━━─────────  25 %  10,000 of about 40,000 keys walked" in text
        assert "60 s to 2 min left" in text
        assert "9,000 rows changed, 2,000 rows/s now, 1,500 overall █" in text
        assert "batches of 500, the last took 98 ms, 1,234 dead rows" in text
        assert len(text.splitlines()) == (3 if columns == 80 else 2)


def test_a_narrow_row_loses_its_bar_first_and_then_the_count() -> None:
    for columns, shown in (
        (80, "━━━─────────  25 %  10,000 of about 40,000 keys walked  60 s to 2 min left"),
        (70, "25 %  10,000 of about 40,000 keys walked  60 s to 2 min left"),
        (40, "━━━─────────  25 %  60 s to 2 min left"),
    ):
        insight = BatchInsight()
        insight.take(TimedEvent(0.0, event) for event in (STARTED, batch(10_000, 9_000)))
        left, right = batch_rows(insight, None, 0.0, columns)[0]
        assert width(left) + width(right) <= columns
        assert plain([(*left, ("plain", "  "), *right)]).strip() == shown


def test_where_nobody_knows_how_many_there_are_no_bar_claims_to() -> None:
    text = rows(REPEATS, batch(0, 9_000))
    assert "9,000 rows changed" in text
    assert "%" not in text
    assert "left" not in text


def test_speeds_are_beside_each_other_and_the_highest_fills_its_row() -> None:
    text = rows(STARTED, *(batch(n, n, speed=n) for n in (1, 250, 500, 1000)))
    assert "▁▃▅█" in text
    assert sparkline([0, 0], 5) == "▁▁"
    assert sparkline([1, 2, 3], 2) == "▆█"


def test_it_says_what_it_waits_for_and_for_how_long_until_it_goes_on() -> None:
    waits = BatchesWaiting(*AT, ("the standby replica is 9 s behind",), 30.0)
    text = rows(STARTED, batch(10, 10), waits, now=10.0)
    assert "■ Has waited 40 s: the standby replica is 9 s behind" in text
    assert "Has waited" not in rows(STARTED, batch(10, 10), waits, BatchesGoOn(*AT, 40.0))


def test_a_target_that_was_changed_is_shown() -> None:
    control = BatchControl()
    control.take_longer()
    shown = rows(STARTED, batch(10, 10), control=control)
    assert "batches of 500 for 1.5 x the target, the last took 98 ms, 1,234 dead" in shown
    control.take_shorter()
    assert "target" not in rows(STARTED, batch(10, 10), control=control)


def slow_backfill(desk: Desk) -> None:
    """One that takes longer than any test."""
    desk.execute(
        "CREATE TABLE docs (id int PRIMARY KEY, n int NOT NULL DEFAULT 0);"
        "INSERT INTO docs SELECT g FROM generate_series(1, 20000) g; ANALYZE docs"
    )
    desk.write(
        "0001_a.sql",
        "-- schemamig: backfill table=docs key=id batch=5 rows-per-second=400\n"
        "UPDATE docs SET n = n + 1 WHERE id BETWEEN :from AND :to;",
    )


@played
async def test_space_pauses_a_backfill_and_goes_on_wherever_the_focus_is(desk: Desk) -> None:
    slow_backfill(desk)
    desk.options["keys"] = {"longer-batches": "f6"}
    async with desk.open(140, 40) as ui:
        await ui.press("a", "y")
        await ui.until(lambda: "of about 20,000 keys walked" in ui.screen)
        await ui.until(lambda: "space Pause/go on" in ui.rows[-1])
        await ui.press("5", "space")
        await ui.until(lambda: "Has waited" in ui.screen and "paused by the user" in ui.screen)
        assert "space goes on" in ui.screen
        await ui.press("f6")
        await ui.until(lambda: "1.5 x the target" in ui.screen)
        await ui.press("1")
        await ui.pilot.resize_terminal(40, 12)
        await ui.until(lambda: " x Cancel run" in ui.rows[-1])
        await ui.until(lambda: "Has waited" in ui.screen and "space goes on" in ui.screen)
        await ui.pilot.resize_terminal(140, 40)
        await ui.press("slash", "space", "escape")
        assert "paused by the user" in ui.screen
        await ui.press("space", "minus", "minus")
        await ui.until(lambda: "Has waited" not in ui.screen)
        assert "0.67 x the target" in ui.screen
        await ui.press("x", "y")
        await ui.run_over()
        assert "Pause" not in ui.rows[-1]
        assert "keys walked (" not in ui.screen
    with desk.database.connect() as conn:
        assert conn.execute("SELECT DISTINCT n FROM docs ORDER BY n").fetchall() == [(0,), (1,)]


@played
async def test_a_cancelled_backfill_says_what_stays_and_where_it_goes_on(desk: Desk) -> None:
    slow_backfill(desk)
    async with desk.open(140, 40) as ui:
        await ui.press("a", "y")
        await ui.until(lambda: "rows/s now" in ui.screen)
        assert "slow" not in ui.screen
        await ui.press("x", "y")
        await ui.run_over()
        assert "Its batches stay applied, " in ui.detail
        assert "keys walked, " in ui.detail
        await ui.press("left_square_bracket")
        assert "Goes on at statement 1 of 1: " in ui.detail
        assert "rows changed in " in ui.detail
        await ui.press("a")
        assert "Start over (s)" in ui.screen
