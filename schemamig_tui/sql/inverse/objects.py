"""Reads which object a statement names: its kind, and what tells it from others of that kind."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum, auto

from schemamig_tui.sql.inverse.inverse import Named
from schemamig_tui.sql.inverse.reader import StatementReader
from schemamig_tui.sql.lexer import tokens
from schemamig_tui.sql.words import Name, Words


class Form(Enum):
    """What a statement writes to name an object of a kind."""

    NAME = auto()
    ROUTINE = auto()
    """A name and the types of the arguments."""
    ON_TABLE = auto()
    """A name and the table it is on."""
    OPERATOR = auto()
    USING = auto()
    """A name and an index method."""
    CAST = auto()
    TRANSFORM = auto()
    MAPPING = auto()


_KINDS: dict[tuple[str, ...], Form] = {
    **dict.fromkeys(
        [
            ("access", "method"),
            ("collation",),
            ("conversion",),
            ("database",),
            ("domain",),
            ("event", "trigger"),
            ("extension",),
            ("foreign", "data", "wrapper"),
            ("foreign", "table"),
            ("group",),
            ("index",),
            ("language",),
            ("materialized", "view"),
            ("publication",),
            ("role",),
            ("schema",),
            ("sequence",),
            ("server",),
            ("statistics",),
            ("subscription",),
            ("table",),
            ("tablespace",),
            ("text", "search", "configuration"),
            ("text", "search", "dictionary"),
            ("text", "search", "parser"),
            ("text", "search", "template"),
            ("type",),
            ("view",),
        ],
        Form.NAME,
    ),
    **dict.fromkeys([("aggregate",), ("function",), ("procedure",), ("routine",)], Form.ROUTINE),
    **dict.fromkeys([("policy",), ("rule",), ("trigger",)], Form.ON_TABLE),
    **dict.fromkeys([("operator", "class"), ("operator", "family")], Form.USING),
    ("operator",): Form.OPERATOR,
    ("cast",): Form.CAST,
    ("transform",): Form.TRANSFORM,
    ("user", "mapping"): Form.MAPPING,
    ("user",): Form.NAME,
}
RELATIONS = frozenset(("FOREIGN TABLE", "INDEX", "MATERIALIZED VIEW", "SEQUENCE", "TABLE", "VIEW"))
"""The kinds of relations."""
NOT_IN_SCHEMA = frozenset(
    (
        "ACCESS METHOD",
        "DATABASE",
        "GROUP",
        "ROLE",
        "SUBSCRIPTION",
        "TABLESPACE",
        "TEXT SEARCH PARSER",
        "TEXT SEARCH TEMPLATE",
        "USER",
        "USER MAPPING",
    )
)
"""The kinds of objects that a snapshot of the schema does not show."""

_WORD = re.compile(r"[\w$]+")
_WITH_TABLES = ("COLUMN", "POLICY", "RULE", "TRIGGER")
_ROUTINES = ("AGGREGATE", "FUNCTION", "PROCEDURE", "ROUTINE")


@dataclass(frozen=True, slots=True)
class ObjectReference:
    """An object in a statement: its kind as SQL writes it, and its name as the statement does.

    ``tail`` is what tells it from others of that name, and follows that: `` ON kb.jobs``,
    ``(integer)``. ``table`` is the one that it is on.
    """

    kind: str
    parts: tuple[str, ...]
    tail: str = ""
    table: str | None = None

    @property
    def name(self) -> str:
        """The name with its schema, where that is given."""
        return ".".join(self.parts)

    def __str__(self) -> str:
        return f"{self.name}{self.tail}"

    def renamed(self, name: str) -> "ObjectReference":
        """The same object under another name, in the same schema."""
        return replace(self, parts=(*self.parts[:-1], name))


def take_kind(reader: StatementReader) -> tuple[str, Form] | None:
    """Take the kind of object that is next: ``("MATERIALIZED VIEW", Form.NAME)``."""
    for words, form in _KINDS.items():
        if reader.take(*words):
            return " ".join(words).upper(), form
    return None


def take_reference(reader: StatementReader, kind: str, form: Form) -> ObjectReference | None:
    """Take the object that is next, as ALTER, COMMENT and DROP name it. None where none is next."""
    match form:
        case Form.CAST:
            group = reader.group()
            return ObjectReference(kind, (group,)) if group else None
        case Form.TRANSFORM:
            found = reader.take("for") and reader.until("language")
            language = reader.take("language") and reader.next()
            return (
                ObjectReference(kind, (f"FOR {found}",), f" LANGUAGE {language}")
                if language
                else None
            )
        case Form.MAPPING:
            user = reader.take("for") and reader.next()
            server = reader.take("server") and reader.next()
            return ObjectReference(kind, (f"FOR {user}",), f" SERVER {server}") if server else None
        case Form.OPERATOR:
            name, operands = reader.until("("), reader.group()
            return ObjectReference(kind, (name,), f" {operands}") if operands else None
    reader.take("only")
    path = reader.path()
    if not path:
        return None
    reader.take("*")
    reference = ObjectReference(kind, tuple(path))
    match form:
        case Form.ROUTINE if arguments := reader.group():
            return replace(reference, tail=without_defaults(arguments))
        case Form.ON_TABLE:
            table = ".".join(reader.path()) if reader.take("on") else ""
            return replace(reference, tail=f" ON {table}", table=table) if table else None
        case Form.USING:
            method = reader.take("using") and reader.next()
            return replace(reference, tail=f" USING {method}") if method else None
    return reference


Identity = tuple[str, Name | str | None]
"""What is equal for two ways to name the same object. Of routines, all of a name are one."""


def identity(named: Named) -> Identity:
    """What the object is known by, however a statement names it."""
    if named.kind in _WITH_TABLES:
        return named.kind, named.name.lower()
    kind = "RELATION" if named.kind in RELATIONS else named.kind
    kind = "ROUTINE" if named.kind in _ROUTINES else kind
    return kind, Words(token[1] for token in tokens(named.name.encode())).name()


def with_table(column: list[str]) -> tuple[Named, ...]:
    """A column and its table: when one of them goes, so does what is on the column.

    None for the word NONE, as in ``OWNED BY NONE``.
    """
    if len(column) < 2:
        return ()
    return Named("TABLE", ".".join(column[:-1])), Named("COLUMN", ".".join(column))


def words_of(sql: bytes) -> set[str]:
    """The words of a statement in lower case, also those in strings, which may be names."""
    return set(_WORD.findall(sql.decode(errors="replace").lower()))


def is_named_in(words: set[str], one: Identity) -> bool:
    """Whether an object may be named in a statement with these words. Its schema does not count.

    One without a word in its name, such as an operator, may be in any.
    """
    name = one[1].name if isinstance(one[1], Name) else (one[1] or "").rpartition(".")[2]
    return words.issuperset(_WORD.findall(name.lower()))


def without_defaults(arguments: str) -> str:
    """The arguments of a routine as DROP takes them: those of ``(a int = 1)`` without ``= 1``."""
    inside = StatementReader(arguments[1:-1].encode())
    return f"({', '.join(_arguments(inside.items()))})"


def _arguments(items: Iterable[StatementReader]) -> Iterable[str]:
    for item in items:
        if text := item.until("default", "=", ":"):
            yield text
