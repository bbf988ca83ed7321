"""The bars on top (the database) and above the log (the run while there is one)."""

import time

from schemamig_tui.engine import wording
from schemamig_tui.tui.engine_thread import EngineThread
from schemamig_tui.tui.lines import Line, Span, body, inline
from schemamig_tui.tui.log_lines import SLOW
from schemamig_tui.tui.status_poller import Survey
from schemamig_tui.tui.widgets.bars import Bar
from schemamig_tui.units import duration

_TRACK, _SHORTEST_TRACK = 30, 6


class TopBar(Bar, can_focus=False):
    """The database, its server, and how it was found; at the right what is applied."""

    def show(self, survey: Survey | None, route: str, problem: str | None) -> None:
        """Show the database of ``survey``; ``problem`` is what is wrong with it at the moment."""
        server, status = (survey.server, survey.status) if survey else (None, None)
        left: list[Span] = [("title", " schemamig "), ("plain", " ")]
        if problem:
            left += [("bad", f"✗ {inline(problem)}"), ("plain", "  ")]
        elif server is None:
            left.append(("dim", "connecting ..."))
        if server:
            left += [
                ("strong", inline(server.database)),
                ("dim", f" as {inline(server.user)}"),
                ("plain", f"  PostgreSQL {inline(server.version)}"),
            ]
        if route:
            left.append(("dim", f"  {inline(route)}"))
        right: Line = ()
        if status and status.changed:
            right = (("warn", f"{len(status.changed):,} changed "),)
        if status and status.missing:
            right = (*right, ("warn", f"{len(status.missing):,} missing "))
        self.rows = [(tuple(left), right)]


class RunBar(Bar, can_focus=False):
    """A progress bar, and the statement that is running."""

    def show(self, run: EngineThread, sql: str | None) -> None:
        """Show how far the run is; ``sql`` is the text of a statement that takes its time."""
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
        self.rows = [(left, right), self._statement(run, now, sql)]

    def _statement(self, run: EngineThread, now: float, sql: str | None) -> tuple[Line, Line]:
        progress, file = run.progress, run.progress.file
        if progress.lost:
            return (("warn", f" {inline(wording.server_awaited(progress.lost))}"),), ()
        if file is None:
            return (), ()
        ms = (now - progress.statement_began) * 1000
        number = min(progress.statement + 1, file.statements)
        left: Line = (
            ("plain", f" {inline(file.name)}"),
            ("dim", f"  statement {number:,} of {file.statements:,}  "),
        )
        if sql:
            left = (*left, ("plain", body(sql)[0]))
        style = "warn" if ms >= SLOW else "dim"
        return left, ((style, f"{'slow: ' if ms >= 10 * SLOW else ''}{duration(ms)} "),)
