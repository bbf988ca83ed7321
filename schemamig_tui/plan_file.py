"""Saves a plan as a file: one step of a CI reviews it, and another runs just that or nothing.

The format is JSON; README.md documents it. The file holds no password and no address of the server.
It holds no advice either, which is only true for a moment and may quote queries of other sessions.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from schemamig_tui import __version__
from schemamig_tui.approval import ApprovedFile, ApprovedPlan, approved_files
from schemamig_tui.errors import FilesError
from schemamig_tui.file_access import content_of, replace_content
from schemamig_tui.text import visible

if TYPE_CHECKING:
    from schemamig_tui.engine import Plan, PlannedFile

FORMAT = 1
"""The version of the format, which changes when an older program could not hold to a plan."""


def save(path: Path, plan: "Plan", system: str | None) -> None:
    """Write a plan, whole or not at all. Raises FilesError.

    ``system`` is the identifier of the server that it was made on.
    """
    survey = plan.survey
    planned = {file.name: file for file in plan.files}
    files = [_as_json(one, planned.get(one.name)) for one in approved_files(plan)]
    head = {
        "schemamig_plan": FORMAT,
        "made_by": f"schemamig-tui {__version__}",
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "server": {"system_identifier": system, "database": survey.state.database},
        "ledger": {
            "table": survey.ledger.name,
            "applied": survey.state.version,
            "digest": survey.state.digest,
        },
        "to": plan.to,
        "only": plan.only,
        "resume": plan.resume,
        "skip_backfills": plan.skip_backfills,
        "warnings": [*plan.warnings],
    }
    # A line for each file, so that a difference between two plans can be read.
    text = json.dumps(head, indent=2).removesuffix("\n}")
    text += f',\n  "files": [{_lines(files)}\n  ]\n}}\n'
    replace_content(path, text.encode())


def load(path: Path) -> ApprovedPlan:
    """Read a plan. Raises FilesError, with the line, for a file that is no plan."""
    try:
        text = content_of(path).decode()
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise FilesError("The plan is not UTF-8.", path=path, line=line) from None
    return _Reader(path, text).plan()


class _PlacedObject(dict[str, Any]):
    """A JSON object that knows where in the text it begins."""

    at = 0


class _Reader:
    """Reads the text of a plan."""

    def __init__(self, path: Path, text: str) -> None:
        self._path, self._text = path, text

    def plan(self) -> ApprovedPlan:
        """The plan. Raises FilesError."""
        try:
            found = _decoder().decode(self._text)
        except json.JSONDecodeError as error:
            raise FilesError(
                f"This is not JSON: {error.msg}.",
                path=self._path,
                line=error.lineno,
                column=error.colno,
                hint=_HINT,
            ) from None
        except RecursionError:
            self._refuse("This is no plan: it is nested too deeply", 0)
        if not isinstance(found, _PlacedObject) or "schemamig_plan" not in found:
            self._refuse("This is no plan: it has no schemamig_plan", 0)
        if found["schemamig_plan"] != FORMAT:
            version = visible(str(found["schemamig_plan"]))
            self._refuse(f"The plan has the format {version}, but only {FORMAT} is known", found.at)
        server = self._take(found, "server", _PlacedObject)
        ledger = self._take(found, "ledger", _PlacedObject)
        return ApprovedPlan(
            system=self._take(server, "system_identifier", str, none=True),
            database=self._take(server, "database", str),
            table=self._take(ledger, "table", str),
            applied=self._take(ledger, "applied", int),
            digest=self._take(ledger, "digest", str),
            to=self._take(found, "to", str, none=True),
            only=self._take(found, "only", str, none=True),
            resume=self._take(found, "resume", bool),
            skip_backfills=self._take(found, "skip_backfills", bool),
            files=tuple(map(self._file, self._take(found, "files", list))),
        )

    def _file(self, found: object) -> ApprovedFile:
        if not isinstance(found, _PlacedObject):
            self._refuse("This is no plan: a file of it has to be an object", 0)
        return ApprovedFile(
            name=self._take(found, "name", str),
            checksum=self._take(found, "checksum", str),
            mode=self._take(found, "mode", str, none=True),
            resumed=self._take(found, "resumed", int),
        )

    def _take(self, found: _PlacedObject, key: str, kind: type, *, none: bool = False) -> Any:  # noqa: ANN401  # of the type ``kind``
        value = found.get(key, _MISSING)
        if value is _MISSING:
            self._refuse(f"This is no plan: {key} is missing here", found.at)
        if type(value) is not kind and not (none and value is None):
            self._refuse(f"This is no plan: {key} has to be {_KINDS[kind]}", found.at)
        return value

    def _refuse(self, message: str, at: int) -> NoReturn:
        line = self._text.count("\n", 0, at) + 1
        raise FilesError(f"{message}.", path=self._path, line=line, hint=_HINT)


_MISSING = object()
_KINDS = {_PlacedObject: "an object", str: "a text", int: "a number", bool: "true or false"} | {
    list: "a list"
}
_HINT = "--dry-run --save-plan FILE makes one."


def _decoder() -> json.JSONDecoder:
    """A JSON decoder whose objects know at which character they begin.

    The scanner of the standard library that is written in Python asks its decoder for each object;
    the one in C does not.
    """
    decoder = json.JSONDecoder()
    parse: Callable[..., tuple[dict[str, Any], int]] = decoder.parse_object  # type: ignore[attr-defined]

    def located(text_and_end: tuple[str, int], *others: Any) -> tuple[_PlacedObject, int]:  # noqa: ANN401
        found, end = parse(text_and_end, *others)
        placed = _PlacedObject(found)
        placed.at = text_and_end[1]
        return placed, end

    decoder.parse_object = located  # type: ignore[attr-defined]
    decoder.scan_once = json.scanner.py_make_scanner(decoder)  # type: ignore[attr-defined]
    return decoder


def _as_json(approved: ApprovedFile, file: "PlannedFile | None") -> Mapping[str, Any]:
    values: dict[str, Any] = {"name": approved.name, "checksum": approved.checksum}
    values |= {"mode": approved.mode, "resumed": approved.resumed}
    if file:
        script = file.script
        values |= {
            "reason": script.reason,
            "statements": len(script),
            "size": script.file.size,
            "warnings": [{"line": it.line, "message": it.message} for it in script.warnings],
        }
    return values


def _lines(files: Sequence[Mapping[str, Any]]) -> str:
    return ",".join(f"\n    {json.dumps(file)}" for file in files)
