"""The events of a run as values for JSON. The keys are the fields; see EVENTS.md."""

import math
from dataclasses import fields, is_dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from schemamig_tui.engine.events import Failure, NoticeReceived
from schemamig_tui.errors import FilesError, SchemamigError

if TYPE_CHECKING:
    from schemamig_tui.connect import Identity
    from schemamig_tui.rehearsal.events import RehearsalEvent


def as_json(event: "RehearsalEvent") -> tuple[str, dict[str, Any]]:
    """The name of an event, and its values."""
    values = _plain(event)
    if isinstance(event, NoticeReceived):
        values |= values.pop("notice")
    return event_name(type(event).__name__), values


class RunAsJson:
    """Makes the events of one run JSON; the last one names the files that were slow.

    These took longer than ``warn_after`` seconds.
    """

    def __init__(self, warn_after: float | None) -> None:
        self._longest = 1000 * (warn_after or math.inf)
        self._slow: list[str] = []

    def __call__(self, event: "RehearsalEvent") -> tuple[str, dict[str, Any]]:
        """The name of an event, and its values."""
        name, values = as_json(event)
        if name == "file_applied" and values["ms"] > self._longest:
            self._slow.append(values["name"])
        elif name == "run_finished":
            values["slow"] = self._slow
        return name, values


def database_as_json(database: "Identity") -> dict[str, Any]:
    """The values of the event ``connected``."""
    values = database._asdict()
    location = values.pop("location")
    return {**values, **location._asdict()}


def error_as_json(error: SchemamigError) -> dict[str, Any]:
    """The values of the event ``error``."""
    place: dict[str, Any] = {}
    if isinstance(error, FilesError):
        place = {"path": str(error.path), "line": error.line, "column": error.column}
    code = int(error.exit_code)
    return {"message": error.message, "hint": error.hint, "exit_code": code, **place}


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
