"""Finds types that a text changes while PL/pgSQL functions of the session still hold them.

A PL/pgSQL function that has run in a session keeps the types of its variables by their oids. A type
that is dropped and created again has another oid, and no statement makes the session forget the old
one, not even DISCARD ALL ("cache lookup failed for type 19686", seen on PostgreSQL 14 to 18).
"""

from dataclasses import dataclass

from schemamig_tui.sql.lexer import phrase


@dataclass(frozen=True, slots=True)
class TypeChanges:
    """Names, in lower case and without schema, of what a text changes, drops or makes anew.

    ``columns`` are those that get another type, go or are renamed, ``objects`` the types, domains,
    tables and views that do, temporary ones, which go with the session, and new types, which may
    stand in front of others of their names. ``anything``: it drops a schema, an extension, or what
    a role owns, renames a schema, or changes something whose name only the run knows. ``path``: it
    sets the search_path, or the role, which is "$user" in it: then names may lead elsewhere.
    """

    columns: frozenset[bytes] = frozenset()
    objects: frozenset[bytes] = frozenset()
    anything: bool = False
    path: bool = False

    def held_by(self, declared: bytes) -> bool:
        """Whether functions with these declarations may hold one of the names: see ``declared``."""
        if self.anything or not declared:
            return bool(declared)
        if self.columns and not self.columns.isdisjoint(
            map(_bare, phrase(_OF_COLUMN).findall(declared))
        ):
            return True
        return bool(self.objects) and not self.objects.isdisjoint(
            phrase(_IDENTIFIER).findall(declared)
        )


NO_TYPES = TypeChanges()


def type_changes(text: bytes) -> TypeChanges:
    """What a text, in lower case, changes or drops."""
    columns: set[bytes] = set()
    objects: set[bytes] = set()
    anything = False
    for verb, pattern in _CHANGES:
        for match in phrase(pattern).finditer(text) if verb in text else ():
            if match.lastgroup == "column":
                columns.add(_bare(match["column"]))
            elif match.lastgroup == "objects":
                objects.update(
                    _bare(name.rpartition(b".")[2]) for name in match["objects"].split(b",")
                )
            elif match.lastgroup == "anything":
                anything = True
    path = b"search_path" in text or phrase(_SETS_PATH).search(text) is not None
    if not (columns or objects or anything or path):
        return NO_TYPES
    return TypeChanges(frozenset(columns), frozenset(objects), anything, path)


def declared_names(declared: bytes) -> frozenset[str]:
    """The names in declarations, in lower case, those of types among them."""
    found = phrase(_IDENTIFIER).findall(declared)
    return frozenset(name.decode() for name in found if name.isascii() and not name[:1].isdigit())


def declarations(text: bytes) -> bytes:
    """What the PL/pgSQL functions declare that a text, in lower case, creates."""
    if b"plpgsql" not in text or not (b"function" in text or b"procedure" in text):
        return b""
    return declared(text)


def declared(code: bytes) -> bytes:
    """What stands between DECLARE and BEGIN in code in lower case."""
    found = []
    position = 0
    while (start := phrase(_DECLARE).search(code, position)) and (
        end := phrase(_BEGIN).search(code, start.end())
    ):
        found.append(code[start.end() : end.start()])
        position = end.end()
    return b"\n".join(found)


def _bare(name: bytes) -> bytes:
    return name.strip(b' \t\r\n"')


_NAME = rb"(?:\"[^\"]++\"|[\w$\x80-\xff]++)"
_PATH = rb"(?:" + _NAME + rb"~\.~)?" + _NAME
_IDENTIFIER = rb"[\w$\x80-\xff]++"
_OF_COLUMN = rb"(" + _NAME + rb")~%~type(?![\w$])"
_DECLARE = rb"declare(?<!\wdeclare)(?![\w$])"
_BEGIN = rb"begin(?<!\wbegin)(?![\w$])"
_NO_TYPE = rb"(?:constraint|default|function|index|not|policy|sequence|trigger)(?![\w$])"
_RENAMES = rb"(?= (?:rename to|set schema)(?![\w$]))"
_OF_TYPE = rb"(?= (?:set data )?type(?![\w$]))"
_OF_TABLE = rb"(?:(?:column|attribute) )?"
_SETS_PATH = (
    rb"set(?<!\wset)(?: (?:session|local))? (?:schema~'|(?:role|session authorization)(?![\w$]))"
)
_OBJECT = rb"(?:type|domain|table|view|materialized view|foreign table)(?![\w$])"
_TEMPORARY = rb"temp(?:orary)?(?![\w$])"
_IN_TEMPORARY = rb"(?=\"?pg_temp(?![\w$]))"
# format('DROP TABLE %I', name), 'DROP TABLE ' || name, 'ALTER TABLE t ALTER ' || name || ' TYPE'
_UNNAMED = rb"(?:\"?%|(?:'|\$\w*\$)~\|\|)"
_CHANGES = (
    (
        b"create",
        rb"create (?:or replace )?(?:(?:(?:global|local) )?"
        + _TEMPORARY
        + rb" (?:recursive )?(?:table|view) (?:if not exists )?"
        rb"|(?:table|view) (?:if not exists )?"
        + _IN_TEMPORARY
        + rb"|(?:type|domain) )(?P<objects>"
        + _PATH
        + rb")",
    ),
    (
        b"into",
        rb"into (?:" + _TEMPORARY + rb" (?:table )?|" + _IN_TEMPORARY + rb")"
        rb"(?P<objects>" + _PATH + rb")",
    ),
    (
        b"alter",
        rb"alter (?:(?P<anything>schema "
        + _NAME
        + rb" rename(?![\w$])|(?:type|domain|table) (?:if exists )?"
        + _UNNAMED
        + rb"[^;]{0,200}?(?<!\w)(?:rename to|set schema)(?![\w$])|"
        + _OF_TABLE
        + _UNNAMED
        + rb")|(?:type|domain|table) (?:if exists )?(?P<objects>"
        + _PATH
        + rb")"
        + _RENAMES
        + rb"|"
        + _OF_TABLE
        + rb"(?P<column>"
        + _NAME
        + rb")"
        + _OF_TYPE
        + rb")",
    ),
    (
        b"drop",
        rb"drop (?!"
        + _NO_TYPE
        + rb")(?:(?P<anything>(?:schema|owned|extension)(?![\w$])|(?:"
        + _OBJECT
        + rb" )?"
        + _OF_TABLE
        + rb"(?:if exists )?"
        + _UNNAMED
        + rb")|"
        + _OBJECT
        + rb" (?:if exists )?(?P<objects>"
        + _PATH
        + rb"(?:~,~"
        + _PATH
        + rb")*)|"
        + _OF_TABLE
        + rb"(?:if exists )?(?P<column>"
        + _NAME
        + rb"))",
    ),
    (
        b"rename",
        rb"rename "
        + _OF_TABLE
        + rb"(?!to(?![\w$]))(?:(?P<column>"
        + _NAME
        + rb")(?= to(?![\w$]))|(?P<anything>"
        + _UNNAMED
        + rb"))",
    ),
)
