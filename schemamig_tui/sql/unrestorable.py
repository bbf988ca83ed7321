"""What leaves something in a session that no statement of ours could rebuild in a new one.

Nor can the server be asked for it: it is told by words alone, in statements and in stored code.
"""

import re
from collections.abc import Iterator

from schemamig_tui.sql.bodies import body
from schemamig_tui.sql.lexer import DOLLAR_TAG, tokens

_LEAVES: dict[str, str] = {
    "a library that is loaded": r"\bload\s+'",
    "the seed of random()": r"\bsetseed\s*\(|\bset\s+(?:session\s+|local\s+)?seed\b",
    "a connection of dblink": r"\bdblink_(?:connect\w*|open)\s*\(",
    "a replication origin": r"\bpg_replication_origin_session_setup\b",
    "a replication slot, which may be temporary": (
        r"\bpg_(?:create|copy)_(?:physical|logical)_replication_slot\b"
    ),
    "a base backup": r"\bpg_(?:start_backup|backup_start)\b",
    "what an extension keeps": r"\b(?:isn_weak|set_limit|set_system_time)\s*\(|\b(?:hypopg|pgv)_",
    "what a procedural language keeps": (
        r"\blanguage\s+'?(?:plperlu?|plpython\w*|pltclu?|plv8\w*|plr|pl(?:java|lua|sh)u?)\b"
    ),
    "a setting whose name is made up as it runs": (
        r"\bset_config\s*\(\s*(?!\s*[en]?(?:'+|\$\w*\$)\s*\"?[a-z_][\w$.]*\"?\s*(?:'+|\$\w*\$)\s*[,:])"
        r"|\bset\s+(?:session\s+|local\s+)?(?:%|'\s*\|\||\"?[\w$.]*'\s*\|\||\"?[a-z_][\w$]*\.%)"
    ),
}
_FINDS = {what: re.compile(pattern.encode(), re.IGNORECASE) for what, pattern in _LEAVES.items()}
_ANY = re.compile("|".join(_LEAVES.values()).encode(), re.IGNORECASE)

IN_CODE = (
    r"set_config|current_setting|setseed|\mload\s|dblink_|pg_(?:create|copy)_|replication_origin"
    r"|backup|isn_weak|set_limit|set_system_time|hypopg_|pgv_|\mlocal\M|\m(?:un)?listen\M"
    r"|advisory_xact|currval|lastval|\m(?:re)?set\s+(?:session\s+)?(?:seed\M|[%'\"]|[\w$]+\"?\.)"
    r"|\mshow\s+\"?[\w$]+\"?\.|\mset\s+[\w$.]*'\s*\|\|"
)
"""A pattern of the server's (for ~*) that finds the code in which anything here may be found."""

LANGUAGES = ("sql", "plpgsql")
"""The languages whose code keeps nothing of its own in a session; C and internal apart."""

_LAST_VALUE = re.compile(rb"(?i)\b(?:currval|lastval)\s*\(")
_MAY_HIDE = re.compile(rb"(?i)\blocal\b|set_config|\blisten\b|\bunlisten\b|advisory_xact")


def leaves(sql: bytes) -> str | None:
    """What a statement, or code that it carries, may leave in the session; None: nothing."""
    if not _ANY.search(sql):
        return None
    text = _code(sql)
    return next((what for what, found in _FINDS.items() if found.search(text)), None)


def leaves_from_code(code: bytes) -> str | None:
    """The same of the code of a function."""
    return leaves(b"DO $schemamig$" + code + b"$schemamig$")


def asks_for_last_value(sql: bytes) -> bool:
    """Whether it asks for the last value that a sequence gave to this session."""
    return _LAST_VALUE.search(sql) is not None and _LAST_VALUE.search(_code(sql)) is not None


def may_hide(code: bytes) -> bool:
    """Whether the code of a function may set something that looks different behind a COMMIT."""
    return _MAY_HIDE.search(code) is not None


def _code(sql: bytes) -> bytes:
    """A statement without its comments, and without strings that are neither code nor a name."""
    return b"".join(_parts(sql, is_code=body(sql) is not None))


def _parts(sql: bytes, *, is_code: bool) -> Iterator[bytes]:
    """The tokens of a statement, or of code, with a blank where anything is between them."""
    end, before = 0, (b"", b"")
    for match in tokens(sql):
        token = match[1]
        if match.start(1) > end:
            yield b" "
        tag = DOLLAR_TAG.match(token)
        if tag and is_code:
            yield from _parts(token[tag.end() : -tag.end()], is_code=True)
        elif is_code or not token.endswith((b"'", b"$")) or _is_name(before):
            yield token
        else:
            yield b"''"
        end, before = match.end(1), (before[1], token.lower())


def _is_name(before: tuple[bytes, bytes]) -> bool:
    """Whether the string behind two tokens is the name of a setting, a library or a language."""
    return before == (b"set_config", b"(") or before[1] in (b"load", b"language")
