"""Shows every setting, its value, and what has given it."""

from schemamig_tui.settings import Settings
from schemamig_tui.text import cells
from schemamig_tui.tui.lines import Line
from schemamig_tui.tui.screens.dialogs import TextDialog
from schemamig_tui.tui.widgets.lines_view import LinesView


def settings_dialog(settings: Settings) -> TextDialog:
    """The dialog that shows the settings; secrets are masked."""
    from schemamig_tui.settings.shown import shown

    found = [*shown(settings)]
    longest = max(cells(name) for name, _, _ in found)
    lines: list[Line] = [
        (
            ("label", f"{name}{' ' * (longest - cells(name))}  "),
            ("plain", value) if value else ("dim", "not set"),
            ("dim", f"  ({source})"),
        )
        for name, value, source in found
    ]
    return TextDialog("Settings", LinesView(lines, fold=True), wide=True)
