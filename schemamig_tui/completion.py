"""Completes the command line in a shell: options of its parser, names of files and targets."""

import os
import re
from collections.abc import Mapping

from schemamig_tui.arguments import make_parser
from schemamig_tui.engine.script.files import migration_names
from schemamig_tui.errors import SchemamigError
from schemamig_tui.flags import ABOUT_ONE, DOCS
from schemamig_tui.settings import load
from schemamig_tui.settings.files import find

# bash expands the words that it is given to choose from: of a file `$(reboot).sql`, it would run
# what is in the brackets. Such names are left to be typed.
_HARMLESS = re.compile(r"[\w.+-]+")
_PATHS = ("env-file", "pause-file", "plan", "save-plan", "template", *DOCS)
_FOLDERS = ("dir", "embedded")
_TARGETS = ("target", "yes")
_MIGRATIONS = ("to", "only", *(name for name, (what, _) in ABOUT_ONE.items() if what == "FILE"))


def completion(wanted: str) -> str:
    """One of ``flags.COMPLETIONS``: a script for that shell, or names, one a line."""
    if wanted in ("files", "targets"):
        return "\n".join(filter(_HARMLESS.fullmatch, _names(wanted)))
    return _script(wanted)


def _names(wanted: str) -> list[str]:
    # Whoever presses tab wants to read no error in the middle of a line.
    try:
        if wanted == "targets":
            return sorted(find().targets)
        return migration_names(load({}, os.environ).directory)
    except SchemamigError:
        return []


def _script(shell: str) -> str:
    import shtab

    parser = make_parser()
    ours = f"{parser.prog} --completion"
    completed: Mapping[tuple[str, ...], object] = {
        _PATHS: shtab.FILE,
        _FOLDERS: shtab.DIRECTORY,
        _TARGETS: shtab.cmd(f"{ours} targets 2>/dev/null"),
        _MIGRATIONS: shtab.cmd(f"{ours} files 2>/dev/null"),
    }
    for action in parser._actions:
        for names, what in completed.items():
            if action.option_strings[0][2:] in names:
                action.complete = what  # type: ignore[attr-defined]  # where shtab looks for it
    script: str = shtab.complete(parser, shell)
    return script
