"""The text that widgets show: lines of spans, each with the name of a style.

Markup is never parsed from outside text, because there is no markup: a span is what is shown, and
its style is a name that ``palette`` knows. Outside text gets in through ``inline`` and ``body``
alone, which make it safe to show.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate

from schemamig_tui.text import cells, visible

Span = tuple[str, str]
"""The name of a style (see ``palette``), and the text."""

Line = tuple[Span, ...]

LONGEST = 10_000
"""How many characters of a line are shown. A terminal has no use for more."""


def inline(text: str) -> str:
    """Outside text on one line: newlines are shown as escapes, too."""
    return visible(_cut(text))


def body(text: str) -> list[str]:
    """Outside text of several lines."""
    lines = text.replace("\r\n", "\n").split("\n")
    return [visible(_cut(line), keep_newlines=True) for line in lines]


def sentence(text: str) -> str:
    """Outside text on one line, its first letter a capital."""
    return inline(text[:1].upper() + text[1:])


def width(line: Line) -> int:
    """How many columns a line takes."""
    return sum(cells(text) for _, text in line)


def shortened(name: str, columns: int) -> str:
    """A name without what does not fit. The middle of a name matters least."""
    if cells(name) <= columns:
        return name
    if columns < 8:
        return name[: _fitting(name, 0, columns)]
    tail = (columns - 1) // 3
    head = columns - 1 - tail
    while cells(name[:head]) + cells(name[-tail:]) + 1 > columns:
        head -= 1
    return f"{name[:head]}…{name[-tail:]}"


_WORD = re.compile(" *([^ ]*)")


def folded(line: Line, columns: int, *, code: bool = False) -> list[Line]:
    """A line as several that are no wider than ``columns``, broken after spaces where it can be.

    The further ones are indented as the first, or behind its label or key; what is too long for
    that, but not for a row of its own, stays whole. So does ``code``, which begins with its number,
    unless that is to be folded as well.
    """
    if width(line) <= columns or columns < 20 or (line[0][0] == "number" and not code):
        return [line]
    text = "".join(part for _, part in line)
    label = line[0][1] if line[0][0] in ("label", "number", "key") else ""
    indent = min(max(cells(label), len(text) - len(text.lstrip())), columns // 2)
    rows: list[Line] = []
    starts = list(accumulate((len(part) for _, part in line), initial=0))
    start = gap = 0
    while start < len(text):
        stop = following = start + _fitting(text, start, columns - gap)
        next_gap = indent
        if stop < len(text):
            word_at = text.rfind(" ", start, stop + 1) + 1
            before = text[start:word_at].rstrip(" ")
            word = _WORD.match(text, word_at) if before else None
            if word and cells(word[1]) <= columns:
                stop, following = start + len(before), word.start(1)
                next_gap = min(indent, columns - cells(word[1]))
        rows.append((("plain", " " * gap), *_part(line, starts, start, stop)))
        start, gap = following, next_gap
    return rows


def _part(line: Line, starts: Sequence[int], start: int, stop: int) -> Iterator[Span]:
    """The characters from ``start`` to ``stop`` of a line whose spans begin at ``starts``."""
    for i in range(bisect_right(starts, start) - 1, len(line)):
        if starts[i] >= stop:
            break
        style, text = line[i]
        yield style, text[max(0, start - starts[i]) : stop - starts[i]]


def _fitting(text: str, start: int, room: int) -> int:
    """How many characters from ``start`` on fit into so many columns; at least one."""
    if text.isascii():
        return max(1, min(len(text) - start, room))
    stop = start
    while stop < len(text) and (room := room - cells(text[stop])) >= 0:
        stop += 1
    return max(1, stop - start)


def plain(lines: Sequence[Line]) -> str:
    """The text of lines, as it is copied."""
    return "\n".join("".join(text for _, text in line).rstrip() for line in lines)


def indented(style: str, title: str, text: str) -> list[Line]:
    """Outside text behind a title, its further lines below its first."""
    gap = " " * (len(title) + 1)
    return [
        (("label", f"{title} " if number == 0 else gap), (style, line))
        for number, line in enumerate(body(text))
    ]


def _cut(line: str) -> str:
    if len(line) <= LONGEST:
        return line
    return f"{line[:LONGEST]}... ({len(line) - LONGEST:,} characters more)"
