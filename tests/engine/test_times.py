"""How long statements took: what is known of it is told, and nothing else."""

import pytest

from schemamig_tui.engine.events import Event, FileApplied, StatementFinished
from schemamig_tui.engine.pipeline.step import Arrival, Role, Step
from schemamig_tui.engine.run.file_run import FileRun
from schemamig_tui.engine.run.logbook import Logbook
from tests.engine.conftest import Workshop
from tests.unit.scripts import script_of

Times = list[tuple[float | None, int]]
TOGETHER = True


def times(*arrivals: Arrival) -> Times:
    """What is told of the statements of a file whose results arrive so, after 10 s of its BEGIN."""
    script = script_of("SELECT 1;" * len(arrivals))
    events: list[Event] = []
    log = Logbook([FileRun(script)], events.append)
    log.step_done(Step(b"BEGIN", Role.OPEN), "BEGIN", Arrival(10.0))
    for number, arrival in enumerate(arrivals):
        log.step_done(Step(b"SELECT 1", Role.STATEMENT, number), "SELECT 1", arrival)
    return [(one.ms, one.batch) for one in events if isinstance(one, StatementFinished)]


@pytest.mark.parametrize(
    ("arrivals", "told"),
    [
        ([Arrival(10.5)], [(500, 1)]),
        ([Arrival(10.5), Arrival(10.75)], [(500, 1), (250, 1)]),
        (
            [Arrival(10.0625, TOGETHER), Arrival(10.0625, TOGETHER), Arrival(10.0625)],
            [(None, 1), (None, 1), (62.5, 3)],
        ),
        # The first one has ended the silence.
        (
            [Arrival(10.5, TOGETHER), Arrival(10.5, TOGETHER), Arrival(10.5), Arrival(10.75)],
            [(500, 1), (None, 1), (None, 1), (250, 1)],
        ),
        # With that of the BEGIN.
        ([Arrival(10.0)], [(None, 1)]),
        ([Arrival(10.0, TOGETHER), Arrival(10.0), Arrival(10.5)], [(None, 1), (None, 1), (500, 1)]),
    ],
)
def test_statements_whose_results_come_together_are_timed_together(
    arrivals: list[Arrival], told: Times
) -> None:
    assert times(*arrivals) == told


def test_a_time_is_never_nothing_and_all_of_them_are_no_more_than_the_file_took(
    shop: Workshop,
) -> None:
    shop.applies("0001_many.sql", "SELECT 1;\n" * 500)
    told = shop.events_of(StatementFinished)
    assert len(told) == 500
    known = [(one.ms, one.batch) for one in told if one.ms is not None]
    assert all(ms > 0 and batch >= 1 for ms, batch in known)
    assert sum(batch for _, batch in known) <= 500
    (applied,) = shop.events_of(FileApplied)
    # The ledger has whole milliseconds, and the time up to its row.
    assert sum(ms for ms, _ in known) <= applied.ms + 50


def test_a_statement_that_takes_its_time_is_timed(shop: Workshop) -> None:
    shop.applies("0001_slow.sql", "SELECT 1;\nSELECT pg_sleep(0.3);\nSELECT 2;")
    slow = max(shop.events_of(StatementFinished), key=lambda one: one.ms or 0)
    assert (slow.statement, slow.batch) == (2, 1)
    assert (slow.ms or 0) >= 250
