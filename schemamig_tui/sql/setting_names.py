"""The names of settings that no list of the server's has: those with a dot, which anybody makes up.

A session can only be asked for such a setting by its name, so all are collected that occur where a
statement, or code that it carries, sets or reads one.
"""

import re

_DOTTED = rb"\"?([a-z_\x80-\xff][\w$\x80-\xff]*)\"?\.\"?([a-z_\x80-\xff][\w$.\x80-\xff]*)\"?"
_NAMED = re.compile(
    rb"(?i)\bset(?:\s+session|\s+local)?\s+"
    + _DOTTED
    + rb"\s*(?:=|\bto\b|\bfrom\s+current)"
    + rb"|\b(?:set_config|current_setting)\s*\(\s*[en]?(?:'+|\$\w*\$)\s*"
    + _DOTTED
    + rb"\s*(?:'|\$)|\b(?:show|reset)\s+"
    + _DOTTED
    + rb"\s*(?:[;'$]|\Z)"
)
_MAY_NAME = re.compile(rb"(?i)set_config|current_setting|\bset\s|\b(?:show|reset)\s")


def dotted_names(sql: bytes) -> set[str]:
    """The names with a dot that occur in it as those of settings, in lower case."""
    if not _MAY_NAME.search(sql):
        return set()
    found = set()
    for match in _NAMED.finditer(sql):
        first, second = (part for part in match.groups() if part is not None)
        found.add(b".".join((first, second)).decode(errors="replace").lower())
    return found
