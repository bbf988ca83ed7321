"""A bug in the UI ends it without telling secrets, and a run that is on is not left alone."""

import asyncio
import os
import signal

import pytest

from schemamig_tui.tui.engine_thread import ApplyThread
from tests.tui.conftest import Desk, played

ASLEEP = "DO $$ BEGIN RAISE NOTICE 'asleep'; PERFORM pg_sleep(30); END $$;"


def test_an_unexpected_error_prints_no_local_variables(
    desk: Desk, capfd: pytest.CaptureFixture[str]
) -> None:
    async def crash() -> None:
        def fail() -> None:
            password = "hunter2"
            raise ZeroDivisionError(len(password))

        async with desk.open() as ui:
            ui.app.call_later(fail)
            await asyncio.sleep(0.5)
            ui.app._print_error_renderables()

    with pytest.raises(ZeroDivisionError):
        asyncio.run(crash())
    out, err = capfd.readouterr()
    assert "hunter2" not in out + err
    assert "Traceback" not in out + err


def test_an_error_in_the_background_ends_the_program_with_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr("schemamig_tui.tui.widgets.detail.details", fail)
    desk.write("0001_a.sql")

    async def crash() -> None:
        async with desk.open():
            await asyncio.sleep(0.5)

    with pytest.raises(Exception, match="a bug"):
        asyncio.run(crash())


@played
async def test_a_bug_that_ends_a_run_is_told_and_not_forgotten_at_the_end(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    bug = ZeroDivisionError("a bug")

    def fail(*_: object, **__: object) -> None:
        raise bug

    desk.write("0001_a.sql")
    async with desk.open() as ui:
        monkeypatch.setattr(ApplyThread, "_perform", fail)
        await ui.apply()
        assert "internal error: ZeroDivisionError; this is a bug" in ui.log
        assert ui.app.runs.bug is bug  # for the exit code: see tests/unit/test_cli.py
        await ui.press("q")
        assert not ui.app.is_running


@played
async def test_sigterm_cancels_the_run_and_then_quits(desk: Desk) -> None:
    desk.write("0001_a.sql", ASLEEP)
    async with desk.open() as ui:
        await ui.press("a", "y")
        await ui.until(lambda: "NOTICE: asleep" in ui.log)
        os.kill(os.getpid(), signal.SIGTERM)
        await ui.until(lambda: not ui.app.is_running)
    assert desk.ledger["0001_a.sql"].success is False


@played
async def test_a_run_is_cancelled_when_the_program_ends_without_asking(desk: Desk) -> None:
    desk.write("0001_a.sql", ASLEEP)
    async with desk.open() as ui:
        await ui.press("a", "y")
        await ui.until(lambda: "NOTICE: asleep" in ui.log)
        ui.app.exit()
    assert desk.ledger["0001_a.sql"].success is False
