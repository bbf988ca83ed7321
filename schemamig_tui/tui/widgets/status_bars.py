"""The bars on top (the database) and above the log (the run while there is one)."""

import time

from schemamig_tui.connect import Identity
from schemamig_tui.engine import wording
from schemamig_tui.tui.database import database_line
from schemamig_tui.tui.engine_thread import EngineThread
from schemamig_tui.tui.lines import Line, Span, body, inline, shortened, width
from schemamig_tui.tui.log_lines import SLOW
from schemamig_tui.tui.looking import Looking
from schemamig_tui.tui.widgets.bars import Bar
from schemamig_tui.units import duration

_TRACK, _SHORTEST_TRACK = 30, 6
_WIDEST = 10_000
_MARGIN: Span = ("plain", " ")


class TopBar(Bar, can_focus=False):
    """The database, or how it is looked for; at the right what is odd about its migrations.

    It begins with the target that was chosen, in its colour. Where there is little room, the name
    of the database is the last to be cut.
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._database: Identity | None = None
        self._state: Line = ()
        self._remarks: Line = ()
        self._title: Line = (("title", " schemamig "), ("plain", " "))
        self.read_only = False
        """Whether to say that nothing will be written."""

    def name_target(self, name: str, color: str | None) -> None:
        """Name the target from now on."""
        style = f"title-{color}" if color else "title"
        self._title = ((style, f" {inline(name)} "), ("plain", " "))

    def show(self, looking: Looking, problem: str | None) -> None:
        """Show the database, or the way to it; ``problem`` is what is wrong at the moment."""
        self._database, survey = looking.database, looking.latest
        self._state = (("bad", f"✗ {inline(problem)}"), ("plain", "  ")) if problem else ()
        if self._database is None:
            still = () if problem else (("dim", "connecting ..."),)
            self._state = (*self._state, *still, ("dim", f"  {inline(looking.route)}"))
        changed = len(survey.status.changed) if survey else 0
        missing = len(survey.status.missing) if survey else 0
        counts = {f"{changed:,} changed ": changed, f"{missing:,} missing ": missing}
        self._remarks = tuple(("warn", text) for text, count in counts.items() if count)
        self.refresh()

    def row(self, y: int) -> tuple[Line, Line]:
        """The one row, as it fits into the width of the moment."""
        always: Line = (("warn", "read-only "),) if self.read_only else ()
        if self._database is None:
            return (*self._title, *self._state), (*self._remarks, *always)
        whole = database_line(self._database, _WIDEST)  # its name, its address, the role ...
        title, state, remarks = self._title, self._state, (*self._remarks, *always)
        for left, right, wanted in (
            ((*title, *state), remarks, whole[:3]),
            ((_MARGIN, *state), remarks, whole[:2]),
            ((_MARGIN, *state), always, whole[:2]),
            ((_MARGIN, *_marked(state)), always, ()),
        ):
            room = self.size.width - width((*left, *right))
            if room > width(wanted):
                break
        return (*left, *database_line(self._database, room - bool(right))), right


def _marked(state: Line) -> Line:
    """The mark of a problem, without its words."""
    return tuple((style, text[:2]) for style, text in state[:1])


class RunBar(Bar, can_focus=False):
    """A progress bar, and the statement that is running."""

    def show(self, run: EngineThread, sql: str | None, *, batches: bool = False) -> None:
        """Show how far the run is; ``sql`` is the text of a statement that takes its time.

        One that runs in ``batches`` is not slow: it is meant to.
        """
        progress = run.progress
        now = time.monotonic()
        track = max(_SHORTEST_TRACK, min(_TRACK, self.size.width - 40))
        done = round(progress.fraction * track)
        state: Span = ("accent", f"▶ {run.doing} " if run.doing else "▶ ")
        if run.cancelled:
            state = ("warn", "cancelling ")
        elif progress.lost:
            state = ("warn", "connection lost ")
        elif progress.awaited:
            state = ("warn", "waiting for another run ")
        elif progress.retried:
            state = ("warn", "trying again soon ")
        count = f" {progress.applied:,}/{progress.total:,}" if progress.total else ""
        left = (
            ("plain", " "),
            state,
            ("good", "━" * done),
            ("dim", "─" * (track - done)),
            ("strong", count),
        )
        right = (("plain", f"{duration((now - run.began) * 1000)} "),)
        self.rows = [(left, right), self._statement(run, now, sql, batches)]

    def _statement(
        self, run: EngineThread, now: float, sql: str | None, batches: bool
    ) -> tuple[Line, Line]:
        progress, file = run.progress, run.progress.file
        if progress.lost:
            return (("warn", f" {inline(wording.server_awaited(progress.lost))}"),), ()
        if file is None:
            waits = not (progress.has_begun or progress.awaited or progress.retried)
            if waits and (now - run.began) * 1000 >= SLOW:
                return (("warn", f" No file has begun yet: {run.at_first}"),), ()
            return (), ()
        ms = (now - progress.statement_began) * 1000
        number = min(progress.statement + 1, file.statements)
        name = shortened(inline(file.name), self.size.width // 2)
        left: Line = (
            ("plain", f" {name}"),
            ("dim", f"  statement {number:,} of {file.statements:,}  "),
        )
        if sql:
            left = (*left, ("plain", body(sql)[0]))
        style = "warn" if ms >= SLOW and not batches else "dim"
        slow = "slow: " if ms >= 10 * SLOW and not batches else ""
        return left, ((style, f"{slow}{duration(ms)} "),)
