"""Asks for the state of a session: once where it begins, and again for each checkpoint of a file.

Only the server knows what functions and triggers have set. The questions are steps of a
transaction; the answer stays in the session as a setting until the transaction ends, so that the
ledger's row can take it without a round trip. The questions name pg_catalog everywhere, operators
too, and are ASCII, whatever the file has set.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, LiteralString

import psycopg
from psycopg.pq.abc import PGresult

from schemamig_tui.engine.events import Mode
from schemamig_tui.engine.ledger import own_session
from schemamig_tui.engine.ledger.checkpoint import State
from schemamig_tui.engine.ledger.own_session import UNTIMED_BUT_KNOWN
from schemamig_tui.engine.pipeline.step import Role, Step
from schemamig_tui.engine.pipeline.transaction import BEGIN, COMMIT
from schemamig_tui.engine.run.file_run import FileRun
from schemamig_tui.engine.run.stored_code import StoredCode, ask_as_postgres
from schemamig_tui.engine.run.stored_functions import StoredFunctions
from schemamig_tui.engine.script.script import Script
from schemamig_tui.engine.watch.run_lock import AdvisoryLock
from schemamig_tui.sql.new_session import ANY_TRACES, traces_of
from schemamig_tui.sql.session_effects import Effect, effect, makes_event_trigger

ANSWER = "pg_catalog.current_setting('schemamig.session')"
"""An expression: the answer to the question, as the text of a jsonb."""

TRANSACTION_MODES = b"""SELECT pg_catalog.set_config('schemamig.modes', pg_catalog.concat(
 'ISOLATION LEVEL ', pg_catalog.upper(pg_catalog.current_setting('transaction_isolation')),
 CASE WHEN pg_catalog.current_setting('transaction_read_only')::pg_catalog.bool
 THEN ', READ ONLY' ELSE ', READ WRITE' END,
 CASE WHEN pg_catalog.current_setting('transaction_deferrable')::pg_catalog.bool
 THEN ', DEFERRABLE' ELSE ', NOT DEFERRABLE' END), true)"""
"""The modes that BEGIN takes, of the transaction that is open; they stay in it as a setting."""


@dataclass(frozen=True)
class SessionStart:
    """What a session was like before any file ran in it.

    ``login`` is its session user and ``role`` its role. ``starts`` are the settings that it got
    from these, its database and its client; ``settings`` are the values of all settings that a file
    may change, by name, and None for a name that nobody has set. ``event_triggers``: any DDL may
    run code. ``lock`` is the advisory lock of ours that the session may hold. ``functions`` are
    those of the database, where the files may call any. ``is_utf8``: the database is in UTF8, so
    that any text can be written in ASCII with escapes. ``has_libraries``: functions in C, also of
    an extension that a file makes, may set what their library has added to the settings when it was
    loaded, after the start. ``loaded`` is when the configuration of the server was, in seconds.
    """

    login: str
    role: str
    starts: Mapping[str, str]
    settings: Mapping[str, str | None]
    event_triggers: bool
    lock: AdvisoryLock
    functions: StoredFunctions
    is_utf8: bool
    has_libraries: bool
    loaded: float

    @cached_property
    def questions(self) -> tuple[bytes, bytes]:
        """The two queries that ask for the differences between the session now and at its start.

        They have to follow UNTIMED_BUT_KNOWN or AS_IN_COMMIT_BUT_KNOWN in one transaction.
        ``ANSWER`` is the answer of the second one from then on. The first one goes back to the user
        that the session began as: settings that only a superuser may see raise an error for anybody
        else, and which these are depends on the version and on the distribution.
        """
        asked = {name: value for name, value in self.settings.items() if name not in _OVERRIDDEN}
        asked["schemamig.role"] = self.role
        asked["schemamig.session_authorization"] = self.login
        for name in _OVERRIDDEN & self.settings.keys():
            asked[f"schemamig.{name}"] = self.settings[name]
        # The others would have to be compared with each time: those of them are always answered.
        values = (
            value if value is not None and self._can_write(value) else _UNSET
            for value in asked.values()
        )
        question = _QUESTION.format(
            names=literal(_SEPARATOR.join(asked)),
            values=literal(_SEPARATOR.join(values)),
            purpose=self.lock.purpose & 0xFFFFFFFF,
            subject=self.lock.subject & 0xFFFFFFFF,
            of_libraries=self._of_libraries,
            loaded=self.loaded,
        )
        who = own_session.select(*_WHO, self._as_at_login, own_session.set_local("role", None))
        return who, question.encode()

    @cached_property
    def in_mid_file(self) -> bytes:
        """The query that makes the rest of a transaction fit for our own work.

        The role, and the settings that triggers of the ledger may depend on, are as at the start;
        the client encoding is UTF-8, and no timeout of the file counts.
        """
        return own_session.select(self._as_at_login, *own_session.IN_MID_FILE)

    @property
    def as_ourselves(self) -> bytes:
        """The query that has the transaction go on as the user that the session began as.

        ``AS_THE_FILE`` gives it back.
        """
        return self.questions[0]

    @property
    def _as_at_login(self) -> str:
        # The session user is left alone where it is the same: minor versions before November 2024
        # would forget the role at the COMMIT then (CVE-2024-10978).
        login = literal(self.login) if self._can_write(self.login) else "''"
        default = own_session.set_local("session_authorization", None)
        return f"CASE WHEN session_user OPERATOR(pg_catalog.<>) {login} THEN {default} END"

    @property
    def _of_libraries(self) -> str:
        if not self.has_libraries:
            return ""
        known = (name for name in self.settings if "." in name)
        return _OF_LIBRARIES.format(names=literal(_SEPARATOR.join(known)))

    def _can_write(self, value: str) -> bool:
        return self.is_utf8 or value.isascii()

    def differing(self, state: State) -> State:
        """The part of a state that differs from the start."""
        return {name: value for name, value in state.items() if self.settings.get(name) != value}


def ask_start(
    conn: psycopg.Connection[Any],
    lock: AdvisoryLock,
    scripts: Sequence[Script],
    names: Iterable[str] = (),
    stored: StoredCode | None = None,
) -> SessionStart:
    """Ask for the start of a session, which has to be as good as new, and runs ``scripts``.

    ``names`` are further settings to ask for, with a dot in their names: the server has no list of
    these. ``stored`` is what is known of stored code; None: nothing yet.
    """
    asked = set(names)
    functions = StoredFunctions()
    # Functions only matter where one may be called.
    if any(map(_may_change_session, scripts)) or _has_event_triggers(conn):
        code = stored or StoredCode.ask(conn)
        functions = code.functions
        asked |= code.names.union(*map(_names_in, scripts))
    is_utf8 = conn.info.parameter_status("server_encoding") == "UTF8"
    parameters = {
        "names": sorted(name for name in asked if is_utf8 or name.isascii()),
        "given": _GIVEN,
        "of_the_run": _OF_THE_RUN,
        "not_settings": _NOT_SETTINGS,
    }
    # CREATE EXTENSION, which may bring one, is among what leaves something in a session.
    brings_libraries = any(script.traces.leaves for script in scripts)
    cursor = psycopg.ClientCursor(conn)
    cursor.execute(b"; ".join((BEGIN, UNTIMED_BUT_KNOWN, _START.encode(), COMMIT)), parameters)
    for _ in range(2):  # behind the answers to the first two
        cursor.nextset()
    row = cursor.fetchone()
    assert row is not None
    found = json.loads(row[0])
    named: dict[str, str | None] = found["named"]
    given = {name: value for name, value in named.items() if value is not None}
    if found["role"] != "none":
        given["role"] = found["role"]
    return SessionStart(
        login=found["login"],
        role=found["role"],
        starts={**found["starts"], **given},
        settings={**found["settings"], **named},
        event_triggers=found["event_triggers"],
        lock=lock,
        functions=functions,
        is_utf8=is_utf8,
        has_libraries=found["has_libraries"] or brings_libraries,
        loaded=found["loaded"],
    )


def start_for(
    conn: psycopg.Connection[Any],
    lock: AdvisoryLock,
    files: Sequence[FileRun],
    stored: StoredCode | None = None,
) -> SessionStart:
    """Ask for the start of a session, which is as good as new, for its files without a transaction.

    Its other files may store code that those call, and that sets something with a dot in its name.
    """
    runs = [run for run in files if run.script.mode is Mode.NO_TRANSACTION]
    others = [run.script for run in files if run.script.mode is not Mode.NO_TRANSACTION]
    names = {name for run in runs for name in run.state if "." in name}
    names.update(*(script.traces.names for script in others if script.traces.stores_code))
    return ask_start(conn, lock, [run.script for run in runs], names, stored)


def _names_in(script: Script) -> frozenset[str]:
    """The settings with a dot that a file sets or reads."""
    if script.traces is not ANY_TRACES:
        return script.traces.names
    found = (traces_of(script.sql(i)).names for i in range(len(script)))
    return frozenset().union(*found)


def _may_change_session(script: Script) -> bool:
    """Whether a statement may set something, or call code that does."""
    return any(
        effect(sql := script.sql(i), script.traits(i)) > Effect.NONE or makes_event_trigger(sql)
        for i in range(len(script))
    )


def _has_event_triggers(conn: psycopg.Connection[Any]) -> bool:
    (((found,),),) = ask_as_postgres(conn, f"SELECT {_HAS_EVENT_TRIGGERS}")
    return bool(found)


def capturing(start: SessionStart, answered: Callable[[PGresult], None]) -> Iterator[Step]:
    """The steps that ask for the state of a session in which no transaction is open."""
    yield Step(BEGIN, Role.HOUSEKEEPING)
    yield Step(UNTIMED_BUT_KNOWN, Role.HOUSEKEEPING)
    who, question = start.questions
    yield Step(who, Role.HOUSEKEEPING)
    # The answer is to come in UTF-8.
    yield Step(question, Role.HOUSEKEEPING)
    yield Step(start.in_mid_file, Role.HOUSEKEEPING)
    yield Step(f"SELECT {ANSWER}".encode(), Role.HOUSEKEEPING, prompt=True, answer=answered)
    yield Step(b"ROLLBACK", Role.HOUSEKEEPING)


def state_of(answer: PGresult) -> dict[str, str]:
    """Read the answer to the questions."""
    value = answer.get_value(0, 0) or b"{}"
    state: dict[str, str] = json.loads(value.decode("utf-8", "replace"))
    return state


def literal(text: str) -> str:
    """A string as SQL, in ASCII, and whatever standard_conforming_strings is."""
    return f"E'{text.translate(_ESCAPED)}'"


class _Escapes(dict[int, str]):
    """The escape of each character, computed when the character is met for the first time."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        if char in "'\\":
            escaped = 2 * char
        elif 0x20 <= code < 0x7F and char != "$":  # which might end the code that it stands in
            escaped = char
        else:
            escaped = f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
        return self.setdefault(code, escaped)


