"""Searches lines for a text, and marks it in them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from schemamig_tui.tui.lines import Line, Span


@dataclass(frozen=True)
class Search:
    """A text to look for, in any case unless it has a capital letter, as in vim's smartcase."""

    text: str

    def found_in(self, line: Line) -> list[range]:
        """The columns of the characters where it is in a line, one range after the other."""
        return list(self._find("".join(text for _, text in line)))

    def _find(self, text: str) -> Iterator[range]:
        wanted = self.text
        if not wanted:
            return
        if wanted == wanted.lower():
            lower = text.lower()
            # A few characters have a lower case of two.
            text = lower if len(lower) == len(text) else text
        start = text.find(wanted)
        while start >= 0:
            end = start + len(wanted)
            yield range(start, end)
            start = text.find(wanted, end)

    def marked(self, line: Line) -> Line:
        """The line, with the style ``match`` where it is."""
        found = self.found_in(line)
        return tuple(span for span in _marked(line, found) if span[1]) if found else line

    def next_row(
        self, row: Callable[[int], Line | None], rows: int, start: int, step: int
    ) -> int | None:
        """The number of the next of ``rows`` that has it, from ``start`` on, around the end.

        ``step`` is 1 for downwards and -1 for upwards. None where no row has it.
        """
        for away in range(rows):
            number = (start + step * away) % rows
            line = row(number)
            if line and self.found_in(line):
                return number
        return None


def _marked(line: Line, found: list[range]) -> Iterator[Span]:
    """The spans of a line, cut where a found part begins or ends."""
    first = 0  # the column of the span
    for style, text in line:
        done = 0
        for part in found:
            start, stop = max(part.start - first, 0), min(part.stop - first, len(text))
            if start < stop:
                yield style, text[done:start]
                yield "match", text[start:stop]
                done = stop
        yield style, text[done:]
        first += len(text)
