"""A run with more events than can be shown."""

import gc
import time

import pytest

from schemamig_tui.connect import resolve
from schemamig_tui.engine import make_plan
from schemamig_tui.engine.events import FileApplied, Notice, NoticeReceived
from schemamig_tui.settings import Settings
from schemamig_tui.survey import look
from schemamig_tui.tui.engine_thread import ApplyThread
from schemamig_tui.tui.log_lines import entries, event_lines, made
from schemamig_tui.tui.widgets.run_log import LONGEST
from tests.tui.conftest import Desk, played

FLOOD = "DO $$ BEGIN FOR i IN 1..%s LOOP RAISE NOTICE 'number %%', i; END LOOP; END $$;"


def unheard(desk: Desk) -> ApplyThread:
    """A run that has not begun, and to which nobody listens."""
    settings = Settings(directory=desk.folder, dsn=desk.database.conninfo)
    target = resolve(settings)
    return ApplyThread(target, settings, make_plan(look(target, settings)))


@played
async def test_every_notice_is_counted_and_the_last_ones_are_kept(desk: Desk) -> None:
    desk.write("0001_a.sql", FLOOD % 30_000)
    async with desk.open() as ui:
        await ui.apply()
        lines = ui.log.splitlines()
        assert len(lines) == LONGEST
        assert "Done: 1 applied (1 in all), 30,000 notices in " in ui.log
        assert "NOTICE: number 30000" in ui.log
        assert "left out" not in ui.log


@played
async def test_a_file_keeps_its_notices_when_another_one_tells_more(desk: Desk) -> None:
    desk.write("0001_a.sql", FLOOD % 3)
    desk.write("0002_b.sql", FLOOD % 15_000)
    async with desk.open() as ui:
        await ui.apply()
        assert "✓ 0001_a.sql" not in ui.log
        await ui.press("3", "g", "right_square_bracket", "right_square_bracket")
        assert "NOTICE: number 3" in ui.detail


def test_what_nobody_hears_is_left_out_beyond_a_bound_and_counted(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("schemamig_tui.tui.engine_thread._MOST_WAITING", 1_000)
    desk.write("0001_a.sql", FLOOD % 2_000)
    run = unheard(desk)
    run.start()
    run.wait()
    events, _ = run.drain()
    assert len(events) < 1_010
    assert run.progress.notices + run.left_out == 2_000 + 1  # and the timing of the statement
    assert run.progress.finished is not None


def test_the_more_the_loop_has_to_do_the_less_often_it_looks(desk: Desk) -> None:
    run = unheard(desk)
    run.pause()
    assert run.pause() == 0.05
    _work(0.012)
    assert 0.12 <= run.pause() < 0.2
    _work(0.1)
    assert run.pause() == 0.3


def _work(seconds: float) -> None:
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


def test_a_run_leaves_the_garbage_collector_as_it_was(desk: Desk) -> None:
    desk.write("0001_a.sql")
    run = unheard(desk)
    gc.unfreeze()  # what the tests have frozen, if this is the first run in their process
    before = gc.get_threshold(), gc.get_freeze_count()
    run.start()
    run.wait()
    assert (gc.get_threshold(), gc.get_freeze_count()) == before


@pytest.mark.parametrize("message", ["", "one", "one\ntwo", "one\r\ntwo\n", "one\rtwo", "\n\n"])
@pytest.mark.parametrize("detail", [None, "", "three\nfour"])
@pytest.mark.parametrize("hint", [None, "five"])
def test_a_notice_has_the_lines_that_were_counted(
    message: str, detail: str | None, hint: str | None
) -> None:
    notice = Notice("NOTICE", "00000", message, detail, hint)
    event = NoticeReceived("0001_a.sql", 1, 1, notice)
    assert [made(entry) for entry in entries([event])] == list(event_lines(event))


def test_an_event_of_one_line_stands_for_it() -> None:
    event = FileApplied("0001_a.sql", 1.0)
    assert list(entries([event])) == [event]
