"""Recognises statements that create something, and touch nothing but what they name."""

from schemamig_tui.sql.lexer import WORD, tokens
from schemamig_tui.sql.words import identifier

_KINDS = (b"table", b"index", b"sequence", b"type")
_BETWEEN = (b"global", b"local", b"unlogged", b"temporary", b"temp", b"unique")


def names_beside_new(sql: bytes) -> set[str] | None:
    """The names in a CREATE TABLE, INDEX, SEQUENCE or TYPE that runs no code; None for all else.

    Such a statement locks no relation but those that it names, apart from what event triggers do.
    Some that run no code either are passed over: an index on an expression, for one.
    """
    if sql[:6].lower() != b"create":
        return None
    found = [token[1] for token in tokens(sql)]
    words = iter(found[1:])
    kind = next((word for word in map(bytes.lower, words) if word not in _BETWEEN), b"")
    if kind not in _KINDS or (kind == b"index" and found.count(b"(") > 1):
        return None
    names: set[str] = set()
    depth = 0
    for token in words:
        depth += (token == b"(") - (token == b")")
        if WORD.fullmatch(token) or token.endswith(b'"'):
            name = identifier(token)
            if name is None or (name == "as" and kind == b"table" and not depth):
                return None
            names.add(name)
    return names
