"""The view of a plan. It reads the files one after the other and fills itself meanwhile."""

import asyncio
from collections.abc import Sequence
from functools import partial

from schemamig_tui.engine import Migration
from schemamig_tui.tui.background import in_thread
from schemamig_tui.tui.lines import Line
from schemamig_tui.tui.looking import Looking
from schemamig_tui.tui.plans import advice, names, plan, refusal, total
from schemamig_tui.tui.widgets.lines_view import LinesView

_AT_ONCE = 50


class PlanView(LinesView):
    """The migrations that would run: their names at once, then advice, and how each is run.

    ``preface`` are the lines above all that.
    """

    def __init__(
        self, todo: Sequence[Migration], looking: Looking, preface: Sequence[Line] = ()
    ) -> None:
        self._todo, self._looking, self._preface = todo, looking, preface
        self._advice: list[Line] = []
        self._planned: list[Line] = []
        self._read = self._refused = 0
        super().__init__(self._all(), fold=True)

    def on_mount(self) -> None:
        """Begin to read the files and to ask the database."""
        self.run_worker(self._fill(), group="plan")

    def _all(self) -> list[Line]:
        refused = [refusal(self._refused)] if self._refused else []
        about = [*refused, total(self._todo), *self._advice]
        return [*self._preface, *about, (), *self._planned, *names(self._todo[self._read :])]

    async def _fill(self) -> None:
        await asyncio.gather(self._plan(), self._advise())

    async def _plan(self) -> None:
        standard = self._looking.standard_strings
        for start in range(0, len(self._todo), _AT_ONCE):
            some = self._todo[start : start + _AT_ONCE]
            lines, refused = await in_thread(partial(plan, some, standard_strings=standard))
            self._planned += lines
            self._refused += refused
            self._read = start + len(some)
            self.show(self._all(), keep_place=True, fold=True)

    async def _advise(self) -> None:
        if self._looking.target is not None:
            connect, standard = self._looking.target.connect, self._looking.standard_strings
            work = partial(advice, self._todo, connect, standard_strings=standard)
            self._advice = await in_thread(work)
            self.show(self._all(), keep_place=True, fold=True)
