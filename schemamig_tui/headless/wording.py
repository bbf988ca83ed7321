"""Writes sentences that several reports for people have in common."""

from schemamig_tui.text import visible
from schemamig_tui.units import plural

WRITTEN_SINCE = "recorded when it was empty, has statements now"


def nothing_to_do(applied: int | None, to: str | None, unwritten: int = 0, waiting: int = 0) -> str:
    """The sentence for a run, or a plan of one, that has nothing to apply.

    ``unwritten`` counts the pending files that are left because nobody has written them yet,
    ``waiting`` those that wait for others, or for somebody to run them.
    """
    until = f" up to {visible(to)}" if to else ""
    count = f" ({plural(applied, 'migration')} applied)" if applied is not None else ""
    pending = "no migration is pending"
    if unwritten:
        pending = f"{plural(unwritten, 'pending migration')} not written yet"
    if waiting:
        pending = f"{plural(waiting, 'migration')} pending for later"
    return f"Nothing to do: {pending}{until}{count}."
