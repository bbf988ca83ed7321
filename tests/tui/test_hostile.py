"""Outside text is data: whatever it holds, it is shown, does nothing, and breaks nothing."""

import pytest

from schemamig_tui.tui.lines import LONGEST, body, folded, inline, width
from schemamig_tui.tui.sql import highlight
from tests import tools
from tests.tui.conftest import Desk, Ui, played

HOSTILE = {
    "closing tag": "[/foo]",
    "half a tag": "path [/usr",
    "half a style": "[b ",
    "action": "[@click=app.quit]x[/]",
    "variable": "$primary",
    "OSC 52": "\x1b]52;c;aGk=\x07",
    "CSI": "\x1b[2J\x1b[31m",
    "C1": "\x9b31m\x85",
    "direction": "\u202egnp.exe",
    "no width": "a\u200bb\u2066c",
    "long line": "y" * 10_000,
    "wide": "日本語" * 20,
    "carriage return": "one\rtwo",
    "backslashes": "\\[\\\\",
}
EVERY = pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
SHOWN = tools.all_in_ci([*HOSTILE], 5)
EVERY_SHOWN = pytest.mark.parametrize("text", [HOSTILE[name] for name in SHOWN], ids=SHOWN)


def assert_harmless(ui: Ui) -> None:
    """What reaches the terminal prints, and fits."""
    columns, rows = ui.app.size
    strips = ui.strips
    assert len(strips) == rows
    for strip in strips:
        assert strip.text.isprintable()
        assert strip.cell_length == columns


async def look_everywhere(ui: Ui) -> None:
    """Open every view that shows something of the selected migration."""
    for _ in range(4):
        assert_harmless(ui)
        await ui.press("right_square_bracket")
    await ui.press("d")
    assert_harmless(ui)
    await ui.press("escape", "4", "l", "c")
    assert_harmless(ui)


@EVERY_SHOWN
@played
async def test_in_a_file_name(desk: Desk, text: str) -> None:
    name = f"0001_{text[:40]}.sql".replace("/", "\N{DIVISION SLASH}")
    desk.write(name, "SELECT nothing;")
    async with desk.open() as ui:
        await look_everywhere(ui)
        await ui.apply()
        assert_harmless(ui)
        assert ui.names("failed") == [name]
        assert inline(name) in ui.log


@played
async def test_in_the_sql_in_a_notice_and_in_an_error(desk: Desk) -> None:
    async with desk.open() as ui:
        for number, text in enumerate(tools.all_in_ci([*HOSTILE.values()], 4)):
            quoted = text.replace("'", "''").replace("%", "%%")
            desk.write(
                "0001_a.sql",
                f"/* {text} */ DO $q$ BEGIN\n"
                f"RAISE WARNING '{number} says {quoted}' USING DETAIL = 'd {quoted}';\n"
                f"RAISE EXCEPTION 'no {quoted}' USING ERRCODE = 'P0{number:03}',"
                f" HINT = 'h {quoted}', DETAIL = 'd {quoted}';\n"
                "END $q$;",
            )
            await ui.press("r")
            assert_harmless(ui)
            await ui.apply()
            assert f"WARNING: {number} says " in ui.log
            assert f"✗ ERROR P0{number:03}" in ui.detail
            assert_harmless(ui)


@EVERY_SHOWN
@played
async def test_in_the_ledger(desk: Desk, text: str) -> None:
    desk.write("0001_a.sql")
    desk.apply()
    with desk.database.connect() as conn:
        conn.execute(
            "UPDATE kb.schema_migrations SET success = false, checksum = %s, error_message = %s",
            (text[:60], f"{text}\n{text}\nDETAIL: {text}"),
        )
    async with desk.open() as ui:
        await look_everywhere(ui)


@pytest.mark.parametrize("text", ["[/foo]", "[b ", "\x1b[2J", "\u202e"])
@played
async def test_in_the_filter(desk: Desk, text: str) -> None:
    desk.write("0001_[b ].sql")
    async with desk.open() as ui:
        await ui.press("slash")
        box = ui.main.query_one("#filter")
        box.value = text  # type: ignore[attr-defined]  # an Input; a paste may hold anything
        await ui.settled()
        await ui.press("enter")
        assert "1 Pending" in ui.screen


@played
async def test_in_the_name_of_the_database(desk: Desk) -> None:
    name = f"{desk.database.name} [b \u202e"
    with desk.database.connect() as conn:
        conn.execute(f'CREATE DATABASE "{name}"'.encode())
        try:
            desk.options["dsn"] = f"{desk.database.conninfo} dbname='{name}'"
            async with desk.open() as ui:
                assert "[b \\u202E " in ui.rows[0]
                assert_harmless(ui)
        finally:
            conn.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


@played
async def test_in_the_folder_and_in_an_error_of_the_connection(desk: Desk) -> None:
    desk.folder = desk.folder / "[b \x1b[2J"
    async with desk.open() as ui:
        assert "[b \\x1B[2J" in ui.detail
        assert_harmless(ui)
    desk.options["dsn"] = "host='/nowhere/[/foo]\x1b[2J'"
    desk.folder.mkdir()
    async with desk.open() as ui:
        assert "[/foo]" in ui.detail
        assert_harmless(ui)


@EVERY
def test_lines_of_it_print_and_fold(text: str) -> None:
    for line in (*body(text), inline(text)):
        assert line.isprintable()
        for row in folded((("plain", line),), 40):
            assert width(row) <= 40
    assert all(part.isprintable() for line in highlight(text) for _, part in line)


def test_a_line_longer_than_any_screen_is_cut_and_says_so() -> None:
    (line,) = body("x" * (LONGEST + 5))
    assert line.endswith("x... (5 characters more)")


def test_folding_loses_no_word() -> None:
    line = (("plain", "  one two "), ("bad", "three-is-rather-long-for-it "), ("plain", "four"))
    rows = folded(line, 20)
    text = "".join(part for row in rows for _, part in row)
    assert text.replace(" ", "") == "onetwothree-is-rather-long-for-itfour"
    assert all(row[0] == ("plain", "  ") for row in rows[1:])
