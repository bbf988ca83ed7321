"""The name of a new migration: after the convention of its folder, and behind its newest file."""

import os
import re
import unicodedata
from collections.abc import Iterator, Sequence
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from schemamig_tui.engine.script.names import NAME_LENGTH
from schemamig_tui.errors import SettingsError
from schemamig_tui.text import visible


class PrefixStyle(StrEnum):
    """How the names of a folder begin."""

    PLAIN = "YYYYMMDD"
    DASHED = "YYYY-MM-DD"
    NUMBER = "NNNN"


class NewName(NamedTuple):
    """The name of a new file, and what is odd about it, if anything is."""

    name: str
    warning: str | None = None


# Other tools write a time of day behind the date or a hyphen behind the number, and count in three
# digits or in five.
_PREFIXES = {
    PrefixStyle.PLAIN: re.compile(
        r"(\d{4})(\d\d)(\d\d)[a-z]?_|((?:19|20)\d\d)(0\d|1[0-2])([0-3]\d)\d{4,9}[_-]"
    ),
    PrefixStyle.DASHED: re.compile(
        r"(\d{4})-(\d\d)-(\d\d)(?:[a-z]?_|-(?:\d{4,9}(?:-\d{4})?[_-])?)"
    ),
    PrefixStyle.NUMBER: re.compile(r"(\d{1,6})[a-z]?(?:_|-(?!\d\d-\d\d))"),
}
# Behind the date: sorted behind all that have the date alone, and before the next day.
_LETTERS = "bcdefghijklmnopqrstuvwxyz"


def slug(title: str) -> str:
    """What a title is in the name of a file: ``add_user_preferences``.

    Lower case, with an underscore in the place of everything but letters and digits. Accents on
    Latin letters go, as file systems do not agree on how to write them; other scripts stay. Raises
    SettingsError where nothing is left, or too much.
    """
    text = unicodedata.normalize("NFC", title.removesuffix(".sql"))
    folded = "".join(map(_plain, text)).casefold()
    words = "".join(char if _belongs_to_word(char) else " " for char in folded).split()
    if not words:
        raise SettingsError(
            f"{visible(title)!r} gives no name for a migration",
            hint='give a title with letters or digits, such as --new "add user preferences"',
        )
    return "_".join(words)


def next_name(
    names: Sequence[str], title: str, today: date, style: PrefixStyle | None = None
) -> NewName:
    """The name of a new file with this title, in a folder that has these ``names``.

    Its style is ``style``, or that of the newest file which has one, or else YYYYMMDD. It sorts
    behind all others: a day's second file gets a letter behind its date where its name alone would
    not do. Raises SettingsError for a title that gives no name, and where no such name sorts last.
    """
    newest = max(names, key=os.fsencode, default=None)
    style = style or _style_of(names)
    described = slug(title)
    first, *_ = prefixes = list(_candidates(style, names, today))
    for prefix in prefixes:
        name = f"{prefix}_{described}.sql"
        if newest is None or os.fsencode(name) > os.fsencode(newest):
            break
    else:
        assert newest is not None
        raise SettingsError(
            f"no name that begins with {style}_ sorts behind {visible(newest)}, the last file",
            hint="rename that file, or write the new one by hand",
        )
    if len(name) > NAME_LENGTH or len(name.encode()) > NAME_LENGTH:
        raise SettingsError(
            f"the title is too long: the name of the file would have {len(name.encode())} bytes",
            hint=f"the name of a file has at most {NAME_LENGTH}; say the rest in its comment",
        )
    if style is not PrefixStyle.NUMBER and first != _dated(style, today):
        assert newest is not None
        return NewName(
            name, f"{visible(newest)} has a date to come; the new file has it too, to run behind it"
        )
    return NewName(name)


def description(name: str) -> str:
    """The name of a migration without its prefix and suffix: ``add_user_preferences``."""
    for pattern in _PREFIXES.values():
        if found := pattern.match(name):
            name = name[found.end() :]
            break
    return name.removesuffix(".sql")


def _plain(char: str) -> str:
    """A Latin letter without its accents, anything else as it is."""
    base = unicodedata.normalize("NFKD", char)
    if not base[0].isascii():
        return char
    return "".join(part for part in base if not unicodedata.combining(part))


def _belongs_to_word(char: str) -> bool:
    """Letters, digits, and the signs that other scripts put on letters."""
    return char.isalnum() or unicodedata.category(char).startswith("M")


def _style_of(names: Sequence[str]) -> PrefixStyle:
    for name in sorted(names, key=os.fsencode, reverse=True):
        for style, pattern in _PREFIXES.items():
            if pattern.match(name):
                return style
    return PrefixStyle.PLAIN


def _candidates(style: PrefixStyle, names: Sequence[str], today: date) -> Iterator[str]:
    """What the name may begin with, the best first."""
    matches = [found for name in names if (found := _PREFIXES[style].match(name))]
    if style is PrefixStyle.NUMBER:
        last = max((found[1] for found in matches), key=int, default="0000")
        yield f"{int(last) + 1:0{len(last)}}"
    else:
        last = max([_dated(style, today), *(_date_of(found, style) for found in matches)])
        yield last
    yield from (last + letter for letter in _LETTERS)


def _dated(style: PrefixStyle, day: date) -> str:
    return day.strftime("%Y%m%d" if style is PrefixStyle.PLAIN else "%Y-%m-%d")


def _date_of(found: re.Match[str], style: PrefixStyle) -> str:
    return ("" if style is PrefixStyle.PLAIN else "-").join(filter(None, found.groups()))
