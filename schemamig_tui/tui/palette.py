"""The colours of the styles that spans name, for themes and for a terminal's own colours.

They are not component classes of the stylesheet, because Textual (seen in 8.2) computes those again
for every widget at every change of focus, which would take longer than drawing the screen.
"""

from rich.style import Style
from textual.style import Style as VisualStyle

_MIXED = {
    "plain": "",
    "dim": "$foreground 60%",
    "label": "$foreground 60%",
    "strong": "bold",
    "title": "bold $background on $primary",
    "accent": "$text-primary",
    "good": "$text-success",
    "bad": "bold $text-error",
    "warn": "$text-warning",
    "number": "$foreground 40%",
    "keyword": "bold $text-primary",
    "type": "$text-accent",
    "string": "$text-success",
    "literal": "$text-warning",
    "comment": "italic $foreground 50%",
    "key": "bold $text-accent",
    "cursor": "bold on $primary 40%",
    "cursor-blurred": "on $foreground 12%",
}
# Without a known background nothing can be mixed: what is faint is dim, what stands out reverse.
_OF_THE_TERMINAL = {
    "dim": "dim",
    "label": "dim",
    "title": "bold reverse",
    "accent": "ansi_cyan",
    "number": "dim",
    "keyword": "bold ansi_blue",
    "type": "ansi_cyan",
    "string": "ansi_green",
    "literal": "ansi_yellow",
    "comment": "italic dim",
    "key": "bold ansi_cyan",
    "cursor": "bold reverse",
    "cursor-blurred": "bold underline",
}


def style(name: str, on: str | None, base: VisualStyle, *, ansi: bool) -> Style:
    """A style over that of a widget, and over the style ``on``, which is one for a whole row.

    ``ansi`` is whether the theme leaves the colours to the terminal. Has to be called with an
    active app, whose theme it is.
    """
    table = {**_MIXED, **_OF_THE_TERMINAL} if ansi else _MIXED
    under = base + VisualStyle.parse(table[on]) if on else base
    return (under + VisualStyle.parse(table[name])).rich_style
