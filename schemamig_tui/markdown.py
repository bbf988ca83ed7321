"""Outside text in Markdown: as code, nothing in it is taken for markup."""

import re

from schemamig_tui.text import visible

_TICKS = re.compile(r"`+")


def code_span(text: str) -> str:
    """A span of code. A pipe would end a cell of a table all the same, so it gets a backslash."""
    shown = visible(text).replace("|", "\\|")
    fence = _fence(shown, 1)
    at_an_end = shown.startswith("`") or shown.endswith("`")
    pad = " " if at_an_end or not shown.strip() else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def code_block(body: str, language: str = "") -> list[str]:
    """The lines of a block of code with a ``body`` that is safe to show."""
    fence = _fence(body, 3)
    return [f"{fence}{language}", *body.rstrip("\n").split("\n"), fence]


def _fence(code: str, shortest: int) -> str:
    """More ticks than stand behind each other in the code."""
    return "`" * max(shortest, 1 + max(map(len, _TICKS.findall(code)), default=0))
