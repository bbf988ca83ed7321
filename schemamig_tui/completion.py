"""Completes the command line in a shell: options of its parser, names of files and targets."""

import os
import re
from collections.abc import Mapping

from schemamig_tui.arguments import make_parser
from schemamig_tui.engine.script.files import migration_names
from schemamig_tui.errors import SchemamigError, SettingsError
from schemamig_tui.flags import ABOUT_ONE, DOCS, SHELLS
from schemamig_tui.settings import load
from schemamig_tui.settings.files import find
from schemamig_tui.text import visible

# bash expands the words that it is given to choose from: of a file `$(reboot).sql`, it would run
# what is in the brackets. Such names are left to be typed.
_HARMLESS = re.compile(r"[\w.+-]+")
_PATHS = ("env-file", "pause-file", "plan", "save-plan", "template", *DOCS)
_FOLDERS = ("dir", "embedded")
_TARGETS = ("target", "yes")
_MIGRATIONS = ("to", "only", *(name for name, (what, _) in ABOUT_ONE.items() if what == "FILE"))


def completion(wanted: str) -> str:
    """A script for a shell, or the ``files`` or ``targets`` that such a script asks for.

    Names come one a line. Raises SettingsError for a shell that there is no script for.
    """
    if wanted in ("files", "targets"):
        return "\n".join(filter(_HARMLESS.fullmatch, _names(wanted)))
    if wanted not in SHELLS:
        raise SettingsError(f"--completion is {visible(wanted)!r}, but has to be bash, zsh or fish")
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
        if action.dest == "completion":
            action.choices = SHELLS
        for names, what in completed.items():
            if action.option_strings[0][2:] in names:
                action.complete = what  # type: ignore[attr-defined]  # where shtab looks for it
    script: str = shtab.complete(parser, shell)
    return script
