"""psql's backslash commands and variables: which a migration may have, and what replaces others."""

import re
from typing import NamedTuple

from schemamig_tui.sql.lexer import tokens

_COMMAND = re.compile(rb"\\([;:]|[^\s\\;]*)[ \t]*([^\r\n]*)")
_QUOTED = re.compile(rb"'(?:[^'\\]|\\.)*'|\"[^\"]*\"|`[^`]*`")
_STOPS = re.compile(rb"(?i)ON_ERROR_STOP(?:[ \t]+'?(?:on|1|t|tr|tru|true|y|ye|yes)'?)?\s*\Z")

# variable_char of psqlscan.l. The whole is what psql replaces by a quoted value.
_QUOTED_VARIABLE = re.compile(rb"'[\w\x80-\xff]++'|\"[\w\x80-\xff]++\"")
_VARIABLE = re.compile(r":[\w'\"{]")
# What ends an expression in front of a colon, behind JSON_OBJECT(: the key of a member.
_JSON_OBJECT = re.compile(rb"(?i)\bjson_object(?:agg)?\s*+\Z")
_KEY = re.compile(rb"(?i)(?<!\bvalue)(?<=[\w'\"\])$\x80-\xff])\s*+:\Z")
_NEAR = 64  # a search for what ends a text tries each of its bytes
# ARRAY[[...], [...]]
_IN_FRONT_OF_ELEMENTS = (b"array", b"[", b",", b"")
VARIABLE_HINT = "Variables are psql's own: write the value itself."

_INSTEAD = {
    ("i", "ir", "include", "include_relative"): "Put the statements of that file here.",
    ("copy",): "Use COPY ... FROM stdin with the data behind it, ended by a line with \\.",
    ("c", "connect"): "A migration runs in one database, on one connection.",
    ("gexec",): "Run what the query returns with EXECUTE, in a DO block.",
    ("g", "gx", "gset", "gdesc", "watch", "crosstabview", "bind", ";"): "End it with a semicolon.",
    ("set", "unset", "getenv", "prompt"): VARIABLE_HINT,
    ("if", "elif", "else", "endif"): "Decide in SQL, in a DO block.",
    ("!", "o", "out", "w", "write", "cd", "setenv"): "A migration cannot use the shell.",
    ("encoding",): "Use SET client_encoding.",
    (
        ".",
    ): "It ends the data of a COPY ... FROM stdin, and there is none in front of it: remove it.",
    ("q", "quit"): "Remove it, and what is behind it if that is not to run.",
}


class Refusal(NamedTuple):
    """Why a command cannot be in a migration, and what to do instead."""

    message: str
    hint: str


def check_command(command: bytes) -> Refusal | str | None:
    """Check a command between two statements: a refusal, a warning, or None.

    ``command`` is the line from its backslash on. Those that are not refused are left out.
    """
    name, rest = _parts(command)
    if b"\\" in _QUOTED.sub(b"", rest):
        return Refusal("There is more than one psql command in this line.", "Use a line for each.")
    if name in ("restrict", "unrestrict"):  # pg_dump's guard against commands in its data
        return None
    if name == "echo":
        return "\\echo is left out: it shows something in psql only."
    if name in ("set", "unset") and rest.upper().startswith(b"ON_ERROR_STOP"):
        if name == "set" and _STOPS.match(rest):
            return None
        return Refusal(
            "psql would go on here after an error (ON_ERROR_STOP); a migration stops.",
            "Remove it, and what fails.",
        )
    return refuse(command)


def refuse(command: bytes) -> Refusal:
    """The refusal of a command, wherever it is."""
    name, _ = _parts(command)
    instead = next((text for names, text in _INSTEAD.items() if name in names), "Remove it.")
    return Refusal(f"\\{name} is a command of psql, not SQL.", instead)


def quoted_variable(call: bytes, before: bytes, quoted: bytes) -> Refusal | None:
    """The refusal of psql's :'name' and :"name", which the server takes for a syntax error.

    ``quoted`` starts with the quote; ``before`` is what is in front of it in its statement, behind
    the innermost parenthesis that is open, and ``call`` what is in front of that. Where the server
    has a use for the colon, psql leaves it alone too, as no variable has that name.
    """
    colons = len(before) - len(before.rstrip(b":"))
    found = _QUOTED_VARIABLE.match(quoted)
    if colons % 2 == 0 or found is None:
        return None
    is_value = _JSON_OBJECT.search(call[-_NEAR:]) and _KEY.search(before[-_NEAR:])
    if is_value or _is_in_slice(before):
        return None
    name = found[0].decode(errors="replace")
    return Refusal(f":{name} is a variable of psql, not SQL.", VARIABLE_HINT)


def _is_in_slice(before: bytes) -> bool:
    """Whether the innermost bracket that is open has bounds in it, as in a[1:"n"]."""
    opened: list[bytes] = []
    last = b""
    for token in tokens(before):
        word = token[1].lower()
        if word == b"[":
            opened.append(last)
        elif word == b"]":
            del opened[-1:]
        last = word
    return bool(opened) and opened[-1] not in _IN_FRONT_OF_ELEMENTS


def is_variable(sql: str) -> bool:
    """Whether ``sql`` starts with what psql would replace by the value of a variable."""
    return _VARIABLE.match(sql) is not None


def _parts(command: bytes) -> tuple[str, bytes]:
    match = _COMMAND.match(command)
    assert match is not None  # it starts with a backslash
    return match[1].decode(errors="replace"), match[2]
