"""What the bars say: the connection on top, and the run while there is one."""

import time

from schemamig_tui.engine.ledger.status import Status
from schemamig_tui.engine.watch import wording
from schemamig_tui.tui.lines import Line, Span, body, said
from schemamig_tui.tui.log_lines import SLOW
from schemamig_tui.tui.look import Server
from schemamig_tui.tui.run import Work
from schemamig_tui.tui.widgets.bars import Bar
from schemamig_tui.units import duration

_TRACK, _SHORTEST_TRACK = 30, 6


class TopBar(Bar, can_focus=False):
    """The database, its server, and how it was found; at the right what is applied."""

    def tell(
        self, server: Server | None, route: str, status: Status | None, trouble: str | None
    ) -> None:
        """Show where we are. ``trouble`` is what the connection has at the moment."""
        left: list[Span] = [("title", " schemamig "), ("plain", " ")]
        if trouble:
            left += [("bad", f"✗ {said(trouble)}"), ("plain", "  ")]
        elif server is None:
            left.append(("dim", "connecting ..."))
        if server:
            left += [
                ("strong", said(server.database)),
                ("dim", f" as {said(server.user)}"),
                ("plain", f"  PostgreSQL {said(server.version)}"),
            ]
        if route:
            left.append(("dim", f"  {said(route)}"))
        right: Line = ()
        if status and status.changed:
            right = (("warn", f"{len(status.changed):,} changed "),)
        if status and status.missing:
            right = (*right, ("warn", f"{len(status.missing):,} missing "))
        self.rows = [(tuple(left), right)]


class RunBar(Bar, can_focus=False):
    """A progress bar, and the statement that is running."""

    def tell(self, run: Work, sql: str | None) -> None:
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

    def _statement(self, run: Work, now: float, sql: str | None) -> tuple[Line, Line]:
        progress, file = run.progress, run.progress.file
        if progress.lost:
            return (("warn", f" {said(wording.server_awaited(progress.lost))}"),), ()
        if file is None:
            return (), ()
        ms = (now - progress.statement_began) * 1000
        number = min(progress.statement + 1, file.statements)
        left: Line = (
            ("plain", f" {said(file.name)}"),
            ("dim", f"  statement {number:,} of {file.statements:,}  "),
        )
        if sql:
            left = (*left, ("plain", body(sql)[0]))
        style = "warn" if ms >= SLOW else "dim"
        return left, ((style, f"{'slow: ' if ms >= 10 * SLOW else ''}{duration(ms)} "),)
