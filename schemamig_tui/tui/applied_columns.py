"""What the pane of applied migrations shows besides their names, and in which orders."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from schemamig_tui.engine import Migration
from schemamig_tui.tui.lines import Span
from schemamig_tui.units import recorded

_DATE, _DURATION, _BAR = 10, 9, 6
_GAP = 2
_WIDEST_NAME = 32
_REMARK = len(" changed")
_LONG = 100  # milliseconds; where all are quicker, a bar would compare what is by chance
_EIGHTHS = " ▏▎▍▌▋▊▉█"


class Order(StrEnum):
    """What applied migrations are sorted by; the longest duration comes first."""

    NAME = "name"
    DATE = "date"
    DURATION = "duration"

    @property
    def next(self) -> "Order":
        """The order that comes after it; after the last one the first."""
        orders = list(Order)
        return orders[(orders.index(self) + 1) % len(orders)]


def in_order(rows: Sequence[Migration], order: Order) -> Sequence[Migration]:
    """Migrations, which come by name, in another order."""
    if order is Order.NAME:
        return rows
    return sorted(rows, key=_date if order is Order.DATE else lambda row: -_ms(row))


def _date(row: Migration) -> tuple[bool, datetime]:
    """What is no date comes first."""
    at = row.row.applied_at if row.row else None
    return (True, at) if isinstance(at, datetime) else (False, datetime.min)


def _ms(row: Migration) -> int:
    known = row.row.execution_time_ms if row.row else None
    return -1 if known is None else known


@dataclass(frozen=True, slots=True)
class AppliedColumns:
    """The date, the duration and a bar for it: as many as there is room for beside the names."""

    name: int = 0  # columns, with what is remarked behind it
    longest: int = 0  # ms

    @classmethod
    def of(cls, rows: Sequence[Migration]) -> "AppliedColumns":
        """Those for these rows; the bars are relative to the longest duration of them."""
        name = min(max((len(row.name) for row in rows), default=0), _WIDEST_NAME)
        remark = _REMARK if any(row.missing or row.changed for row in rows) else 0
        return cls(name + remark, max(map(_ms, rows), default=0))

    def spans(self, row: Migration, columns: int) -> tuple[Span, ...]:
        """What is shown of a row that has so many columns, its name included."""
        room = columns - self.name
        with_duration = room >= _GAP + _DURATION
        with_date = room >= 2 * _GAP + _DURATION + _DATE
        with_bar = room >= 3 * _GAP + _DURATION + _DATE + _BAR and self.longest >= _LONG
        gap = " " * _GAP
        spans: list[Span] = []
        if with_date:
            at = row.row.applied_at if row.row else None
            text = f"{at:%Y-%m-%d}" if isinstance(at, datetime) else ""
            spans.append(("dim", f"{gap}{text:<{_DATE}}"))
        if with_duration:
            text = recorded(_ms(row)) if _ms(row) >= 0 else ""
            spans.append(("dim", f"{gap}{text:>{_DURATION}}"))
        if with_bar:
            spans.append(("accent", f"{gap}{self._bar(max(0, _ms(row))):<{_BAR}}"))
        return tuple(spans)

    def _bar(self, ms: int) -> str:
        whole, eighths = divmod(round(8 * _BAR * ms / self.longest), 8)
        return "█" * whole + (_EIGHTHS[eighths] if eighths else "")
