"""Recognises statements that reach beyond their database: roles, tablespaces, subscriptions ..."""

from typing import NamedTuple

from schemamig_tui.sql.lexer import tokens
from schemamig_tui.sql.words import Words

_VERBS = (b"create", b"alter", b"drop", b"comment")
_ROLES = (b"role", b"user", b"group")
_SHARED = (*_ROLES, b"database", b"tablespace", b"system", b"subscription")

SUBSCRIBES = "CREATE SUBSCRIPTION"
"""The label of a statement that reaches another server, which makes a slot for it there."""


class SharedChange(NamedTuple):
    """A statement in a few words, ``CREATE ROLE``, and the role that it makes, if it does.

    ``of_roles`` tells that it changes nothing but roles.
    """

    label: str
    makes_role: str | None = None
    of_roles: bool = False


def shared_change(sql: bytes) -> SharedChange | None:
    """What a statement does to what all databases share, as far as its text tells; else None.

    What a block or a function does cannot be seen.
    """
    if sql[:2].lower() not in (b"cr", b"al", b"dr", b"co"):
        return None
    words = Words(token[1] for token in tokens(sql))
    verb = words.next().lower()
    if verb not in _VERBS or (verb == b"comment" and not words.take(b"on")):
        return None
    what = words.peek()
    if what not in _SHARED or words.take(b"user", b"mapping"):
        return None
    words.next()
    label = f"{verb.decode()} {what.decode()}".upper()
    name = words.name() if verb == b"create" and what in _ROLES else None
    return SharedChange(label, name.name if name else None, what in _ROLES)
