"""Asks for a file to save something in, and says whether that is done."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

from schemamig_tui.errors import SchemamigError
from schemamig_tui.settings.values import read_path
from schemamig_tui.tui.announcing import announce, announce_failure
from schemamig_tui.tui.background import in_thread
from schemamig_tui.tui.base_app import BaseApp
from schemamig_tui.tui.screens.typed import TypedQuestion, refused_path
from schemamig_tui.tui.widgets.run_log import RunLog


class Saving(NamedTuple):
    """What is to be saved: its word, a sentence ``about`` it, and an ``example`` of a path.

    ``refuse`` returns why nothing is written to a path, or None. ``write`` does it, and returns
    what one should know of it, or None; it blocks, and raises SchemamigError.
    """

    word: str
    about: str
    example: str
    refuse: Callable[[Path], str | None]
    write: Callable[[Path], str | None]


def ask_to_save(app: BaseApp, log: RunLog, saving: Saving) -> None:
    """Ask for a file, and save it there."""

    def refuse(typed: str) -> str | None:
        if problem := refused_path(typed):
            return problem
        path = read_path(typed.strip())
        if not path.parent.is_dir():
            return f"There is no folder {path.parent}"
        return saving.refuse(path)

    def answered(typed: str | None) -> None:
        if typed is not None:
            path = read_path(typed.strip())
            app.work(f"save {saving.word}", _save, app, log, saving, path)

    question = TypedQuestion(
        f"Save the {saving.word}",
        [(("plain", saving.about),)],
        refuse,
        enter="saves it",
        placeholder=f"Its path, such as {saving.example}",
    )
    app.push_screen(question, answered)


async def _save(app: BaseApp, log: RunLog, saving: Saving, path: Path) -> None:
    try:
        remark = await in_thread(partial(saving.write, path))
    except SchemamigError as error:
        announce_failure(app, log, f"The {saving.word} is not saved", error)
    else:
        announce(app, log, f"The {saving.word} is saved: {path}")
        if remark:
            announce(app, log, remark, "warning")
