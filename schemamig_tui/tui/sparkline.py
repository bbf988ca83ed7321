"""Draws a row of values as small bars, one character each."""

from collections.abc import Sequence

_BARS = "▁▂▃▄▅▆▇█"


def sparkline(values: Sequence[float], columns: int) -> str:
    """The last ``columns`` values beside their maximum; 0 and the smallest ones are the lowest."""
    shown = values[-columns:] if columns > 0 else ()
    most = max(shown, default=0)
    if most <= 0:
        return _BARS[0] * len(shown)
    top = len(_BARS) - 1
    return "".join(_BARS[max(0, min(top, round(value / most * top)))] for value in shown)
