"""Tables in Markdown, and the places for them in a page."""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path


def with_tables(page: Path, tables: Mapping[str, Iterable[str]]) -> str:
    """A page with these tables, each between the two comments with its name.

    Raises ValueError where the page has no place for one of them.
    """
    text = page.read_text(encoding="utf-8")
    for name, lines in tables.items():
        begin, end = f"<!-- {name}: python -m tests.reference -->\n", f"<!-- end of {name} -->\n"
        before, begun, rest = text.partition(begin)
        _, ended, after = rest.partition(end)
        if not begun or not ended:
            raise ValueError(f"{page.name} has no place for the table of {name}")
        text = "\n".join([f"{before}{begin}", *lines, "", f"{end}{after}"])
    return text


def table(*rows: tuple[str, ...]) -> Iterator[str]:
    """A table, whose first row is its head."""
    for number, row in enumerate(rows):
        cells = " | ".join(cell.replace("|", r"\|") for cell in row)
        yield f"| {cells} |"
        if number == 0:
            yield "|---" * len(row) + "|"


def coded(text: str) -> str:
    """A text with its flags as code."""
    text = text.replace("``", "`")
    code = re.compile(r"`[^`]*`|(?<![\w-])--[a-z][a-z-]*")
    return code.sub(lambda found: f"`{found[0].strip('`')}`", text)
