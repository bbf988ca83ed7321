"""The keys as their user has set them: the table [tool.schemamig-tui.keys] over ``keys``."""

import re
from collections.abc import Iterator, Mapping

from textual.keys import Keys

from schemamig_tui.errors import SettingsError
from schemamig_tui.spelling import did_you_mean
from schemamig_tui.text import visible
from schemamig_tui.tui import keys
from schemamig_tui.tui.keys import Where

# What is bound at the same time; a list of blockers is on a screen of its own.
_TOGETHER: tuple[tuple[Where, ...], ...] = (
    ("main", "list"),
    ("main", "view"),
    ("view", "findings"),
    ("list", "blockers"),
    ("filter",),
)
_ONE_CHARACTER = re.compile(r"((ctrl|alt|shift|super)\+)*[^\s,]")


def checked(given: Mapping[str, str], where: str) -> dict[str, str]:
    """The keys by the id of what they do, several with commas, as Textual takes them.

    Raises SettingsError for an id that there is not, for what is no key, and for a key that means
    two things in one place; ``where`` is what its message begins with.
    """
    table = {key.id: key for group in keys.GROUPS.values() for key in group}
    keymap: dict[str, str] = {}
    for name, text in given.items():
        if name not in table:
            raise SettingsError(
                f"{where} {visible(name)} is not the id of a key",
                hint=did_you_mean(name, table) or f"the ids are {', '.join(table)}",
            )
        names = [one.strip() for one in text.split(",")]
        for one in names:
            if not _is_key(one):
                raise SettingsError(
                    f"{where} {name}: {visible(one)!r} is no key",
                    hint="a key is a character, or a name such as f5, ctrl+g, comma or full_stop",
                )
        keymap[name] = ",".join(names)
    for one, other, key_name in _doubles(table, keymap):
        raise SettingsError(
            f"{where} {visible(key_name)} would mean two things: {one} and {other}",
            hint=f'give one of them another key, such as {other} = "f5"',
        )
    return keymap


def _doubles(
    table: Mapping[str, keys.Key], keymap: Mapping[str, str]
) -> Iterator[tuple[str, str, str]]:
    """What has the same key in one place, where one of both was set by the user."""
    for places in _TOGETHER:
        taken: dict[str, str] = {}
        for key in table.values():
            if key.where in places:
                for name in keymap.get(key.id, key.keys).split(","):
                    name = keys.name_of(name)
                    other = taken.setdefault(name, key.id)
                    if other != key.id and not keymap.keys().isdisjoint((key.id, other)):
                        yield other, key.id, name


def _is_key(name: str) -> bool:
    known = {key.value for key in Keys} | keys.NAMES.keys()
    return name in known or bool(_ONE_CHARACTER.fullmatch(name))
