"""Repairs of the ledger from the UI: what is offered, shown before, asked and written."""

from schemamig_tui.tui.screens.choice import Choice
from schemamig_tui.tui.screens.dialogs import Question, TextDialog
from schemamig_tui.tui.widgets.lines_view import LinesView
from tests.tui.conftest import Desk, Ui, played
from tests.tui.test_running import toast


def text(ui: Ui) -> str:
    return ui.app.screen.query_one(LinesView).text


async def ask(ui: Ui, *keys: str) -> None:
    """Choose a repair of what is selected, and wait for its question."""
    await ui.press("m")
    assert isinstance(ui.app.screen, Choice), ui.screen
    await ui.press(*keys)
    await ui.until(lambda: isinstance(ui.app.screen, Question))


@played
async def test_a_repair_shows_the_row_before_and_after_and_asks(desk: Desk) -> None:
    desk.write("0001_a.sql", "SELECT 1;")
    desk.apply()
    desk.write("0001_a.sql", "SELECT 2;")
    desk.write("0002_b.sql", "SELECT nothing;")
    async with desk.open() as ui:
        await ui.apply()
        before = desk.ledger
        await ui.press("2")
        await ask(ui, "enter")
        assert "Mark it as applied?" in ui.screen
        assert "  before: failed, " in text(ui)
        assert "  after:  applied, " in text(ui)
        await ui.press("n")
        assert desk.ledger == before, "the preview was rolled back"
        await ask(ui, "j", "j", "enter")
        assert "  after:  no row" in text(ui)
        await ui.press("y")
        await ui.until(lambda: ui.names("pending") == ["0002_b.sql"])
        assert "Forget its row" in ui.log

        await ui.press("3")
        await ask(ui, "enter")
        assert "Accept its checksum?" in ui.screen
        await ui.press("y")
        await ui.until(lambda: not ui.main.status.changed)
        await ui.press("m")
        assert toast(ui)[0] == "0001_a.sql is as the ledger has it: there is nothing to mend"

        desk.write("0003_c.sql")
        await ui.press("r", "1", "G")
        await ask(ui, "j", "enter")
        assert "Mark all up to it as applied?" in ui.screen
        await ui.press("y")
        await ui.until(lambda: not ui.names("pending"))
    assert {row.checksum for row in list(desk.ledger.values())[1:]} == {"MANUAL"}


@played
async def test_to_mark_a_file_that_stopped_half_way_says_how_far_it_came(desk: Desk) -> None:
    desk.execute("CREATE TABLE t (id int PRIMARY KEY, n int); INSERT INTO t VALUES (1), (2), (3)")
    backfill = (
        "-- schemamig: no-transaction\nSELECT 1;\n"
        "-- schemamig: backfill table=t key=id batch=1\n"
        "UPDATE t SET n = 1 / (id - 3) WHERE id BETWEEN :from AND :to;\n"
    )
    desk.write("0001_a.sql", backfill)
    desk.write("0002_b.sql", "SELECT 1;\nSELECT 1 / 0;")
    desk.apply()
    async with desk.open() as ui:
        await ui.press("2")
        await ask(ui, "enter")
        assert "! stopped after 1 of 2 statements, and in the next one 1 key walked" in text(ui)
        assert "the rest is never run" in text(ui)
        await ui.press("y")
        await ui.until(lambda: ui.names("applied") == ["0001_a.sql"])
        await ui.apply()
        await ui.press("2")
        await ask(ui, "enter")
        assert "stopped" not in text(ui), "a file in a transaction leaves nothing of it"


@played
async def test_what_has_changed_behind_the_question_is_not_written(desk: Desk) -> None:
    desk.write("0001_a.sql", "SELECT nothing;")
    async with desk.open() as ui:
        await ui.apply()
        await ui.press("2")
        await ask(ui, "enter")
        desk.write("0001_a.sql", "SELECT 1 / 0;")
        desk.apply()
        await ui.press("y")
        await ui.until(lambda: isinstance(ui.app.screen, TextDialog))
        assert "the ledger or the folder has changed since: nothing was done" in text(ui)
    assert desk.ledger["0001_a.sql"].success is False


@played
async def test_nothing_is_mended_where_nothing_may_be_written(desk: Desk) -> None:
    desk.write("0001_a.sql")
    async with desk.open(read_only=True) as ui:
        await ui.press("m")
        assert ui.app.screen is ui.main


@played
async def test_e_says_of_an_applied_file_that_changing_it_is_drift(desk: Desk) -> None:
    desk.write("0001_a.sql")
    desk.apply()
    async with desk.open() as ui:
        await ui.press("e")
        assert "0001_a.sql is applied" in ui.screen
        assert "To change it now is drift" in ui.screen
        await ui.press("escape", "e", "y")
        assert toast(ui)[0] == "No editor can be opened in this terminal"
