"""The events of a run as values for JSON. The keys are the fields; see EVENTS.md."""

from dataclasses import fields, is_dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from schemamig_tui.engine.events import Failure, NoticeReceived

if TYPE_CHECKING:
    from schemamig_tui.rehearsal.events import RehearsalEvent


def as_json(event: "RehearsalEvent") -> tuple[str, dict[str, Any]]:
    """The name of an event, and its values."""
    values = _plain(event)
    if isinstance(event, NoticeReceived):
        values |= values.pop("notice")
    return event_name(type(event).__name__), values


def _plain(value: Any) -> Any:  # noqa: ANN401  # whatever an event may hold
    if isinstance(value, float):
        return round(value, 3)
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if not is_dataclass(value) or isinstance(value, type):
        return value
    plain = {name: _plain(getattr(value, name)) for name in _fields(type(value))}
    if isinstance(value, Failure):
        place = plain.pop("place") or {"line": None, "column": None}
        plain |= place
    return plain


@cache
def _fields(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


@cache
def event_name(kind: str) -> str:
    """``StatementFinished`` is ``statement_finished``; a ``NoticeReceived`` just a notice.

    ``Warned`` is the ``warning`` that the commands without a run have as well.
    """
    if kind == "Warned":
        return "warning"
    words = kind.removesuffix("Received")
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in words).removeprefix("_")
