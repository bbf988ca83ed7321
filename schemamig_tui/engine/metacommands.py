"""psql's backslash commands: the few that make sense in a migration, and what to do instead."""

import re

_COMMAND = re.compile(rb"\\([^\s\\]*)[ \t]*([^\r\n]*)")

_ON = re.compile(rb"(?i)ON_ERROR_STOP(?:[ \t]+'?(?:on|1|t|tr|tru|true|y|ye|yes)'?)?\s*\Z")

_INSTEAD = {
    ("i", "ir", "include", "include_relative"): "Put the statements of that file here.",
    ("copy",): "Use COPY ... FROM stdin with the data behind it, ended by a line with \\.",
    ("c", "connect"): "A migration runs in one database, on one connection.",
    ("g", "gx", "gset", "gexec", "gdesc", "watch", "crosstabview", "bind", "parse"): (
        "End the statement with a semicolon. To run what a query returns, EXECUTE it in a DO block."
    ),
    (";", ":"): "End each statement with a plain semicolon.",
    ("set", "unset", "getenv", "prompt"): "Variables are psql's own: write the value itself.",
    ("if", "elif", "else", "endif"): "Decide in SQL, in a DO block.",
    ("!", "o", "out", "w", "write", "cd", "setenv"): "A migration cannot use the shell.",
    ("encoding",): "Use SET client_encoding.",
    (".",): "It ends the data of a COPY ... FROM stdin, and there is none here: remove it.",
    ("q", "quit"): "Remove it, and what follows it if that must not run.",
}


def ignored(command: bytes) -> str | None:
    """What to warn of for a command that is left out of the run; None is nothing.

    ``command`` is the line from its backslash on. Raises RefusedError for one that changes
    what the file does.
    """
    match = _COMMAND.match(command)
    assert match is not None  # it starts with a backslash
    name, rest = match[1].decode(errors="replace"), match[2]
    if b"\\" in rest:
        raise RefusedError(
            f"Two psql commands on one line (\\{name}).", "Write each on its own line."
        )
    if name in ("restrict", "unrestrict"):  # pg_dump's guard against commands in its data
        return None
    if name == "echo":
        return "\\echo is left out: it only shows something in psql."
    if name == "set" and rest.upper().startswith(b"ON_ERROR_STOP"):
        if _ON.match(rest):
            return None
        raise RefusedError(
            "\\set ON_ERROR_STOP off: psql would go on after an error.",
            "Remove it. A migration stops at its first error.",
        )
    raise refused(name)


def refused(name: str) -> "RefusedError":
    """The error for a psql command that a migration cannot use."""
    for names, instead in _INSTEAD.items():
        if name in names:
            return RefusedError(f"\\{name} is a command of psql, not SQL.", instead)
    return RefusedError(f"\\{name} is a command of psql, not SQL.", "Remove it.")


class RefusedError(Exception):
    """A psql command that cannot be in a migration: what it is, and what to do instead."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