_ESCAPED = _Escapes()


_WHO = (
    "pg_catalog.set_config('schemamig.role', pg_catalog.current_setting('role'), true)",
    "pg_catalog.set_config('schemamig.session_authorization', session_user::pg_catalog.text, true)",
)
_WAS = "pg_catalog.current_setting('schemamig.{}')"
_WAS_USER = _WAS.format("session_authorization")
AS_THE_FILE = own_session.select(
    f"CASE WHEN session_user::pg_catalog.text OPERATOR(pg_catalog.<>) {_WAS_USER}"
    f" THEN pg_catalog.set_config('session_authorization', {_WAS_USER}, true) END",
    # To set the session user resets the role.
    f"pg_catalog.set_config('role', {_WAS.format('role')}, true)",
)
"""The query that has a transaction go on as the one whom ``as_ourselves`` has found in it."""
_SEPARATOR, _UNSET = "\x01", "\x02"
# What our own steps in front of the question have changed already: it knows what they were.
_OVERRIDDEN = {"statement_timeout", "transaction_timeout"}
_EQUALS = "OPERATOR(pg_catalog.=)"
_SET = "pg_catalog.current_setting(s.name, true)"
_QUESTION = f"""SELECT pg_catalog.set_config('schemamig.session',
 coalesce(pg_catalog.jsonb_object_agg(name, value)::pg_catalog.text, '{{{{}}}}'), true) FROM (
 SELECT pg_catalog.replace(s.name, 'schemamig.', ''), {_SET}
 FROM ROWS FROM (pg_catalog.string_to_table({{names}}, E'\x01'),
 pg_catalog.string_to_table({{values}}, E'\x01', E'\x02')) AS s(name, value)
 WHERE ({_SET} {_EQUALS} s.value) IS NOT TRUE AND {_SET} IS NOT NULL
 AND (pg_catalog.date_part('epoch', pg_catalog.pg_conf_load_time()) {_EQUALS} {{loaded}}
 OR pg_catalog.strpos(s.name, '.') OPERATOR(pg_catalog.>) 0
 OR s.name {_EQUALS} ANY (SELECT a.name FROM pg_catalog.pg_show_all_settings() AS a
 WHERE a.source {_EQUALS} 'session'))
 UNION ALL SELECT pg_catalog.concat('LISTEN ', channel), ''
 FROM pg_catalog.pg_listening_channels() AS channel
 UNION ALL SELECT pg_catalog.concat('prepared statement ', p.name), ''
 FROM pg_catalog.pg_prepared_statement() AS p WHERE p.from_sql
 UNION ALL SELECT pg_catalog.concat('cursor ', c.name), ''
 FROM pg_catalog.pg_cursor() AS c WHERE c.is_holdable
 UNION ALL SELECT pg_catalog.concat_ws(' ', 'advisory lock', l.classid, l.objid, l.objsubid,
 l.mode), '' FROM pg_catalog.pg_lock_status() AS l
 WHERE l.locktype {_EQUALS} 'advisory' AND l.pid {_EQUALS} pg_catalog.pg_backend_pid()
 AND NOT (l.classid {_EQUALS} '{{purpose}}' AND l.objid {_EQUALS} '{{subject}}')
 UNION ALL SELECT pg_catalog.concat('temporary ',
 pg_catalog.pg_describe_object(d.classid, d.objid, d.objsubid)), ''
 FROM pg_catalog.pg_depend AS d WHERE d.refclassid {_EQUALS} '2615'
 AND d.refobjid {_EQUALS} pg_catalog.pg_my_temp_schema(){{of_libraries}}) AS x(name, value)"""
