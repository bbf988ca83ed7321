"""The JSON Schema of the lines that ``--json`` prints, made from the types of the events.

An event of a run or a rehearsal is a dataclass. The others are described in ``other_events``.
"""

import json
import re
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
    return json.dumps(event_schema(), indent=1) + "\n"


def event_schema() -> Schema:
    """The schema; ``oneOf`` has an event each, and ``$defs`` what several of them hold."""
    kinds = event_kinds()
    of_events = {name: _properties(kind) for name, kind in kinds.items()}
    of_events["run_finished"]["slow"] = {"type": "array", "items": {"type": "string"}}
    parts: dict[str, Schema] = {}
    return {
        "$schema": DIALECT,
        "title": "An event of schemamig-tui --json",
        "description": "One line. Later versions may add keys and events, and remove none.",
        "type": "object",
        "required": ["event"],
        "properties": {"event": {"enum": sorted(of_events)}},
        "oneOf": [
            {"description": description(kinds[name])}
            | _referring(_event(name, of_events[name]), parts)
            for name in sorted(of_events)
        ],
        "$defs": parts,
    }


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
    return {
        one["properties"]["event"]["const"]: Validator({**one, "$defs": schema["$defs"]})
        for one in schema["oneOf"]
    }


def event_kinds() -> dict[str, type]:
    """The type of each event, by its name; those of a run and of a rehearsal come last."""
    return {**OTHER_EVENTS} | {event_name(kind.__name__): kind for kind in _kinds()}


def description(kind: type) -> str:
    """What a type says of itself, in the words of JSON and with the names of the events."""
    assert kind.__doc__, kind
    text = re.sub(r"`*\b([A-Z][a-z]+(?:[A-Z][a-z]+)+)\b`*", _json_name, kind.__doc__)
    for word, in_json in (("None", "null"), ("True", "true"), ("False", "false")):
        text = re.sub(rf"\b{word}\b", in_json, text)
    return " ".join(text.replace("``", "`").split())


def _json_name(found: re.Match[str]) -> str:
    """The name that a class has in JSON, if it is one of an event or of what events hold."""
    return f"`{event_name(found[1])}`" if isinstance(_NAMES.get(found[1]), type) else found[0]


def _kinds() -> Iterator[type]:
    kinds = get_args(rehearsal_events.RehearsalEvent)
    yield from (kind for kind in kinds if kind is not events.BatchEvent)
    yield from events.BatchEvent.__subclasses__()


def _event(name: str, properties: dict[str, Schema]) -> Schema:
    return _object({"event": {"const": name}, **properties})


def _referring(schema: Any, parts: dict[str, Schema]) -> Any:
    """A schema with a reference in the place of each object in it that has a title.

    These objects are added to ``parts``, by their titles.
    """
    if isinstance(schema, list):
        return [_referring(one, parts) for one in schema]
    if not isinstance(schema, dict):
        return schema
    referring = {key: _referring(one, parts) for key, one in schema.items()}
    title = referring.get("title")
    if not isinstance(title, str):
        return referring
    del referring["title"]
    assert parts.setdefault(title, referring) == referring, title
    return {"$ref": f"#/$defs/{title}"}


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
        named = {"title": event_name(hint.__name__), "description": description(hint)}
        return named | _object(_properties(hint))
    if hasattr(hint, "_fields"):  # a NamedTuple, which JSON has as an array
        return {"type": "array", "prefixItems": [_of(it) for it in get_type_hints(hint).values()]}
    if issubclass(hint, str):  # an enumeration
        return {"enum": [member.value for member in hint]}
    raise TypeError(f"there is no schema for {hint}")
