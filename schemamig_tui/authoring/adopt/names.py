"""Names for the files of another tool, in our style, that keep its order."""

import os
import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from itertools import zip_longest

Version = tuple[int, ...]
"""The parts of a version: (20251018193000,), or (1, 2) for 1.2 of Flyway."""

_WIDTH = 4
_DATE_DIGITS = 8
_TIME_DIGITS = (14, 17)  # YYYYMMDDHHMMSS, and milliseconds behind it


def our_names(migrations: Sequence[tuple[Version, str]]) -> list[str]:
    """The names of files with these versions and titles, which are in the order of the tool.

    A version that is a moment becomes ``YYYYMMDD_HHMMSS_``, another one ``NNNN_``, with as many
    parts as the longest has, and as many digits as the longest part in the same place needs.
    """
    places = list(zip_longest(*(version for version, _ in migrations), fillvalue=0))
    widths = [max(_WIDTH, *(len(str(part)) for part in place)) for place in places]
    single = [_single(version[0]) for version, _ in migrations] if len(places) == 1 else []
    for prefixes in (single, [_padded(version, widths) for version, _ in migrations]):
        titles = (_title(title) for _, title in migrations)
        names = [f"{prefix}_{title}.sql" for prefix, title in zip(prefixes, titles, strict=False)]
        if len(names) == len(migrations) and names == sorted(set(names), key=os.fsencode):
            break
    return names


def _title(title: str) -> str:
    return re.sub(r"\s+", "_", title.strip("_- ")) or "migration"


def _single(number: int) -> str:
    digits = str(number)
    day, time = digits[:_DATE_DIGITS], digits[_DATE_DIGITS:]
    if len(digits) in (_DATE_DIGITS, *_TIME_DIGITS):
        with suppress(ValueError):  # is no date
            datetime.strptime(day, "%Y%m%d")  # nothing but whether it is one
            return f"{day}_{time}" if time else day
    return f"{number:0{_WIDTH}}"


def _padded(version: Version, widths: Sequence[int]) -> str:
    parts = zip_longest(version, widths, fillvalue=0)
    return "_".join(f"{part:0{width}}" for part, width in parts)
