"""Asks for the name of a protected target before anything is written to it."""

from collections.abc import Callable

from schemamig_tui.connect import Identity
from schemamig_tui.settings import Settings
from schemamig_tui.tui.base_app import BaseApp
from schemamig_tui.tui.lines import Line, inline
from schemamig_tui.tui.screens.typed import TypedQuestion


def ask_for_target(
    app: BaseApp, settings: Settings, database: Identity | None, write: Callable[[], None]
) -> None:
    """Call ``write``: at once, or for a protected target when its name has been typed."""
    name = settings.target
    if not settings.protected or name is None:
        write()
        return
    lines: list[Line] = [
        (
            ("plain", "Type "),
            ("strong", inline(name)),
            ("plain", " if it is meant."),
        )
    ]

    def refuse(typed: str) -> str | None:
        return None if typed.strip() == name else "That is not its name"

    def answered(typed: str | None) -> None:
        if typed is not None:
            write()

    question = TypedQuestion(
        "The target is protected",
        lines,
        refuse,
        enter="goes on",
        placeholder="Its name",
        database=database,
    )
    app.push_screen(question, answered)
