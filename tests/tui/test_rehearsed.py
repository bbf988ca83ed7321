"""What the list says of a rehearsal, and a rehearsal up to one migration."""

from tests.tui.conftest import Desk, Ui, played


def row_of(ui: Ui, name: str) -> str:
    """The row of a migration in its pane, without its mark."""
    lists = (row.split("│")[1] for row in ui.rows if row.startswith("│"))
    row = next(row for row in lists if f" {name} " in row)
    return " ".join(row.split()[1:])


@played
async def test_the_list_marks_what_was_rehearsed_until_its_file_changes(desk: Desk) -> None:
    desk.write("0001_a.sql")
    desk.write("0002_b.sql", "SELECT nothing;")
    desk.write("0003_c.sql")
    async with desk.open() as ui:
        await ui.press("R", "y")
        await ui.run_over()
        await ui.press("escape")
        assert row_of(ui, "0001_a.sql") == "0001_a.sql rehearsed"
        assert row_of(ui, "0002_b.sql") == "0002_b.sql would fail"
        assert row_of(ui, "0003_c.sql") == "0003_c.sql"
        desk.write("0002_b.sql", "SELECT 2;")
        await ui.press("r")
        assert row_of(ui, "0002_b.sql") == "0002_b.sql"
        assert row_of(ui, "0001_a.sql") == "0001_a.sql rehearsed"


@played
async def test_of_a_file_whose_rehearsal_was_cancelled_it_says_nothing(desk: Desk) -> None:
    desk.write("0001_a.sql")
    desk.write("0002_b.sql", "DO $$BEGIN RAISE NOTICE 'asleep'; PERFORM pg_sleep(30); END$$;")
    async with desk.open() as ui:
        await ui.press("R", "y")
        await ui.until(lambda: "NOTICE: asleep" in ui.log)
        await ui.press("x", "y")
        await ui.run_over()
        await ui.press("escape")
        assert row_of(ui, "0001_a.sql") == "0001_a.sql rehearsed"
        assert row_of(ui, "0002_b.sql") == "0002_b.sql"


@played
async def test_a_failed_file_that_was_mended_and_rehearsed_is_marked_as_such(desk: Desk) -> None:
    desk.write("0001_a.sql", "SELECT nothing;")
    desk.apply()
    desk.write("0001_a.sql", "SELECT 1;")
    async with desk.open() as ui:
        assert row_of(ui, "0001_a.sql") == "0001_a.sql changed"
        await ui.press("R", "y")
        await ui.run_over()
        await ui.press("escape")
        assert row_of(ui, "0001_a.sql") == "0001_a.sql rehearsed"


@played
async def test_shift_u_rehearses_up_to_what_the_filter_has_found(desk: Desk) -> None:
    for name in ("0001_a.sql", "0002_b.sql", "0003_c.sql"):
        desk.write(name)
    async with desk.open() as ui:
        await ui.press("slash", *"_b", "enter", "U")
        assert "Rehearse 2 migrations?" in ui.screen
        await ui.press("y")
        await ui.run_over()
        assert "2 rehearsed" in ui.log
        await ui.press("escape", "escape")
        assert row_of(ui, "0002_b.sql") == "0002_b.sql rehearsed"
        assert row_of(ui, "0003_c.sql") == "0003_c.sql"
