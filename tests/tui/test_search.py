"""Searching, wrapping and scrolling what is too long for its pane."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.events import Key
from textual.keys import _character_to_key

from schemamig_tui.tui.lines import Line, plain
from schemamig_tui.tui.search import Search
from schemamig_tui.tui.widgets.lines_view import LinesView
from tests.tui.conftest import Desk, Ui, played

LONG = "\n".join(f"SELECT {n}; -- {'needle' if n in (30, 60) else 'hay'}" for n in range(1, 81))
SPANS = st.lists(st.tuples(st.sampled_from(["plain", "string"]), st.text("aAbİ ", max_size=6)))


@given(SPANS, st.text("abAİ", min_size=1, max_size=3))
def test_marking_a_line_changes_no_text_and_marks_what_is_found(
    spans: list[tuple[str, str]], wanted: str
) -> None:
    line: Line = tuple(spans)
    marked = Search(wanted).marked(line)
    assert plain([marked]) == plain([line])
    text = "".join(text for _, text in line)
    shown = "".join(
        "^" * len(text) if style == "match" else " " * len(text) for style, text in marked
    )
    expected = [" "] * len(text)
    for part in Search(wanted).found_in(line):
        assert text[part.start : part.stop].lower() == wanted.lower()
        expected[part.start : part.stop] = "^" * len(part)
    assert shown == "".join(expected)


def test_a_capital_letter_makes_the_case_matter() -> None:
    line: Line = (("plain", "Select select"),)
    assert Search("select").found_in(line) == [range(6), range(7, 13)]
    assert Search("Select").found_in(line) == [range(6)]


@pytest.fixture
def long(desk: Desk) -> Desk:
    """A desk with a long file."""
    desk.write("0001_long.sql", LONG)
    return desk


def marked(ui: Ui) -> list[str]:
    """The texts on the screen that are marked."""
    strips = ui.strips
    return [
        segment.text
        for strip in strips
        for segment in strip
        if segment.style and segment.style.reverse and segment.text.strip()
    ]


@played
async def test_a_search_goes_to_what_is_found_and_around_the_end(long: Desk) -> None:
    async with long.open() as ui:
        await ui.press("enter", "slash", *"needle")
        assert "SELECT 30;" in ui.screen
        assert "needle" in marked(ui)
        assert "/needle▏" in ui.screen
        await ui.press("enter", "n")
        assert "SELECT 60;" in ui.screen
        assert "/needle  n N" in ui.screen
        await ui.press("n")
        assert "SELECT 30;" in ui.screen
        await ui.press("N")
        assert "SELECT 60;" in ui.screen
        await ui.press("escape")
        assert "needle" not in marked(ui)
        assert "/needle" not in ui.screen


@played
async def test_what_is_typed_for_a_search_is_no_command(long: Desk) -> None:
    async with long.open() as ui:
        await ui.press("enter", "slash", *"qaj1", "backspace", "enter")
        assert ui.app.is_running
        assert "/qaj  not found" in ui.screen


@played
async def test_what_is_typed_at_once_is_searched_and_filtered_for(long: Desk) -> None:
    async with long.open() as ui:
        for pane, shown in (("4", "/so/1 ▏"), ("1", " so/1 ")):
            for character in (pane, *"/so/1 "):
                ui.app.post_message(Key(_character_to_key(character), character))
            await ui.until(lambda shown=shown: shown in ui.screen)
            await ui.press("escape")


@played
async def test_the_log_and_a_dry_run_are_searched_as_well(long: Desk) -> None:
    long.write(
        "0002_b.sql", "DO $$ BEGIN FOR i IN 1..90 LOOP RAISE NOTICE 'line %', i; END LOOP; END $$;"
    )
    async with long.open() as ui:
        await ui.press("d", "slash", *"0002", "enter")
        assert "0002" in marked(ui)
        assert "/0002  n N" in ui.screen
        await ui.press("escape", "escape")
        await ui.apply()
        await ui.press("5", "slash", *"line 7", "enter")
        assert "line 7" in marked(ui)


@played
async def test_a_long_line_is_wrapped_and_scrolled_with_its_number(desk: Desk) -> None:
    desk.write("0001_a.sql", f"SELECT 1;\nSELECT '{'x ' * 150}the end';\n")
    async with desk.open(100, 30) as ui:
        await ui.press("enter")
        assert "the end" not in ui.screen
        await ui.press(*"LLLLLLLLLLLL")
        assert "│2 " in ui.screen
        assert "the end" in ui.screen
        await ui.press(*"HHHHHHHHHHHH")
        assert "SELECT 1;" in ui.screen
        await ui.press("w")
        assert "SELECT 1;" in ui.screen
        assert "the end" in ui.screen
        await ui.press("w")
        assert "the end" not in ui.screen
        await ui.pilot.resize_terminal(45, 30)
        await ui.press("full_stop")  # prose is wrapped all the same
        assert "outside of one" in ui.screen


@played
async def test_the_log_wraps_long_lines_and_drops_them_whole(desk: Desk) -> None:
    desk.write("0001_a.sql", f"DO $$ BEGIN RAISE NOTICE '{'y ' * 100}is all'; END $$;")
    async with desk.open(100, 30) as ui:
        await ui.press("5", "w")
        await ui.apply()
        await ui.press("5", "plus")
        assert "is all" in ui.screen


@played
async def test_a_log_at_its_end_stays_there_when_it_is_wrapped_or_gets_narrower(desk: Desk) -> None:
    say = f"RAISE NOTICE '{'y ' * 100}is %', i;"
    desk.write("0001_a.sql", f"DO $$ BEGIN FOR i IN 1..30 LOOP {say} END LOOP; END $$;")
    async with desk.open(140, 30) as ui:
        log = ui.main.log_view
        await ui.apply()
        await ui.press("5", "w")
        assert log.scroll_y == log.max_scroll_y
        await ui.pilot.resize_terminal(90, 30)
        await ui.settled()
        assert log.scroll_y == log.max_scroll_y
        await ui.press("k")
        await ui.pilot.resize_terminal(70, 30)
        await ui.settled()
        assert log.scroll_y < log.max_scroll_y


@played
@pytest.mark.parametrize("pane", ["4", "5"])
async def test_the_line_that_one_reads_stays_where_lines_are_wrapped_or_get_narrower(
    desk: Desk, pane: str
) -> None:
    lines = "".join(f"RAISE NOTICE '{n} {'y ' * 60}';\n" for n in range(100, 200))
    desk.write("0001_a.sql", f"DO $$ BEGIN\n{lines}END $$;")
    async with desk.open(140, 30) as ui:
        await ui.apply()
        await ui.press(pane, "slash", *"150 y", "enter")
        view = ui.app.screen.focused
        assert isinstance(view, LinesView)

        def first() -> str:
            return plain([view.row(view.scroll_offset.y) or ()])

        while "150 y" not in first():
            view.scroll_relative(y=1, animate=False, immediate=True)
        for columns in (140, 70, 50, 120):
            await ui.pilot.resize_terminal(columns, 30)
            await ui.press("w")
            assert "150 y" in first()
        await ui.press("n")
        assert "150 y" in ui.screen


@played
async def test_the_selected_migration_is_scrolled_from_the_list(long: Desk) -> None:
    async with long.open(120, 30) as ui:
        assert "SELECT 1;" in ui.screen
        await ui.press("J", "J")
        assert "SELECT 1;" not in ui.screen
        assert ui.main.focused is ui.main.query_one("#pending")
        await ui.press("K", "K")
        assert "SELECT 1;" in ui.screen
