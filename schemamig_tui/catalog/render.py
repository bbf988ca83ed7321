"""Writes changes as the lines of a diff."""

from collections.abc import Iterable, Iterator

from schemamig_tui.catalog.changes import Change, Line, What, full_name
from schemamig_tui.text import visible

_SIGNS = {
    What.ADDED: "+",
    What.DROPPED: "-",
    What.CHANGED: "~",
    What.RENAMED: "~",
    What.UNSEEN: "~",
}


def render(changes: Iterable[Change]) -> tuple[Line, ...]:
    """The lines of a diff, with the changes of one table under its name; safe to show.

    A caller may colour them by sign; depth 0 is an object of its own, or the name of a table.
    """
    return tuple(
        line._replace(text=visible(line.text.expandtabs()).rstrip()) for line in _lines(changes)
    )


def text(lines: Iterable[Line]) -> str:
    """The lines as plain text: four spaces a level, each with a newline."""
    return "".join(
        f"{'    ' * line.depth}{line.sign} {line.text}".rstrip() + "\n" for line in lines
    )


def _lines(changes: Iterable[Change]) -> Iterator[Line]:
    heading = None
    for change in changes:
        own = full_name(change.kind, change.name)
        depth = 0
        if change.parent:
            depth = 1
            if change.parent != heading:
                heading = change.parent
                yield Line("~", 0, heading)
        details = change.details
        if change.what is not What.CHANGED or own != heading:
            words, details = _heading(change, own)
            yield Line(_SIGNS[change.what], depth, words)
        if not change.parent:
            heading = own
        yield from (line._replace(depth=depth + 1 + line.depth) for line in details)


def _heading(change: Change, own: str) -> tuple[str, tuple[Line, ...]]:
    """The line for the object itself, and the details that go below it."""
    scope = "cluster-wide " if change.cluster_wide else ""
    own = scope + own
    match change.what, change.details:
        case What.RENAMED, _:
            return f"{scope}{change.kind} {change.was} renamed to {change.name}", ()
        case What.UNSEEN, _:
            return f"{own}: changes that cannot be shown", ()
        case What.CHANGED, (Line(" ", _, words),):
            return f"{own}: {words}", ()
    return f"{own} {change.summary}", change.details
