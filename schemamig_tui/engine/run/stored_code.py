"""Finds what functions, triggers, views and the like can do to the session of a file."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import psycopg

from schemamig_tui.engine.run.stored_functions import StoredFunctions
from schemamig_tui.patience import no_transaction_timeout
from schemamig_tui.sql.new_session import MAY_LEAVE_TRACES, Traces, any_word, traces_of
from schemamig_tui.sql.type_changes import declared
from schemamig_tui.sql.unrestorable import (
    MAY_MATTER,
    asks_for_last_value,
    may_change,
    may_hide,
    may_lock,
    may_store,
    may_unlock,
)

# Objects that are not PostgreSQL's own have oids from this one on (FirstNormalObjectId).
_FIRST = 16384


@dataclass(frozen=True)
class StoredCode:
    """What stored code can do to a session.

    ``functions`` are its functions by what they can do; ``names`` are the settings with a dot in
    their name that it sets or reads. ``always``: a trigger or the like calls one of the ``leaving``
    functions, so every file may. ``alters_start``: some function may change what new sessions start
    with; ``sets_path``: one sets the search_path. ``questions`` are conditions in SQL which hold
    where an extension has kept nothing in the session.
    """

    functions: StoredFunctions
    names: frozenset[str] = frozenset()
    always: bool = False
    alters_start: bool = False
    sets_path: bool = False
    questions: tuple[str, ...] = ()

    @classmethod
    def ask(cls, conn: psycopg.Connection[Any]) -> Self:
        """Ask the server, in a transaction of its own, on a connection that is in none.

        Where the role may not read the catalog, the result is ``always``.
        """
        try:
            return cls._ask(conn)
        except psycopg.ProgrammingError:
            conn.execute("ROLLBACK")
            return cls(StoredFunctions(sets=True), always=True)

    @classmethod
    def _ask(cls, conn: psycopg.Connection[Any]) -> Self:
        rows, ((sets, login, questions, leads_to_settings),) = ask_as_postgres(
            conn, f"{_FUNCTIONS}; {_OTHERS}", {"pattern": f"{MAY_LEAVE_TRACES}|{MAY_MATTER}"}
        )
        if leads_to_settings:
            rows += ask_as_postgres(conn, _LEADING_TO_SETTINGS)[0]
        functions = [_StoredFunction(*row) for row in rows]

        # The callers of all kinds are asked for at once; those of each kind are among them.
        matters = [one for one in functions if any(belongs(one) for belongs in _KINDS)]
        everyone = matters + _callers(matters, _asking(conn))

        def with_callers(found: list[_StoredFunction]) -> list[_StoredFunction]:
            return found + _callers(found, lambda *_: everyone)

        def of_kind(belongs: Callable[[_StoredFunction], bool]) -> list[_StoredFunction]:
            return with_callers([function for function in matters if belongs(function)])

        leaving, changing = of_kind(_leaves), of_kind(_changes)
        names = (one.traces.names | one.placeholders for one in functions)
        storing = [one for one in changing if may_store(one.code) or not one.is_sql]
        return cls(
            functions=StoredFunctions(
                leaving=_names(leaving),
                changing=_names(changing),
                hiding=_names(of_kind(_hides)),
                storing=_names(with_callers(storing)),
                remembering=_names(of_kind(_remembers)),
                locking=_names(of_kind(_locks)),
                unlocking=_names(of_kind(_unlocks)),
                fired=_names(one for one in (*leaving, *changing) if one.is_used),
                on_events=_names(one for one in leaving if one.is_for_events),
                sets=sets,
            ),
            names=frozenset[str]().union(*names),
            always=sets or login or any(one.is_used for one in leaving),
            alters_start=any(one.traces.alters_start for one in functions),
            sets_path=any(one.traces.types.path for one in functions),
            questions=tuple(questions),
        )


def ask_last_values(conn: psycopg.Connection[Any], functions: StoredFunctions) -> frozenset[str]:
    """The names by which a statement may ask for the last value that a sequence gave.

    They are those of the ``remembering`` functions, of tables and views that lead to one by a
    default, a trigger or a rule, and of functions that name such a table.
    """
    remembering = functions.remembering
    try:
        (rows,) = ask_as_postgres(conn, _LEADING_TO_LAST_VALUES, {"names": [*remembering]})
        found = [_StoredFunction(*row) for row in rows]
        return remembering | _names(found + _callers(found, _asking(conn)))
    except psycopg.ProgrammingError:  # as in StoredCode.ask
        conn.execute("ROLLBACK")
        return remembering


def ask_declarations(conn: psycopg.Connection[Any]) -> bytes:
    """What the PL/pgSQL functions of the database declare."""
    (rows,) = ask_as_postgres(conn, _PLPGSQL)
    return b"\n".join(declared(code.lower()) for (code,) in rows)


def ask_as_postgres(
    conn: psycopg.Connection[Any], queries: str, params: dict[str, object] | None = None
) -> list[list[tuple[Any, ...]]]:
    """The rows of each query, asked in one round trip, under settings of PostgreSQL's own.

    So names mean what they mean to PostgreSQL, and no timeout of the role ends the queries. Raises
    psycopg.Error.
    """
    cursor = psycopg.ClientCursor(conn)
    query = f"{_BEGIN}; {no_transaction_timeout(conn)}{queries}; COMMIT"
    cursor.execute(query.encode(), params)
    answers = []
    while cursor.nextset():
        if cursor.description:
            answers.append(cursor.fetchall())
    return answers


@dataclass(frozen=True)
class _StoredFunction:
    """A function. ``is_used``: a trigger, or something else that is no function, depends on it.

    ``is_for_events``: it returns event_trigger.
    """

    oid: int
    name: str
    code: bytes
    settings: Sequence[str]
    is_sql: bool
    is_used: bool
    is_for_events: bool

    @cached_property
    def traces(self) -> Traces:
        """What its code and its SET clauses leave in a session, and notice there."""
        return traces_of(b"\n".join((self.code, *map(str.encode, self.settings))))

    @property
    def placeholders(self) -> set[str]:
        """The settings with a dot in their name that its SET clauses make."""
        return {name.lower() for name in self.settings if "." in name}


def _names(functions: Iterable[_StoredFunction]) -> frozenset[str]:
    return frozenset(function.name for function in functions)


def _leaves(one: _StoredFunction) -> bool:
    return one.traces.leaves or one.traces.sees or not one.is_sql


def _changes(one: _StoredFunction) -> bool:
    return bool(one.placeholders) or may_change(one.code) or not one.is_sql


def _hides(one: _StoredFunction) -> bool:
    return may_hide(one.code) or not one.is_sql


def _remembers(one: _StoredFunction) -> bool:
    return asks_for_last_value(one.code)


def _locks(one: _StoredFunction) -> bool:
    return may_lock(one.code)


def _unlocks(one: _StoredFunction) -> bool:
    return may_unlock(one.code)


def _asking(
    conn: psycopg.Connection[Any],
) -> Callable[[frozenset[str], set[int]], Iterable[_StoredFunction]]:
    """Asks the server for functions that may mention a name: see ``_callers``."""

    def ask(words: frozenset[str], known: set[int]) -> Iterable[_StoredFunction]:
        (rows,) = ask_as_postgres(conn, _CALLERS, {"words": [*words], "known": [*known]})
        return (_StoredFunction(*row) for row in rows)

    return ask


_KINDS = (_leaves, _changes, _hides, _remembers, _locks, _unlocks)


def _callers(
    called: Sequence[_StoredFunction],
    candidates: Callable[[frozenset[str], set[int]], Iterable[_StoredFunction]],
) -> list[_StoredFunction]:
    """The functions that mention one of ``called``, or mention such a caller, and so on.

    ``candidates`` gives those that may mention a name, for names in lower case and the numbers of
    the functions that are known already.
    """
    found: list[_StoredFunction] = []
    known = {function.oid for function in called}
    while called:
        words = frozenset(function.name.lower() for function in called)
        mentions = any_word(words)
        called = [
            function
            for function in candidates(words, known)
            if function.oid not in known and mentions.search(function.code)
        ]
        known.update(function.oid for function in called)
        found += called
    return found


_BEGIN = "BEGIN; SET LOCAL search_path = pg_catalog, pg_temp; SET LOCAL statement_timeout = 0"
# As bytes: a database in SQL_ASCII may hold some that are text in no encoding.
_CODE = """convert_to(concat_ws(E'\\n', p.prosrc, pg_get_function_sqlbody(p.oid)),
        getdatabaseencoding())"""
# What leads to some relations by its rules, which views have as well, or as their parent: as
# functions that name them.
_BY_RULE = f"""d.refclassid = 'pg_class'::regclass AND d.classid = 'pg_rewrite'::regclass
        AND d.objid >= {_FIRST}"""


def _leading_to(relations: str, code: str) -> str:
    """The query for the relations that some others lead to, as functions with this ``code``."""
    return f"""
