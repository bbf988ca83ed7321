"""The objects of a snapshot as SQL writes them, and what each may have: owner, comment, grants."""

from collections.abc import Iterator

from schemamig_tui.authoring.reversal.facts import fact
from schemamig_tui.catalog.objects import Object
from schemamig_tui.sql.words import literal

_WORDS = {
    "base type": "TYPE",
    "composite type": "TYPE",
    "enum": "TYPE",
    "foreign-data wrapper": "FOREIGN DATA WRAPPER",
    "partitioned table": "TABLE",
    "range type": "TYPE",
    "shell type": "TYPE",
    "statistics object": "STATISTICS",
    "window function": "FUNCTION",
}
# To GRANT and REVOKE, views are tables, and aggregates functions.
_GRANTED = {
    "aggregate": "FUNCTION",
    "foreign table": "TABLE",
    "materialized view": "TABLE",
    "server": "FOREIGN SERVER",
    "view": "TABLE",
}


def word(kind: str) -> str:
    """What SQL calls a kind of object: ``MATERIALIZED VIEW``."""
    return _WORDS.get(kind, kind.upper())


def schema_and_name(name: str) -> tuple[str, str]:
    """Divide ``kb."a.b"`` or ``kb.f(kb.t)`` at the dot behind the schema."""
    schema, dot, rest = _divide(name, ".")
    return (schema, rest) if dot else ("", name)


def without_arguments(name: str) -> str:
    """The name of a routine without the types of its arguments."""
    return _divide(name, "(")[0]


def _divide(name: str, at: str) -> tuple[str, str, str]:
    quoted = False
    for i, char in enumerate(name):
        quoted ^= char == '"'
        if char == at and not quoted:
            return name[:i], at, name[i + 1 :]
    return name, "", ""


def collate(column: Object) -> str:
    """The clause for a collation that is not the one of the type."""
    collation = fact(column, "collate")
    return f" COLLATE {collation}" if collation else ""


def owner(kind: str, name: str, role: str | None) -> Iterator[str]:
    """Give an object to a role."""
    if role:
        yield f"ALTER {word(kind)} {name} OWNER TO {role}"


def comment(kind: str, name: str, text: str | None) -> str:
    """Write a comment, or take it away."""
    return f"COMMENT ON {word(kind)} {name} IS {literal(text) if text is not None else 'NULL'}"


def grants(old: Object, now: tuple[str, ...], on: str, column: str = "") -> Iterator[str]:
    """Give ``old`` the privileges back that it had, where others have those of ``now``.

    ``on`` is what GRANT has behind ON, ``column`` the column that it is about.
    """
    columns = f" ({column})" if column else ""
    for grant in now:
        if grant not in old.grants:
            privilege, role, option = _grant(grant)
            kept = f"{privilege} to {role}" in old.grants
            what = f"GRANT OPTION FOR {privilege}" if option and kept else privilege
            yield f"REVOKE {what}{columns} ON {on} FROM {role}"
    for grant in old.grants:
        if grant not in now:
            privilege, role, option = _grant(grant)
            if not option and f"{grant} with grant option" in now:
                continue  # what was too much is revoked above
            yield f"GRANT {privilege}{columns} ON {on} TO {role}{option}"


def granted(kind: str, name: str) -> str:
    """What GRANT has behind ON for an object."""
    return f"{_GRANTED.get(kind, word(kind))} {name}"


def _grant(grant: str) -> tuple[str, str, str]:
    """The privilege, the role and the option of ``SELECT to app with grant option by other``.

    Whoever has granted it, it is the owner who does so again.
    """
    privilege, _, role = grant.partition(" to ")
    if not role.endswith('"'):
        role = role.partition(" by ")[0]
    bare = role.removesuffix(" with grant option")
    return privilege, bare, " WITH GRANT OPTION" if bare != role else ""
