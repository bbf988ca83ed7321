"""The bar that shows the server's progress, who blocks the run, and who waits behind it."""

from collections.abc import Sequence

from schemamig_tui.engine import wording
from schemamig_tui.engine.activity import Activity, ServerProgress
from schemamig_tui.tui.insight import Insight
from schemamig_tui.tui.keys import key_of
from schemamig_tui.tui.lines import Line, folded, inline, sentence
from schemamig_tui.tui.widgets.bars import Bar
from schemamig_tui.units import lasting

_TRACK, _SHORT_TRACK = 20, 6
_WIDE = 70  # columns from which on there is room for the long one
_MOST_ROWS = 2  # for who it is


class InsightBar(Bar, can_focus=False):
    """Shows the insight into a run in as many rows as needed; most of the time in none."""

    def show(self, insight: Insight, now: float) -> None:
        """Show the state at the moment ``now`` (``time.monotonic``)."""
        rows = insight_rows(insight, now, self.app.size.width)
        if insight.server and self.screen.has_class("-low"):  # there is room for one
            rows = rows[1:2] or rows
        self.fit(rows)


def insight_rows(insight: Insight, now: float, columns: int) -> list[tuple[Line, Line]]:
    """The rows of a bar of so many columns."""
    rows: list[tuple[Line, Line]] = []
    shows_them: Line = (("key", f"{key_of('blockers')} "), ("plain", "shows them "))
    if insight.server:
        rows.append(_server(insight.server, insight.left(now), columns))
    blocked, waits_for = insight.blocked(now), insight.waits_for(now)
    if insight.awaited:
        rows.append((_marked("warn", "waits for another run to end"), shows_them))
        rows += _sessions("of", insight.other_run, columns)
    if blocked:
        rows.append((_marked("bad", wording.blocked(blocked)), shows_them))
        rows += _sessions("by", blocked.by, columns)
    elif waits_for:
        rows.append((_marked("bad", "waits until their transactions end"), shows_them))
        rows += _sessions("of", waits_for, columns)
    if victims := insight.victims(now):
        # The key is named once; it shows all of them.
        act = () if blocked or waits_for else shows_them
        rows.append((_marked("warn", wording.victims(victims)), act))
    return rows


def _server(seen: ServerProgress, left: float | None, columns: int) -> tuple[Line, Line]:
    on = f" on {seen.relation}" if seen.relation else ""
    what: Line = (
        ("plain", f" {inline(f'{seen.command}{on}')}"),
        ("dim", f"  {inline(seen.phase)}"),
    )
    count = f"{seen.done:,}"
    if not seen.total:
        # How much there is to do is unknown, and a bar would claim to know it.
        return what, (("plain", f"{count} {inline(seen.unit)} so far "),) if seen.done else ()
    part = min(1.0, seen.done / seen.total)
    track = _TRACK if columns >= _WIDE else _SHORT_TRACK
    filled = round(part * track)
    what = (*what, ("dim", f"  {count} of {seen.total:,} {inline(seen.unit)}"))
    rest = f"  {lasting(left)} left" if left is not None else ""
    return what, (
        ("accent", "━" * filled),
        ("dim", "─" * (track - filled)),
        ("strong", f" {min(100, 100 * seen.done // seen.total):>3} %"),
        ("plain", f"{rest} "),
    )


def _marked(style: str, text: str) -> Line:
    return ((style, f" ■ {sentence(text)}"),)


def _sessions(link: str, sessions: Sequence[Activity], columns: int) -> list[tuple[Line, Line]]:
    if not sessions:
        return []
    more = f", and {len(sessions) - 1:,} more" if len(sessions) > 1 else ""
    who: Line = (("plain", f"   {link} {inline(wording.session(sessions[0]))}{more}"),)
    return [(row, ()) for row in folded(who, columns)[:_MOST_ROWS]]