WITH RECURSIVE found(oid) AS ({relations}
    UNION SELECT l.oid FROM found f, LATERAL (SELECT r.ev_class
        FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid
        WHERE d.refobjid = f.oid AND {_BY_RULE}
        UNION ALL SELECT inhparent FROM pg_inherits WHERE inhrelid = f.oid) AS l(oid))
SELECT c.oid::int8, c.relname::text, '{code}'::bytea, ARRAY[]::text[], true, false, false
FROM found f JOIN pg_class c ON c.oid = f.oid AND c.oid >= {_FIRST}"""


def _calls(trees: str, *functions: int) -> str:
    """The condition that an expression calls one of the functions with these numbers."""
    return " OR ".join(f"strpos({trees}, ':funcid {number} ') > 0" for number in functions)


# currval and lastval.
_LAST_VALUE = 1575, 2559
_LEADING_TO_SETTINGS = _leading_to("SELECT 'pg_settings'::regclass::oid", "pg_settings")
_LEADING_TO_LAST_VALUES = _leading_to(
    f"""SELECT adrelid FROM pg_attrdef WHERE {_calls("adbin::text", *_LAST_VALUE)}
    UNION SELECT ev_class FROM pg_rewrite WHERE oid >= {_FIRST}
        AND ({_calls("concat(ev_action::text, ev_qual::text)", *_LAST_VALUE)})
    UNION SELECT coalesce(a.adrelid, r.ev_class, t.tgrelid)
    FROM pg_proc p JOIN pg_depend d ON d.refclassid = 'pg_proc'::regclass AND d.refobjid = p.oid
        LEFT JOIN pg_attrdef a ON d.classid = 'pg_attrdef'::regclass AND a.oid = d.objid
        LEFT JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
        LEFT JOIN pg_trigger t ON d.classid = 'pg_trigger'::regclass AND t.oid = d.objid
    WHERE p.oid >= {_FIRST} AND p.proname = ANY (%(names)s::name[])""",
    "lastval()",
)
_SELECT = f"""
SELECT p.oid::int8, p.proname::text, {_CODE},
    ARRAY(SELECT split_part(setting, '=', 1) FROM unnest(p.proconfig) AS setting),
    l.lanname IN ('sql', 'plpgsql'),
    EXISTS (SELECT FROM pg_depend d WHERE d.refclassid = 'pg_proc'::regclass
        AND d.refobjid = p.oid AND d.deptype = 'n' AND (d.classid <> 'pg_proc'::regclass
            OR d.objid IN (SELECT oid FROM pg_proc
                WHERE prokind = 'a' OR proargdefaults IS NOT NULL))),
    p.prorettype = 'event_trigger'::regtype
FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
WHERE p.oid >= {_FIRST} AND (l.lanname NOT IN ('c', 'internal')
    OR p.prosrc = 'set_config_by_name'
    OR p.oid IN (SELECT aggfnoid FROM pg_aggregate WHERE aggtransfn = 2078))"""
# Of a column alone, the planner tries the pattern on a hundred values that ANALYZE has kept.
_FUNCTIONS = f"""{_SELECT} AND (l.lanname NOT IN ('sql', 'plpgsql') OR p.proconfig IS NOT NULL
    OR p.prosqlbody IS NOT NULL OR p.prosrc || '' ~* %(pattern)s)"""
_CALLERS = f"""{_SELECT} AND p.oid <> ALL (%(known)s::oid[])
    AND (p.prosqlbody IS NOT NULL OR EXISTS (
        SELECT FROM unnest(%(words)s::text[]) word WHERE strpos(lower(p.prosrc), word) > 0))"""
_PLPGSQL = f"""
SELECT convert_to(p.prosrc, getdatabaseencoding())
FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
WHERE p.oid >= {_FIRST} AND l.lanname = 'plpgsql'"""


def _sets_something(trees: str) -> str:
    """The condition that an expression calls set_config or setseed."""
    return _calls(trees, 2078, 1599)


# Expressions that run without being mentioned; whether a trigger waits for a login (from 17 on);
# what only an extension can tell: connections of postgres_fdw, and until 17 a flag of isn; and
# whether a rule leads to pg_settings.
_OTHERS = f"""
SELECT EXISTS (SELECT FROM pg_rewrite WHERE oid >= {_FIRST}
        AND ({_sets_something("concat(ev_action::text, ev_qual::text)")}))
    OR EXISTS (SELECT FROM pg_attrdef WHERE {_sets_something("adbin::text")})
    OR EXISTS (SELECT FROM pg_type WHERE {_sets_something("typdefaultbin::text")})
    OR EXISTS (SELECT FROM pg_proc
        WHERE oid >= {_FIRST} AND ({_sets_something("proargdefaults::text")}))
    OR EXISTS (SELECT FROM pg_policy
        WHERE {_sets_something("concat(polqual::text, polwithcheck::text)")})
    OR EXISTS (SELECT FROM pg_constraint WHERE {_sets_something("conbin::text")})
    OR EXISTS (SELECT FROM pg_trigger WHERE {_sets_something("tgqual::text")}),
    coalesce((to_jsonb(d) ->> 'dathasloginevt')::bool, false),
    ARRAY(SELECT format(CASE p.proname
            WHEN 'isn_weak' THEN 'NOT %%I.isn_weak()'
            ELSE 'NOT EXISTS (SELECT FROM %%I.postgres_fdw_get_connections())' END, n.nspname)
        FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
            JOIN pg_language l ON l.oid = p.prolang
        WHERE l.lanname = 'c' AND p.pronargs = p.pronargdefaults
            AND p.proname IN ('isn_weak', 'postgres_fdw_get_connections')
            AND has_function_privilege(p.oid, 'EXECUTE')
            AND has_schema_privilege(n.oid, 'USAGE')),
    EXISTS (SELECT FROM pg_depend d WHERE d.refobjid = 'pg_settings'::regclass AND {_BY_RULE})
FROM pg_database d WHERE d.datname = current_database()"""