"""2615 is pg_namespace: all that is in a schema depends on it.

Where the server has loaded its configuration since the start, what that has changed is not the
session's own: a new session has it anyway, until it changes again.
"""
_OF_LIBRARIES = f"""
 UNION ALL SELECT l.name, pg_catalog.current_setting(l.name)
 FROM pg_catalog.pg_show_all_settings() AS l WHERE l.source {_EQUALS} 'session'
 AND pg_catalog.strpos(l.name, '.') OPERATOR(pg_catalog.>) 0
 AND l.name OPERATOR(pg_catalog.<>) ALL (pg_catalog.string_to_array({{names}}, E'\x01'))"""

# Where a new session has its settings from (``source`` in pg_settings), other than the server. It
# makes no difference whether the client asks for the encoding that the server has anyway.
_GIVEN = ["client", "database", "database user", "global", "user"]
# What a run sets for itself on its connections, which may be another value each time.
_OF_THE_RUN = [
    "application_name",
    "client_connection_check_interval",
    "client_encoding",
    "idle_in_transaction_session_timeout",
    "idle_session_timeout",
    "lock_timeout",
    "statement_timeout",
    "tcp_keepalives_count",
    "tcp_keepalives_idle",
    "tcp_keepalives_interval",
    "tcp_user_timeout",
    "transaction_timeout",
]
# They are asked for in another way, or are those of a transaction.
_NOT_SETTINGS = [
    "is_superuser",
    "role",
    "seed",
    "session_authorization",
    "transaction_deferrable",
    "transaction_isolation",
    "transaction_read_only",
]
_HAS_EVENT_TRIGGERS: LiteralString = """EXISTS (SELECT FROM pg_catalog.pg_event_trigger
        WHERE evtenabled OPERATOR(pg_catalog.<>) 'D')"""
