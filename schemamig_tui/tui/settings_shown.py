"""Shows every setting, its value, and what has given it."""

from schemamig_tui.settings import Settings
from schemamig_tui.tui.lines import Line
from schemamig_tui.tui.screens.dialogs import TextDialog
from schemamig_tui.tui.widgets.lines_view import LinesView


def settings_dialog(settings: Settings) -> TextDialog:
    """The dialog that shows the settings; secrets are masked."""
    from schemamig_tui.settings.shown import shown

    lines: list[Line] = [
        (
            ("label", f"{name}  "),
            ("plain" if value else "dim", value or "not set"),
            ("dim", f"  {source}"),
        )
        for name, value, source in shown(settings)
    ]
    return TextDialog("Settings", LinesView(lines, fold=True), wide=True)
