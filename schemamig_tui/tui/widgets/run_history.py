"""The view of the runs of the past, which follows the ledger."""

from schemamig_tui.engine import Status
from schemamig_tui.tui.past_runs import past_run_lines
from schemamig_tui.tui.widgets.lines_view import LinesView

_MARGINS = 8  # of the dialog, its frame and its padding


class RunHistory(LinesView):
    """Shows the runs of a status, and those of a later one."""

    def __init__(self, status: Status) -> None:
        super().__init__(fold=True)
        self._status = status

    def follow(self, status: Status) -> None:
        """Show the runs of ``status``, if that is a later one."""
        if status is not self._status:
            self._status = status
            self._arrange()

    def _arrange(self) -> None:
        rows = [one.row for one in self._status.migrations if one.row]
        self.lines = past_run_lines(rows, max(1, self.app.size.width * 9 // 10 - _MARGINS))
        super()._arrange()
