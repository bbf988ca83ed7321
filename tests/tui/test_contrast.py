"""That one can read everything on the screen in every theme: a contrast of 4.5:1."""

from collections.abc import Iterator

from rich.segment import Segment
from textual.color import Color
from textual.geometry import Region
from textual.notifications import SeverityLevel

from schemamig_tui.tui.palette import READABLE, contrast
from tests import tools
from tests.tui.conftest import Desk, Ui, played

SEVERITIES: tuple[SeverityLevel, ...] = ("information", "warning", "error")


def texts(ui: Ui, region: Region) -> Iterator[Segment]:
    """What is drawn in a part of the screen, without its frames and spaces."""
    for strip in ui.strips[region.y : region.bottom]:
        for segment in strip.crop(region.x, region.right):
            if any(char.isalnum() for char in segment.text):
                yield segment


def faint(ui: Ui, region: Region) -> set[str]:
    """The texts that are hard to read."""
    found = set()
    for text, style, _ in texts(ui, region):
        assert style, text
        color, ground = map(Color.from_rich_color, (style.color, style.bgcolor))
        # Colours are rounded to whole numbers when they are drawn.
        if contrast(color, ground) < READABLE - 0.1:
            found.add(f"{contrast(color, ground):.1f} {text.strip()} {color.hex} {ground.hex}")
    return found


@played
async def test_every_theme_can_be_read(desk: Desk) -> None:
    desk.write("0001_a.sql", "-- What it is for\nCREATE TABLE a (x INT DEFAULT 1, y TEXT);\n")
    desk.write("0002_b.sql", "SELECT 'no'::int;\n")
    desk.apply()
    desk.write("0003_c.sql", "BEGIN;\nCREATE INDEX ON a (x);\nCOMMIT;\n")
    async with desk.open(140, 40) as ui:
        themes = [name for name in ui.app.available_themes if not name.startswith("ansi")]
        assert len(themes) > 15
        await ui.press("3")
        unreadable = {}
        for theme in tools.all_in_ci(themes, 5):
            ui.app.theme = theme
            await ui.press("1", "2")
            seen = faint(ui, ui.app.screen.region)
            await ui.press("a")
            seen |= faint(ui, ui.app.screen.query_one(".dialog").region)
            await ui.press("escape", "question_mark")
            seen |= faint(ui, ui.app.screen.query_one(".dialog").region)
            await ui.press("escape", "slash", "x")
            for severity in SEVERITIES:
                ui.app.toast(f"A toast: {severity}", severity)
            await ui.settled()
            seen |= faint(ui, ui.app.screen.region)
            await ui.press("escape")
            ui.app.clear_notifications()
            if seen:
                unreadable[theme] = seen
        assert not unreadable
