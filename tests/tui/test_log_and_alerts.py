"""The log file and the alerts of the settings, for runs in the UI."""

import json
from pathlib import Path

from tests.tui.conftest import Desk, played


@played
async def test_runs_are_logged_and_raise_alerts_as_headless_ones_do(
    desk: Desk, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    alerts = {"on_success": f"cat > {tmp_path}/good", "on_failure": "echo no host; exit 6"}
    desk.options |= {"log_file": log, **alerts}
    desk.write("0001_a.sql", "CREATE TABLE a ();")
    async with desk.open() as ui:
        await ui.press("R", "y")
        await ui.run_over()
        await ui.press("escape")
        await ui.apply()
        assert json.loads((tmp_path / "good").read_text())["outcome"] == "success"
        desk.write("0002_b.sql", "SELECT 1 / 0;")
        await ui.press("r")
        await ui.apply()
        assert "the command of on-failure ended with 6: no host" in ui.log
        assert "0002_b.sql" in ui.names("failed")
    events = [json.loads(line) for line in log.read_text().splitlines()]
    assert len({event["run"] for event in events}) == 3
    names = [event["event"] for event in events]
    assert "rehearsal_finished" in names
    assert names[-2:] == ["run_finished", "warning"]
