"""A part of what is pending is chosen: one file alone, or all without those that have batches."""

import pytest
from textual.widgets import Button

from schemamig_tui.plan_file import load
from schemamig_tui.tui import looking
from schemamig_tui.tui.screens.plan import PlanQuestion
from tests.tui.conftest import Desk, Ui, played

BACKFILL = """\
-- schemamig: backfill table=public.docs key=id
UPDATE docs SET n = 1 WHERE id BETWEEN :from AND :to;
"""

FAILS = BACKFILL.replace("key=id", "key=id batch=5").replace("n = 1", "n = 1 / (40 - id)")


@pytest.fixture
def desk(desk: Desk) -> Desk:
    """One with a backfill between two other files, and one that wants it."""
    desk.execute("CREATE TABLE docs (id int PRIMARY KEY, n int)")
    desk.execute("INSERT INTO docs SELECT generate_series(1, 50)")
    desk.write("0001_a.sql", "CREATE TABLE a ();")
    desk.write("0002_fill.sql", BACKFILL)
    desk.write("0003_wants.sql", "-- schemamig: requires 0002_fill.sql\nSELECT 1;")
    desk.write("0004_d.sql", "CREATE TABLE d ();")
    return desk


def text(ui: Ui) -> str:
    """All that the dialog shows."""
    return ui.app.screen._view.text  # type: ignore[attr-defined]  # PlanQuestion


@played
async def test_e_applies_the_selected_file_alone_and_says_what_stays(desk: Desk) -> None:
    async with desk.open() as ui:
        await ui.press("j", "E")
        assert "Apply 1 migration?" in ui.screen
        assert "! Only this one: 0001_a.sql before it would stay as it is" in text(ui)
        assert "0002_fill.sql" in text(ui)
        assert "0004_d.sql" not in text(ui)
        await ui.press("y")
        await ui.run_over()
        assert [*desk.ledger] == ["0002_fill.sql"]
        await ui.until(lambda: ui.names("applied") == ["0002_fill.sql"])
        await ui.press("3", "E")
        assert "Nothing to do: this one is applied" in ui.screen


@played
async def test_what_a_file_alone_lacks_is_said_and_keeps_nothing_else_from_running(
    desk: Desk,
) -> None:
    async with desk.open() as ui:
        await ui.press("j", "j", "E")
        assert "It requires 0002_fill.sql, which is not applied" in text(ui)
        await ui.press("y")
        assert isinstance(ui.app.screen, PlanQuestion)
        await ui.press("escape", "a")
        assert "Apply 4 migrations?" in ui.screen


@played
async def test_where_all_that_is_chosen_has_to_wait_the_dialog_says_why(desk: Desk) -> None:
    desk.write("0002_fill.sql", FAILS)
    desk.apply()
    desk.write("0004_d.sql", "ALTER TABLE docs DROP COLUMN n;")
    async with desk.open() as ui:
        await ui.press("1", "G")
        for keys in (["E"], ["a", "b"], ["R", "b"]):
            await ui.press(*keys)
            assert "0004_d.sql stays pending: DROP COLUMN in line 1 takes away" in text(ui)
            assert ui.app.screen.query_one("#yes", Button).disabled
            await ui.press("y", "s")
            assert isinstance(ui.app.screen, PlanQuestion)
            await ui.press("escape")


@played
async def test_one_alone_that_changes_behind_the_dialog_takes_the_yes_back(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "_EVERY", 0.05)
    monkeypatch.setattr(looking, "_SHARE", 0)
    async with desk.open() as ui:
        await ui.press("G", "E")
        desk.write("0001_a.sql", "CREATE TABLE other ();")
        desk.write("0004_d.sql", "CREATE TABLE another ();")
        await ui.until(lambda: "Changed since you saw the plan: 0004_d.sql has changed" in text(ui))
        assert "0001_a.sql has changed" not in text(ui)
        assert "0001_a.sql, 0002_fill.sql, 0003_wants.sql before it would stay" in text(ui)
        assert "Apply 1 migration?" in ui.screen
        await ui.press("y")
        assert ui.app.run_on is None
        desk.apply()
        await ui.until(lambda: ui.app.screen is ui.main)


@played
async def test_b_leaves_the_backfills_out_of_what_is_approved_and_takes_them_in(
    desk: Desk,
) -> None:
    async with desk.open() as ui:
        await ui.press("a")
        assert "b without backfills" in ui.screen
        await ui.press("b")
        assert "Apply 2 migrations?" in ui.screen
        assert "b with backfills" in ui.screen
        assert "! 0002_fill.sql stays pending: it has batches (--skip-backfills)." in text(ui)
        await ui.press("b")
        assert "Apply 4 migrations?" in ui.screen
        await ui.press("b", "y")
        await ui.run_over()
        assert [*desk.ledger] == ["0001_a.sql", "0004_d.sql"]


@played
async def test_a_yes_right_behind_b_approves_nothing_that_is_not_shown(desk: Desk) -> None:
    async with desk.open() as ui:
        await ui.press("a")
        ui.app.simulate_key("b")
        ui.app.simulate_key("y")
        await ui.settled()
        assert ui.app.run_on is None
        assert not desk.ledger


@played
async def test_a_plan_without_backfills_is_saved_as_one(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(desk.folder)
    plan = desk.folder / "p.json"
    async with desk.open() as ui:
        await ui.press("d")
        assert "b without backfills   s save" in ui.screen
        await ui.press("b", "s", *plan.name, "enter")
        await ui.until(plan.exists)
        await ui.until(lambda: "The plan is saved" in ui.log)
    assert [file.name for file in load(plan).files] == ["0001_a.sql", "0004_d.sql"]
    assert load(plan).skip_backfills


@played
async def test_where_nothing_else_is_pending_no_key_leaves_the_backfills_out(desk: Desk) -> None:
    async with desk.open() as ui:
        await ui.press("j", "E")
        assert "without backfills" not in ui.screen
        await ui.press("b")
        assert "Apply 1 migration?" in ui.screen


@played
async def test_without_the_backfills_their_tries_are_not_offered_to_be_started_over(
    desk: Desk,
) -> None:
    desk.write("0002_fill.sql", FAILS)
    desk.apply()
    async with desk.open() as ui:
        await ui.press("a")
        over = ui.app.screen.query_one("#other", Button)
        assert not over.disabled
        await ui.press("b")
        assert over.disabled
        await ui.press("s")
        assert isinstance(ui.app.screen, PlanQuestion)
        await ui.press("b")
        assert not over.disabled


@played
async def test_a_rehearsal_can_leave_the_backfills_out_too(desk: Desk) -> None:
    async with desk.open() as ui:
        await ui.press("R", "b")
        assert "Rehearse 2 migrations?" in ui.screen
        await ui.press("y")
        await ui.run_over()
        assert "Done: 2 rehearsed" in ui.screen
        assert "0002_fill.sql" not in text(ui)