# It follows UNTIMED_BUT_KNOWN.
_START: LiteralString = f"""
SELECT pg_catalog.json_build_object(
    'login', session_user,
    'role', pg_catalog.current_setting('role'),
    'settings', pg_catalog.json_object_agg(name, coalesce(CASE WHEN name
            OPERATOR(pg_catalog.=) ANY (ARRAY['statement_timeout', 'transaction_timeout'])
            THEN pg_catalog.current_setting(pg_catalog.concat('schemamig.', name)) END,
            pg_catalog.current_setting(name)))
        FILTER (WHERE context OPERATOR(pg_catalog.=) ANY (ARRAY['user', 'superuser'])
        AND name OPERATOR(pg_catalog.<>) ALL (%(not_settings)s)),
    'starts', coalesce(pg_catalog.json_object_agg(name, reset_val)
        FILTER (WHERE name OPERATOR(pg_catalog.=) 'client_encoding'
        OR source OPERATOR(pg_catalog.=) ANY (%(given)s)
        AND name OPERATOR(pg_catalog.<>) ALL (%(of_the_run)s)), '{{}}'),
    'named', (SELECT coalesce(pg_catalog.json_object_agg(n,
        pg_catalog.current_setting(n, true)), '{{}}')
        FROM pg_catalog.unnest(%(names)s::pg_catalog.text[]) AS n),
    'event_triggers', {_HAS_EVENT_TRIGGERS},
    'loaded', pg_catalog.date_part('epoch', pg_catalog.pg_conf_load_time()),
    'has_libraries', EXISTS (SELECT FROM pg_catalog.pg_proc
        WHERE probin IS NOT NULL AND oid OPERATOR(pg_catalog.>=) '16384'))::pg_catalog.text
FROM pg_catalog.pg_settings
"""
