"""Sentences that several reports for people have in common."""

from schemamig_tui.text import visible
from schemamig_tui.units import plural


def nothing_to_do(applied: int | None, to: str | None) -> str:
    """The sentence for a run, or a plan of one, that has nothing to apply."""
    until = f" up to {visible(to)}" if to else ""
    count = f" ({plural(applied, 'migration')} applied)" if applied is not None else ""
    return f"Nothing to do: no migration is pending{until}{count}."
