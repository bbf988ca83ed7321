"""Writes sentences about what was seen of the server, for all reports; they are safe to show."""

from collections.abc import Sequence

from schemamig_tui.engine.activity import Activity, Blocked, ServerProgress, Victims
from schemamig_tui.engine.events import ServerAwaited, Session
from schemamig_tui.text import some_names, visible
from schemamig_tui.units import first, lasting, plural

_LONGEST_QUERY = 120


LOST = (
    "the server has crashed, a standby has taken over that lagged behind, or somebody has deleted"
    " the rows"
)
"""Why the ledger may not hold any more what this run has applied."""


def forgotten(names: Sequence[str]) -> str:
    """The warning that rows are gone from the ledger which earlier runs have written."""
    they = "it, so that it is" if len(names) == 1 else "them, so that they are"
    return (
        f"Gone from the ledger, though an earlier run has applied {they} pending again:"
        f" {some_names(names)}. --mark-applied records what need not run again."
    )


def holder(session: Session | None) -> str:
    """The session that holds the run lock."""
    if session is None:
        return "its session cannot be seen"
    client = f" from {session.client}" if session.client else ""
    who = f"{session.application or 'a program'} of {session.user}{client}"
    return visible(f"{who}, pid {session.pid}, connected since {session.since}")


def server_awaited(event: ServerAwaited) -> str:
    """The sentence that the run waits for the server: for how long at the most, and why."""
    return visible(f"Waiting up to {event.seconds:.0f} s for the server: {event.reason}")


def session(activity: Activity) -> str:
    """The session and its state, without its query."""
    if not activity.pid:
        return visible(f"the prepared transaction {activity.application} of {activity.user}")
    client = f" from {activity.client}" if activity.client else ""
    of = f" of {activity.user}" if activity.user else ""  # the server's own processes have none
    who = f"pid {activity.pid}, {activity.application or 'a program'}{of}{client}"
    parts = [who, activity.state]
    if activity.waiting_s is not None:
        parts.append(f"waiting for {lasting(activity.waiting_s)}")
    if activity.transaction_s is not None:
        parts.append(f"transaction of {lasting(activity.transaction_s)}")
    return visible(", ".join(filter(None, parts)))


def query_head(query: str) -> str:
    """The beginning of a query, on one line."""
    text = " ".join(query[: 4 * _LONGEST_QUERY].split())
    if len(text) > _LONGEST_QUERY:
        text = text[: _LONGEST_QUERY - 3] + "..."
    return visible(text)


def blocked(seen: Blocked) -> str:
    """The lock that is waited for, and for how long, where that is known."""
    lasts = f" for {lasting(seen.seconds)}" if seen.seconds else ""
    return visible(f"blocked{lasts}: {seen.lock} on {seen.on}")


def had_lock(seen: Blocked) -> str:
    """The lock that was waited for in vain and, one on each line, who held it."""
    first = visible(f"It waited for {seen.lock} on {seen.on}, behind:")
    return "\n".join([first, *map(session, seen.by)])


def kept(statements: int) -> str:
    """What of a failed file without a transaction stays, in words."""
    return f"Its {first(statements, 'statement')} {'stays' if statements == 1 else 'stay'} applied"


def victims(seen: Victims) -> str:
    """How many sessions wait behind the run."""
    wait, longest = ("waits", "for") if seen.count == 1 else ("wait", "the longest for")
    who = plural(seen.count, "session")
    return f"{who} {wait} behind this statement, {longest} {lasting(seen.longest_s)}"


def progress(seen: ServerProgress) -> str:
    """The phase of a command, and its progress as far as the server knows it."""
    on = f" on {seen.relation}" if seen.relation else ""
    text = f"{seen.command}{on}: {seen.phase}"
    if seen.total:
        percent = min(100, 100 * seen.done // seen.total)
        text += f", {seen.done:,} of {seen.total:,} {seen.unit} ({percent} %)"
    elif seen.done:
        text += f", {seen.done:,} {seen.unit}"
    return visible(text)
