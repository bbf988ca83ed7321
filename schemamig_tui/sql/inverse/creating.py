"""Finds what takes back CREATE: the DROP of what it makes."""

from dataclasses import replace

from schemamig_tui.sql.inverse.inverse import NOTHING, Ask, Inverse, Named, unknown
from schemamig_tui.sql.inverse.objects import (
    NOT_IN_SCHEMA,
    Form,
    ObjectReference,
    take_kind,
    take_reference,
    with_table,
    without_defaults,
)
from schemamig_tui.sql.inverse.reader import StatementReader

_MODIFIERS = (
    "constraint",
    "default",
    "global",
    "local",
    "procedural",
    "recursive",
    "trusted",
    "unique",
    "unlogged",
)
_TEMPORARY = ("temp", "temporary")
_ROLES = ("current_role", "current_user", "session_user")
_HAS_ROWS = ("FOREIGN TABLE", "TABLE")


def create(reader: StatementReader) -> Inverse:
    """The inverse of a statement behind its word CREATE."""
    replaces = reader.take("or", "replace")
    temporary = False
    while reader.peek() in (*_MODIFIERS, *_TEMPORARY):
        temporary |= reader.next().lower() in _TEMPORARY
    found = take_kind(reader)
    if found is None:
        return unknown("what it creates")
    kind, form = found
    concurrently = reader.take("concurrently")
    missing = reader.take("if", "not", "exists")
    reference = _reference(reader, kind, form)
    if temporary or (reference and reference.parts[:1] == ("pg_temp",)):
        # It is gone with its session.
        return Inverse(creates=(Named(kind, str(reference)),)) if reference else NOTHING
    maybe = replaces or missing
    if reference is None or not reference.parts:
        on = _table_of(reference)
        return Inverse(ask=Ask.SCHEMA, needs=(f"the name of the {kind.lower()}",), on=on)
    inverse = _drop(reader, reference, concurrently=concurrently)
    if not maybe or kind in NOT_IN_SCHEMA:
        return inverse
    clause = "OR REPLACE" if replaces else "IF NOT EXISTS"
    doubt = f"The file says {clause}: this is right if there was no {kind.lower()} of that name."
    return replace(inverse, ask=Ask.SCHEMA, doubts=(doubt,), if_missing=True, replaces=replaces)


def _drop(reader: StatementReader, reference: ObjectReference, *, concurrently: bool) -> Inverse:
    kind = reference.kind
    remarks: tuple[str, ...] = ()
    if kind == "SCHEMA" and _has_elements(reader):
        return unknown("what it creates in the schema")
    if kind in _HAS_ROWS:
        remarks = ("Its rows go with it.",)
    if kind == "DATABASE":
        remarks = ("Everything in it goes with it.",)
    if kind == "OPERATOR CLASS" and not reader.take("family"):
        return _with_family(reference)
    on = _table_of(reference)
    if kind == "SEQUENCE":
        reader.until("owned")
        on = with_table(reader.path()) if reader.take("owned", "by") else ()
    word = f"{kind} CONCURRENTLY" if concurrently else kind
    return Inverse(
        sql=(f"DROP {word} {reference}",),
        remarks=remarks,
        creates=(Named(kind, str(reference)),),
        on=on,
    )


def _with_family(reference: ObjectReference) -> Inverse:
    """The inverse of an operator class for which a family of its name is made, if there is none."""
    family = Named("OPERATOR FAMILY", str(reference))
    return Inverse(
        sql=(f"DROP OPERATOR FAMILY {reference}",),
        ask=Ask.SCHEMA,
        doubts=("This is right if the class has made the family, which has its name.",),
        creates=(Named(reference.kind, str(reference)), family),
    )


def _table_of(reference: ObjectReference | None) -> tuple[Named, ...]:
    return (Named("TABLE", reference.table),) if reference and reference.table else ()


def _reference(reader: StatementReader, kind: str, form: Form) -> ObjectReference | None:
    match kind:
        case "SCHEMA":
            return _schema(reader)
        case "INDEX":
            return _index(reader)
        case "STATISTICS" if reader.peek() in ("on", "("):
            return None
        case "RULE" | "TRIGGER":
            return _on_table(reader, kind)
        case "AGGREGATE":
            return _aggregate(reader)
        case "OPERATOR":
            return _operator(reader)
        case "OPERATOR CLASS":
            return _operator_class(reader)
    return take_reference(reader, kind, form)


def _schema(reader: StatementReader) -> ObjectReference | None:
    if not reader.take("authorization"):
        return take_reference(reader, "SCHEMA", Form.NAME)
    # Without a name, the schema has that of the role.
    return None if reader.peek() in _ROLES else ObjectReference("SCHEMA", (reader.next(),))


def _has_elements(reader: StatementReader) -> bool:
    if reader.take("authorization"):
        reader.next()
    return reader.peek() in ("create", "grant")


def _index(reader: StatementReader) -> ObjectReference | None:
    """Read the name of an index, in the schema of its table; no parts where the server names it."""
    name = [] if reader.peek() == "on" else reader.path()
    if not reader.take("on"):
        return None
    reader.take("only")
    table = reader.path()
    parts = (*table[:-1], name[-1]) if name else ()
    return ObjectReference("INDEX", parts, table=".".join(table))


def _on_table(reader: StatementReader, kind: str) -> ObjectReference | None:
    """Read the name of a trigger or a rule, and its table, which stands behind the events."""
    name = reader.path()
    if kind == "RULE":
        reader.until("to")
        found = reader.take("to")
    else:
        reader.until("on")
        found = reader.take("on")
    table = _path(reader) if found else None
    return ObjectReference(kind, (name[-1],), f" ON {table}", table) if name and table else None


def _aggregate(reader: StatementReader) -> ObjectReference | None:
    path, arguments = reader.path(), reader.group()
    inside = StatementReader(arguments[1:-1].encode())
    if inside.take("*"):
        return ObjectReference("AGGREGATE", tuple(path), "(*)")
    if "=" in arguments:  # the old syntax has the type of the argument among the options
        return None
    return ObjectReference("AGGREGATE", tuple(path), without_defaults(arguments)) if path else None


def _operator(reader: StatementReader) -> ObjectReference | None:
    name = reader.until("(")
    options = StatementReader(reader.group()[1:-1].encode())
    types = {"leftarg": "NONE", "rightarg": "NONE"}
    for option in options.items():
        word = option.next().lower()
        if word in types and option.take("="):
            types[word] = option.rest()
    return ObjectReference("OPERATOR", (name,), f" ({types['leftarg']}, {types['rightarg']})")


def _operator_class(reader: StatementReader) -> ObjectReference | None:
    path = reader.path()
    reader.until("using")
    method = reader.take("using") and reader.next()
    return ObjectReference("OPERATOR CLASS", tuple(path), f" USING {method}") if method else None


def _path(reader: StatementReader) -> str | None:
    reader.take("only")
    return ".".join(reader.path()) or None
