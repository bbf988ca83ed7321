"""A file without a transaction that stopped in the middle: where it goes on, or starts over."""

from tests.tui.conftest import Desk, played

HEAD = "-- schemamig: no-transaction\nCREATE TABLE IF NOT EXISTS t (id INT);\n"
BROKEN = f"{HEAD}INSERT INTO t VALUES (1);\nSELECT nothing;\nSELECT 4;\n"
MENDED = BROKEN.replace("nothing", "3")


def half_done(desk: Desk) -> None:
    """Two statements of four are committed, and the third has been mended since."""
    desk.write("0001_a.sql", BROKEN)
    desk.apply()
    desk.write("0001_a.sql", MENDED)


def rows(desk: Desk) -> int:
    """How often the second statement has run."""
    with desk.database.connect() as conn:
        row = conn.execute("SELECT count(*) FROM t").fetchone()
        return int(row[0]) if row else 0


@played
async def test_the_plan_and_the_question_say_where_it_goes_on(desk: Desk) -> None:
    half_done(desk)
    async with desk.open() as ui:
        await ui.press("left_square_bracket")
        assert "Goes on at statement 3 of 4: its first 2 statements are applied" in ui.detail
        await ui.press("a")
        assert "Goes on at statement 3 of 4" in ui.screen
        assert "Start over (s)" in ui.screen
        await ui.press("y")
        await ui.run_over()
        assert "goes on behind its first 2 statements" in ui.log
        assert ui.names("applied") == ["0001_a.sql"]
        assert rows(desk) == 1


@played
async def test_s_starts_it_over(desk: Desk) -> None:
    half_done(desk)
    async with desk.open() as ui:
        await ui.press("a", "s")
        await ui.run_over()
        assert "goes on behind" not in ui.log
        assert ui.names("applied") == ["0001_a.sql"]
        assert rows(desk) == 2


@played
async def test_the_button_starts_it_over_too(desk: Desk) -> None:
    half_done(desk)
    async with desk.open(80, 24) as ui:
        await ui.press("a", "right", "enter")
        await ui.run_over()
        assert rows(desk) == 2


@played
async def test_changed_statements_are_refused_unless_started_over(desk: Desk) -> None:
    half_done(desk)
    desk.write("0001_a.sql", MENDED.replace("(1)", "(2)"))
    async with desk.open() as ui:
        await ui.press("left_square_bracket")
        refused = "Refused: its first 2 statements are applied, and the file has changed there"
        assert refused in ui.detail
        await ui.press("a")
        assert refused in ui.screen
        assert "✗ 0001_a.sql cannot be run: nothing will, until that is mended" in ui.screen
        await ui.press("y")
        assert "Nothing can be run as it is" in ui.screen
        assert rows(desk) == 1
        await ui.press("s")
        await ui.run_over()
        assert ui.names("applied") == ["0001_a.sql"]
        assert rows(desk) == 2


@played
async def test_there_is_nothing_to_start_over_where_nothing_is_kept(desk: Desk) -> None:
    desk.write("0001_a.sql", "SELECT 1; SELECT nothing;")
    desk.apply()
    async with desk.open() as ui:
        await ui.press("a")
        assert "Start over" not in ui.screen
        await ui.press("s")
        assert ui.app.screen is not ui.main
        assert ui.app.run_on is None
