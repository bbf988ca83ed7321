"""The settings that variables give: ``SCHEMAMIG_LOCK_TIMEOUT``, and NO_COLOR."""

import re
from collections.abc import Iterator, Mapping

from schemamig_tui.settings.values import SETTINGS, Given, read
from schemamig_tui.spelling import nearest
from schemamig_tui.text import visible

_PREFIX = "SCHEMAMIG_"
# They are read where they are used.
_OTHER_VARIABLES = ("PG_BINDIR", "DEBUG")


def from_environment(environ: Mapping[str, str], origin: Mapping[str, str]) -> Given:
    """What the variables give. ``origin`` says of some of them where they come from.

    Raises SettingsError.
    """
    given: dict[str, object] = {
        name: environ.get(variable(name)) or None for name in SETTINGS.keys() - {"color"}
    }
    given["color"] = False if environ.get("NO_COLOR") else None  # https://no-color.org

    def spell(name: str) -> str:
        spelled = "NO_COLOR" if name == "color" else variable(name)
        return f"{origin[spelled]}: {spelled}" if spelled in origin else spelled

    return read(given, spell)


def unknown_variables(environ: Mapping[str, str]) -> Iterator[str]:
    """A warning of each variable that looks like one of ours, and is none. No value is shown."""
    known = [variable(name).removeprefix(_PREFIX) for name in SETTINGS if name != "color"]
    for name, value in sorted(environ.items()):
        ours, _, rest = name.partition(_PREFIX)
        if value and not ours and rest and rest not in (*known, *_OTHER_VARIABLES):
            meant = nearest(rest, known)
            hint = f". Did you mean {_PREFIX}{meant}?" if meant else ""
            yield f"{visible(name)} is not a setting, and not used{hint}"


def variable(name: str) -> str:
    """The variable of a setting."""
    return _PREFIX + re.sub("[.-]", "_", name).upper()
