"""What the panel shows of the observer's events, as time goes by."""

from schemamig_tui.engine.activity import Activity, Blocked, ServerProgress, Victims
from schemamig_tui.engine.events import (
    BlockedSeen,
    Event,
    FileApplied,
    ProgressSeen,
    StatementFinished,
    VictimsSeen,
)
from schemamig_tui.tui.engine_thread import TimedEvent
from schemamig_tui.tui.insight import Insight
from schemamig_tui.tui.lines import plain, width
from schemamig_tui.tui.widgets.insight_bar import insight_rows

AT = ("0001_a.sql", 1, 1)
ADA = Activity(4711, "ada", "psql", "", "idle in transaction", 180.0, None, "UPDATE users")


def progress(done: int, total: int | None = 100, phase: str = "scanning") -> ProgressSeen:
    """How far CREATE INDEX is."""
    seen = ServerProgress("CREATE INDEX", "public.users", phase, done, total, "blocks")
    return ProgressSeen(*AT, seen)


def insight_after(*events: tuple[float, Event]) -> Insight:
    """What is known after events at these times."""
    insight = Insight()
    insight.take(TimedEvent(at, event) for at, event in events)
    return insight


def rows(insight: Insight, now: float, columns: int = 120) -> str:
    """The rows of the panel as text."""
    return plain(
        [(*left, ("plain", "  "), *right) for left, right in insight_rows(insight, now, columns)]
    )


def test_there_is_an_estimate_as_soon_as_there_is_a_pace() -> None:
    assert insight_after((0, progress(0))).left(1) is None
    assert insight_after((0, progress(0)), (1, progress(10))).left(1) is None
    assert insight_after((0, progress(0)), (4, progress(20))).left(4) == 16
    assert insight_after((0, progress(50)), (4, progress(60))).left(4) == 16


def test_a_pace_is_that_of_the_phase() -> None:
    seen = insight_after((0, progress(0)), (4, progress(90)), (5, progress(1, phase="sorting")))
    assert seen.left(6) is None


def test_an_estimate_gets_longer_while_nothing_moves() -> None:
    seen = insight_after((0, progress(0)), (4, progress(50)))
    assert seen.left(4) == 4
    assert seen.left(8) == 8


def test_without_a_total_there_is_a_count_and_no_bar() -> None:
    text = rows(insight_after((0, progress(0, None)), (9, progress(12_345, None))), 9)
    assert "12,345 blocks so far" in text
    assert "%" not in text
    assert "left" not in text
    assert "━" not in text


def test_with_a_total_there_is_a_bar_and_a_percentage() -> None:
    text = rows(insight_after((0, progress(0)), (4, progress(50))), 4)
    assert "━━━━━━━━━━──────────  50 %  4.0 s left" in text


def test_what_the_server_counts_past_its_total_is_all() -> None:
    assert "━━━━━━━━━━━━━━━━━━━━ 100 %" in rows(insight_after((0, progress(120))), 0)


def test_waits_get_longer_while_nothing_is_told() -> None:
    blocked = Blocked("ShareLock", "table public.users", 2.0, (ADA,))
    victims = Victims(1, 1.0, (ADA,))
    seen = insight_after((0, BlockedSeen(*AT, blocked)), (0, VictimsSeen(*AT, victims)))
    assert seen.is_stuck
    text = rows(seen, 60)
    assert "Blocked for 62 s: ShareLock on table public.users" in text
    assert "by pid 4711, psql of ada, idle in transaction, transaction of 4 min" in text
    assert "1 session waits behind this statement, for 61 s" in text


def test_what_is_over_is_forgotten() -> None:
    blocked = Blocked("ShareLock", "table public.users", 2.0, (ADA,))
    seen = insight_after((0, progress(1)), (0, BlockedSeen(*AT, blocked)))
    seen.take([TimedEvent(1, StatementFinished(*AT, "CREATE INDEX", 1.0))])
    assert "scanning" not in rows(seen, 1)
    seen.take([TimedEvent(1, FileApplied("0001_a.sql", 1.0))])
    assert not seen.is_stuck
    assert rows(seen, 1) == ""


def test_only_a_new_phase_is_news_for_the_log() -> None:
    events: list[Event] = [progress(1), progress(2), progress(1, phase="sorting"), progress(2)]
    insight = Insight()
    timed = [TimedEvent(0, event) for event in events]
    assert insight.news(events[:2], timed[:2]) == events[:1]
    assert insight.news(events[1:], timed[1:]) == events[2:]


def test_a_panel_of_eighty_columns_is_no_wider() -> None:
    long = Activity(4711, "a" * 60, "b" * 60, "host", "idle in transaction", 180.0, None, "")
    blocked = Blocked("AccessExclusiveLock", f"table public.{'t' * 60}", 2.0, (long, ADA))
    seen = insight_after((0, progress(1)), (0, BlockedSeen(*AT, blocked)))
    assert len(insight_rows(seen, 0, 80)) == 4
    assert all(width(left) <= 80 for left, _ in insight_rows(seen, 0, 80)[2:])
