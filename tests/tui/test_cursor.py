"""Where the cursor goes by itself, and by a jump: with the run, and to what needs somebody."""

from textual.events import Key

from tests.tui.conftest import Desk, Ui, played


def selected(ui: Ui) -> str | None:
    """The name of the selected migration."""
    return ui.main.selected.name if ui.main.selected else None


@played
async def test_i_goes_round_to_what_is_failed_changed_or_missing(desk: Desk) -> None:
    for number in range(1, 6):
        desk.write(f"000{number}_a.sql", f"SELECT {number};")
    desk.write("0006_f.sql", "SELECT nothing;")
    desk.apply()
    desk.write("0002_a.sql", "SELECT 'another';")
    (desk.folder / "0004_a.sql").unlink()
    desk.write("0007_g.sql")
    async with desk.open() as ui:
        await ui.press("1")
        odd = ["0006_f.sql", "0002_a.sql", "0004_a.sql"]
        for name in [*odd, *odd]:
            await ui.press("i")
            assert selected(ui) == name
        for name in (*odd[1::-1], odd[2], odd[1]):
            await ui.press("I")
            assert selected(ui) == name
        assert ui.main.focused is ui.main.query_one("#applied")


@played
async def test_i_says_so_where_there_is_nothing(desk: Desk) -> None:
    desk.write("0001_a.sql")
    async with desk.open() as ui:
        await ui.press("i")
        assert "No migration is failed, changed or missing" in ui.screen
        assert selected(ui) == "0001_a.sql"


async def stop(ui: Ui) -> None:
    """Cancel the run that is on."""
    assert ui.app.run_on is not None
    ui.app.run_on.cancel()
    await ui.run_over()


def slow_ones(desk: Desk) -> None:
    """Three migrations that take a while."""
    for number in range(1, 4):
        desk.write(f"000{number}_a.sql", "SELECT pg_sleep(0.5);")
    desk.write("0004_b.sql", "SELECT pg_sleep(30);")


@played
async def test_the_cursor_goes_along_with_the_run(desk: Desk) -> None:
    slow_ones(desk)
    async with desk.open() as ui:
        await ui.press("j", "a", "y")
        for number in (1, 2, 3):
            await ui.until(lambda: selected(ui) == f"000{number}_a.sql")  # noqa: B023  # awaited here
        await ui.until(lambda: selected(ui) == "0004_b.sql")
        assert ui.main.focused is ui.main.query_one("#pending")
        await stop(ui)


@played
async def test_it_stays_where_its_user_moves_it(desk: Desk) -> None:
    slow_ones(desk)
    desk.write("0005_c.sql")
    async with desk.open() as ui:
        await ui.press("a", "y")
        await ui.until(lambda: selected(ui) == "0002_a.sql")
        await ui.press("G")
        await ui.until(lambda: len(ui.names("applied")) == 3)
        assert selected(ui) == "0005_c.sql"
        await stop(ui)


@played
async def test_it_stays_where_its_user_reads(desk: Desk) -> None:
    slow_ones(desk)
    async with desk.open() as ui:
        await ui.press("G", "a", "y")
        await ui.until(lambda: selected(ui) == "0001_a.sql")
        await ui.press("enter")
        await ui.until(lambda: len(ui.names("applied")) == 3)
        assert selected(ui) == "0001_a.sql"
        await stop(ui)


@played
async def test_a_key_right_behind_a_move_is_about_the_row_that_it_leads_to(desk: Desk) -> None:
    desk.write("0001_a.sql")
    desk.write("0002_b.sql")
    async with desk.open() as ui:
        await ui.press("1")
        for key in ("j", "A"):
            ui.app.post_message(Key(key, key))
        await ui.until(lambda: "Apply 2 migrations?" in ui.screen)
