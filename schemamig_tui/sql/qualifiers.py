"""Takes schemas and tables off the names in a definition that the server has written."""

import re

_NAME = r"""(?:"(?:[^"]|"")+"|\b[^\W\d][\w$]*)"""
_STRING_OR_NAME = re.compile(rf"('(?:[^']|'')*')|(?:{_NAME}\.)*({_NAME})")


def unqualified(definition: str) -> str:
    """A definition with ``name`` for each ``schema.name`` and ``table.column``.

    Since PostgreSQL 16 the server qualifies a column only where several relations are named, so
    this is what two versions write alike.
    """
    return _STRING_OR_NAME.sub(lambda found: found[1] or found[2], definition)
