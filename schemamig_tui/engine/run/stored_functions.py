"""What functions in the database may do to a session without that a statement says so."""

import re
from dataclasses import dataclass
from functools import cache
from typing import Any, LiteralString

import psycopg

from schemamig_tui.sql.setting_names import dotted_names
from schemamig_tui.sql.unrestorable import (
    IN_CODE,
    LANGUAGES,
    asks_for_last_value,
    leaves_from_code,
    may_hide,
)
from schemamig_tui.text import visible

_NONE: frozenset[str] = frozenset()


@dataclass(frozen=True)
class StoredFunctions:
    """The names of functions by what they, or functions that they mention, may do to a session.

    ``hiding``: set something for a while, so that the session is another one behind the COMMIT;
    ``leaving``: leave what no statement makes again; ``remembering``: ask for the last value of a
    sequence. ``fired`` are those that a trigger, a default or another object calls without being
    mentioned. ``settings`` are the names of settings with a dot that any of them has.
    ``expressions`` tells that such an object sets something by itself.
    """

    hiding: frozenset[str] = _NONE
    leaving: frozenset[str] = _NONE
    remembering: frozenset[str] = _NONE
    fired: frozenset[str] = _NONE
    settings: frozenset[str] = _NONE
    expressions: bool = False

    def mentioned(self, names: frozenset[str], sql: bytes) -> str | None:
        """Which of some functions a statement mentions, in words; None: none."""
        found = _any_word(names).search(sql) if names else None
        return f"the function {visible(found[0].decode(errors='replace'))}" if found else None

    def called(self, names: frozenset[str], sql: bytes) -> str | None:
        """What a statement may call of some functions, in words; None: nothing."""
        if found := self.mentioned(names, sql):
            return found
        if fired := sorted(names & self.fired):
            return f"the function {visible(fired[0])}"
        return "set_config, by a default or a view," if self.expressions else None


def stored_functions(conn: psycopg.Connection[Any]) -> StoredFunctions:
    """Read those functions of a database that may matter."""
    functions = [_Function(*row) for row in conn.execute(_MATTERING, (IN_CODE,))]
    row = conn.execute(_EXPRESSIONS).fetchone()
    expressions = bool(row and row[0])
    if not functions:
        return StoredFunctions(expressions=expressions)
    settings = set().union(*(dotted_names(one.code.encode()) for one in functions))
    settings |= {name.lower() for one in functions for name in one.settings if "." in name}
    groups = {
        "hiding": [f for f in functions if f.is_foreign or may_hide(f.code.encode())],
        "leaving": [f for f in functions if f.is_foreign or leaves_from_code(f.code.encode())],
        "remembering": [f for f in functions if asks_for_last_value(f.code.encode())],
    }
    fired: set[str] = set()
    names: dict[str, frozenset[str]] = {}
    for group, members in groups.items():
        everyone = [*members, *_callers(conn, members)]
        fired.update(one.name for one in everyone if one.is_fired)
        names[group] = frozenset(one.name for one in everyone)
    return StoredFunctions(
        fired=frozenset(fired), settings=frozenset(settings), expressions=expressions, **names
    )


@dataclass(frozen=True)
class _Function:
    oid: int
    name: str
    language: str
    code: str
    settings: list[str]
    is_fired: bool

    @property
    def is_foreign(self) -> bool:
        return self.language not in LANGUAGES


def _callers(conn: psycopg.Connection[Any], called: list[_Function]) -> list[_Function]:
    """The functions that mention one of those, and so on."""
    found: list[_Function] = []
    known = {one.oid for one in called}
    while called:
        words = sorted({one.name.lower() for one in called})
        called = [_Function(*row) for row in conn.execute(_CALLERS, (words, sorted(known)))]
        known |= {one.oid for one in called}
        found += called
    return found


@cache
def _any_word(names: frozenset[str]) -> re.Pattern[bytes]:
    either = b"|".join(re.escape(name.encode()) for name in sorted(names))
    return re.compile(rb"(?i)(?<![\w$])(?:" + either + rb")(?![\w$])")


# The body of a function in the form of the standard is only there as a tree.
_FUNCTIONS: LiteralString = """
SELECT p.oid::pg_catalog.int8, p.proname::pg_catalog.text, l.lanname::pg_catalog.text,
    pg_catalog.concat(p.prosrc, pg_catalog.pg_get_function_sqlbody(p.oid)),
    ARRAY(SELECT pg_catalog.split_part(setting, '=', 1)
        FROM pg_catalog.unnest(p.proconfig) AS setting),
    EXISTS (SELECT FROM pg_catalog.pg_depend AS d
        WHERE d.refclassid OPERATOR(pg_catalog.=) '1255' AND d.refobjid OPERATOR(pg_catalog.=) p.oid
        AND d.deptype OPERATOR(pg_catalog.=) 'n' AND d.classid OPERATOR(pg_catalog.<>) '1255')
FROM pg_catalog.pg_proc AS p JOIN pg_catalog.pg_language AS l
    ON l.oid OPERATOR(pg_catalog.=) p.prolang
WHERE p.oid OPERATOR(pg_catalog.>=) 16384
    AND l.lanname OPERATOR(pg_catalog.<>) ALL (ARRAY['c', 'internal'])
"""
_MATTERING: LiteralString = (
    _FUNCTIONS
    + " AND (p.prosrc OPERATOR(pg_catalog.~*) %s OR p.prosqlbody IS NOT NULL"
    + " OR p.proconfig IS NOT NULL"
    + " OR l.lanname OPERATOR(pg_catalog.<>) ALL (ARRAY['sql', 'plpgsql']))"
)
_CALLERS: LiteralString = (
    _FUNCTIONS
    + " AND EXISTS (SELECT FROM pg_catalog.unnest(%s::pg_catalog.text[]) AS word"
    + " WHERE pg_catalog.strpos(pg_catalog.lower(p.prosrc), word) OPERATOR(pg_catalog.>) 0"
    + " OR p.prosqlbody IS NOT NULL AND pg_catalog.strpos(pg_catalog.lower("
    + " pg_catalog.pg_get_function_sqlbody(p.oid)), word) OPERATOR(pg_catalog.>) 0)"
    + " AND p.oid OPERATOR(pg_catalog.<>) ALL (%s::pg_catalog.oid[])"
)
# 2078 is set_config, 1599 is setseed; nothing depends on what the system is made of.
_EXPRESSIONS: LiteralString = """
SELECT EXISTS (SELECT FROM (
    SELECT ev_action::pg_catalog.text FROM pg_catalog.pg_rewrite
        WHERE oid OPERATOR(pg_catalog.>=) 16384
    UNION ALL SELECT adbin::pg_catalog.text FROM pg_catalog.pg_attrdef
    UNION ALL SELECT polqual::pg_catalog.text FROM pg_catalog.pg_policy
    UNION ALL SELECT polwithcheck::pg_catalog.text FROM pg_catalog.pg_policy
    UNION ALL SELECT conbin::pg_catalog.text FROM pg_catalog.pg_constraint
    UNION ALL SELECT tgqual::pg_catalog.text FROM pg_catalog.pg_trigger) AS x(tree)
    WHERE pg_catalog.strpos(tree, ':funcid 2078 ') OPERATOR(pg_catalog.>) 0
        OR pg_catalog.strpos(tree, ':funcid 1599 ') OPERATOR(pg_catalog.>) 0)
"""
