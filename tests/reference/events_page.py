"""The tables of EVENTS.md, made from the JSON Schema of the events."""

from tests.reference.event_schema import SCHEMA_FILE, Schema, event_kinds, event_schema
from tests.reference.tables import coded, table, with_tables

EVENTS_FILE = SCHEMA_FILE.with_name("EVENTS.md")


def events_text() -> str:
    """The page with its tables as the events are now, and the rest as it stands."""
    schema = event_schema()
    by_name = {one["properties"]["event"]["const"]: one for one in schema["oneOf"]}
    events = (_row(name, by_name[name]) for name in event_kinds())
    parts = (_row(name, schema["$defs"][name]) for name in sorted(schema["$defs"]))
    return with_tables(
        EVENTS_FILE,
        {
            "events": table(("event", "keys", "what it says"), *events),
            "parts": table(("object", "keys", "what it is"), *parts),
        },
    )


def _row(name: str, described: Schema) -> tuple[str, str, str]:
    properties = {key: of for key, of in described["properties"].items() if key != "event"}
    keys = (
        f"{_key(key, of)}{'' if key in described['required'] else ' *'}"
        for key, of in properties.items()
    )
    return f"`{name}`", ", ".join(keys), coded(described["description"])


def _key(key: str, schema: Schema) -> str:
    """A key with a ? where it may be null, and with what it holds if that is no plain value."""
    kinds = [one for one in schema.get("anyOf", [schema]) if one.get("type") != "null"]
    null = "?" if len(kinds) < len(schema.get("anyOf", [schema])) else ""
    held = " or ".join(dict.fromkeys(filter(None, map(_held, kinds))))
    return " ".join(filter(None, (f"`{key}`{null}", held)))


def _held(schema: Schema) -> str:
    if "$ref" in schema:
        return f"{{{schema['$ref'].rpartition('/')[2]}}}"
    if "enum" in schema:
        return f"({', '.join(map(str, schema['enum']))})"
    if "prefixItems" in schema:
        return f"[{', '.join(_held(one) or _TYPES[one['type']] for one in schema['prefixItems'])}]"
    if "items" in schema:
        return f"[{_held(schema['items']) or _TYPES[schema['items']['type']]}]"
    return ""


_TYPES = {"string": "text", "integer": "number", "number": "number", "boolean": "true or false"}
