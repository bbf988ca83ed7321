"""The JSON Schema of the lines that ``--json`` prints, made from the types of the events.

An event of a run or a rehearsal is a dataclass. The others are described in ``other_events``.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import is_dataclass
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from jsonschema import Draft202012Validator as Validator

import schemamig_tui
from schemamig_tui.engine import activity, batch_events, events
from schemamig_tui.rehearsal import events as rehearsal_events
from schemamig_tui.reporting.json_events import event_name
from tests.reference.other_events import OTHER_EVENTS

SCHEMA_FILE = Path(schemamig_tui.__file__).parent / "headless" / "events.schema.json"
DIALECT = "https://json-schema.org/draft/2020-12/schema"

Schema = dict[str, Any]

_PLAIN = {str: "string", int: "integer", float: "number", bool: "boolean", NoneType: "null"}
# Some names are imported for type checkers only.
_NAMES = {**vars(activity), **vars(batch_events), **vars(events), **vars(rehearsal_events)}


def schema_text() -> str:
    """The schema, as it stands in the file."""
    of_events = {event_name(kind.__name__): _properties(kind) for kind in _kinds()}
    of_events["run_finished"]["slow"] = {"type": "array", "items": {"type": "string"}}
    of_events |= {name: _properties(kind) for name, kind in OTHER_EVENTS.items()}
    schema = {
        "$schema": DIALECT,
        "title": "An event of schemamig-tui --json",
        "description": "One line. Later versions may add keys and events, and remove none.",
        "type": "object",
        "required": ["event"],
        "properties": {"event": {"enum": sorted(of_events)}},
        "oneOf": [_event(name, of_events[name]) for name in sorted(of_events)],
    }
    return json.dumps(schema, indent=1) + "\n"


def validate_event(event: Mapping[str, Any]) -> None:
    """Assert that an event is as the published schema has it, and has no key that this lacks."""
    validator = _published()[event["event"]]
    validator.validate(event)
    assert event.keys() <= validator.schema["properties"].keys()


@cache
def _published() -> dict[str, Validator]:
    """What validates each event, by its name."""
    schema = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
    Validator.check_schema(schema)
    return {one["properties"]["event"]["const"]: Validator(one) for one in schema["oneOf"]}


def _kinds() -> Iterator[type]:
    kinds = get_args(rehearsal_events.RehearsalEvent)
    yield from (kind for kind in kinds if kind is not events.BatchEvent)
    yield from events.BatchEvent.__subclasses__()


def _event(name: str, properties: dict[str, Schema]) -> Schema:
    return _object({"event": {"const": name}, **properties})


def _object(properties: dict[str, Schema]) -> Schema:
    optional = {key for key, schema in properties.items() if schema.pop("optional", False)}
    required = [key for key in properties if key not in optional]
    return {"type": "object", "required": required, "properties": properties}


def _properties(kind: type) -> dict[str, Schema]:
    """The schemas of the fields; of some classes, their own are put in the place of one of them."""
    properties: dict[str, Schema] = {}
    optional = getattr(kind, "__optional_keys__", frozenset())
    for name, hint in get_type_hints(kind, localns=_NAMES).items():
        if hint is events.Notice and kind is events.NoticeReceived:
            properties |= _properties(hint)
        elif name == "place" and kind is events.Failure:
            properties |= {"line": _of(int | None), "column": _of(int | None)}
        else:
            properties[name] = _of(hint) | ({"optional": True} if name in optional else {})
    return properties


def _of(hint: Any) -> Schema:
    """The schema of a value."""
    if hint in _PLAIN:
        return {"type": _PLAIN[hint]}
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin in (Union, UnionType):
        return {"anyOf": [_of(argument) for argument in arguments]}
    if origin in (tuple, list):
        if origin is list or arguments[1:] == (Ellipsis,):
            return {"type": "array", "items": _of(arguments[0])}
        return {"type": "array", "prefixItems": [_of(argument) for argument in arguments]}
    if is_dataclass(hint) or hasattr(hint, "__required_keys__"):
        return _object(_properties(hint))
    if hasattr(hint, "_fields"):  # a NamedTuple, which JSON has as an array
        return {"type": "array", "prefixItems": [_of(it) for it in get_type_hints(hint).values()]}
    if issubclass(hint, str):  # an enumeration
        return {"enum": [member.value for member in hint]}
    raise TypeError(f"there is no schema for {hint}")
