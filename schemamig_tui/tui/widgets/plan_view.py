"""What a run would do. It is known file by file, so the view fills itself."""

from collections.abc import Sequence
from functools import partial

from schemamig_tui.engine.status import Migration
from schemamig_tui.tui.background import in_thread
from schemamig_tui.tui.lines import Line
from schemamig_tui.tui.plans import names, plan, total
from schemamig_tui.tui.widgets.lines_view import LinesView

_AT_ONCE = 50


class PlanView(LinesView):
    """The migrations that would run, their names at once, then how each of them is run."""

    def __init__(self, todo: Sequence[Migration], *, standard_strings: bool) -> None:
        super().__init__([total(todo), (), *names(todo)], fold=True)
        self._todo = todo
        self._standard_strings = standard_strings

    def on_mount(self) -> None:
        """Begin to read the files."""
        super().on_mount()
        self.run_worker(self._read(), group="plan")

    async def _read(self) -> None:
        planned: list[Line] = []
        for start in range(0, len(self._todo), _AT_ONCE):
            some = self._todo[start : start + _AT_ONCE]
            planned += await in_thread(partial(plan, some, standard_strings=self._standard_strings))
            rest = names(self._todo[start + _AT_ONCE :])
            self.show([total(self._todo), (), *planned, *rest], keep_place=True, fold=True)
