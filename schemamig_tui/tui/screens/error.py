"""A dialog that shows why something could not be done, and the way out."""

from schemamig_tui.errors import SchemamigError
from schemamig_tui.tui.screens.dialogs import TextDialog
from schemamig_tui.tui.states import error_lines
from schemamig_tui.tui.widgets.lines_view import LinesView


def error_dialog(title: str, error: SchemamigError) -> TextDialog:
    """The dialog for an error of what ``title`` names."""
    return TextDialog(title, LinesView(error_lines(error), fold=True), wide=True)
