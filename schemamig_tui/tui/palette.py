"""The colours of the styles that spans name, for themes and for a terminal's own colours.

They are not component classes of the stylesheet, because Textual (seen in 8.2) computes those again
for every widget at every change of focus, which would take longer than drawing the screen.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

from rich.style import Style
from textual.color import BLACK, WHITE, Color
from textual.style import Style as VisualStyle

READABLE = 4.5
"""The contrast that text has in every theme, at least (WCAG 2.1, success criterion 1.4.3)."""

_MIXED = {
    "plain": "",
    "dim": "$foreground 60%",
    "label": "$foreground 60%",
    "strong": "bold",
    "title": "bold $background on $primary",
    "title-red": "bold $background on #b3261e",
    "title-yellow": "bold $background on #f2c037",
    "title-green": "bold $background on #2e7d32",
    "title-blue": "bold $background on #1f5fbf",
    "title-magenta": "bold $background on #9c27b0",
    "title-cyan": "bold $background on #26a6b5",
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
    "match": "reverse",
    "cursor": "bold on $primary 40%",
    "cursor-blurred": "on $foreground 12%",
}
# Without a known background nothing can be mixed: what is faint is dim, what stands out reverse.
_OF_THE_TERMINAL = {
    "dim": "dim",
    "label": "dim",
    "title": "bold reverse",
    "title-red": "bold reverse ansi_red",
    "title-yellow": "bold reverse ansi_yellow",
    "title-green": "bold reverse ansi_green",
    "title-blue": "bold reverse ansi_blue",
    "title-magenta": "bold reverse ansi_magenta",
    "title-cyan": "bold reverse ansi_cyan",
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

    ``ansi`` is whether the theme leaves the colours to the terminal; otherwise they are readable.
    Has to be called with an active app, whose theme it is.
    """
    table = {**_MIXED, **_OF_THE_TERMINAL} if ansi else _MIXED
    under = base + VisualStyle.parse(table[on]) if on else base
    mixed = under + VisualStyle.parse(table[name])
    if ansi or mixed.foreground is None or mixed.background is None:
        return mixed.rich_style
    return replace(mixed, foreground=readable(mixed.foreground, mixed.background)).rich_style


@lru_cache(maxsize=1000)
def readable(color: Color, background: Color) -> Color:
    """The colour on an opaque background, with as much black or white in it as reading it takes."""
    color = background + color
    ink = max(BLACK, WHITE, key=lambda ink: contrast(ink, background))
    shares = (share / 20 for share in range(21))
    blends = (color.blend(ink, share) for share in shares)
    return next((blend for blend in blends if contrast(blend, background) >= READABLE), ink)


def readable_variables(variables: Mapping[str, str]) -> dict[str, str]:
    """Further variables for the stylesheet, from those of a theme: colours of texts.

    ``quiet-title`` and ``focus-title`` are for frames, ``on-panel``, ``on-primary`` and
    ``on-surface`` for what has one of these backgrounds.
    """
    background, foreground, primary, *others = (Color.parse(variables[name]) for name in _SHADES)
    if foreground.ansi is not None:  # the terminal knows its colours, we do not
        names = ("quiet-title", "focus-title", "on-panel", "on-primary", "on-surface")
        return dict.fromkeys(names, "ansi_default")
    panel, surface = others
    found = {
        "quiet-title": readable(foreground.with_alpha(0.7), background),
        "focus-title": readable(primary, background),
        "on-panel": readable(foreground, panel),
        "on-primary": readable(foreground, primary),
        "on-surface": readable(foreground, surface),
    }
    return {name: color.hex for name, color in found.items()}


_SHADES = ("background", "foreground", "primary", "panel", "surface")


def contrast(one: Color, other: Color) -> float:
    """The contrast of two opaque colours, from 1 to 21, as WCAG 2.1 defines it."""
    low, high = sorted(map(_luminance, (one, other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(color: Color) -> float:
    linear = (
        part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4
        for part in color.normalized
    )
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
