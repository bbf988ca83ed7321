"""The place where the database is, and the connections to it."""

import math
import os
import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, NamedTuple, Self

import psycopg
from psycopg import pq
from psycopg.conninfo import conninfo_to_dict, make_conninfo, timeout_from_conninfo

from schemamig_tui.connect import password_file
from schemamig_tui.connect.identity import Identity, Location, identify
from schemamig_tui.connect.libpq import read_by_libpq
from schemamig_tui.connect.patient import PatientConnection
from schemamig_tui.errors import ConnectionFailed, PasswordWanted, SettingsError
from schemamig_tui.limits import Limits
from schemamig_tui.patience import CLIENT_SIDE, SERVER_SIDE
from schemamig_tui.settings import Settings
from schemamig_tui.text import redact, visible

_PING_TIMEOUT = 2
_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 1.0

_DEFAULTS = {
    "fallback_application_name": "schemamig-tui",  # gives way to PGAPPNAME
    "connect_timeout": "10",
    **CLIENT_SIDE,
}
# A replication connection takes the simple query protocol only. Empty, it is sent to no pooler.
_FIXED = {"client_encoding": "UTF8", "replication": ""}
_READ = (*_DEFAULTS, "host", "hostaddr", "port", "options", "passfile")

NOTHING_NAMED = "PostgreSQL's defaults"
"""The source of a place that neither a flag nor a variable has named."""

OnWait = Callable[[float, str], None]
"""Called while we wait for a server, with the seconds left and why it cannot be reached yet."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a database may be: libpq's parameters, and what people are shown.

    ``route`` says how it was looked for, where there is no connection yet. ``hint`` is the way out
    when the server refuses us, if there is a special one. ``close`` lets go of whatever makes the
    place reachable. ``wait`` is for how many seconds at least it is worth waiting until the server
    answers. ``extension_hint`` says, where we know that, which PostgreSQL has an extension that
    this one lacks. ``warnings`` are sentences about what was not used.
    """

    parameters: Mapping[str, str] = field(repr=False)
    route: str
    location: Location
    hint: str | None = None
    close: Callable[[], None] = lambda: None
    wait: float = 0.0
    extension_hint: Callable[[str], str | None] = lambda name: None
    warnings: tuple[str, ...] = ()


AskPassword = Callable[["Target", PasswordWanted], str | None]
"""Called in the thread that connects. What it returns is kept in memory, as long as the Target."""


class Attempt(NamedTuple):
    """A place where no database was found, and why not."""

    route: str
    reason: str


class Target:
    """The place that was chosen. Connects to it, from any thread and as often as is needed.

    ``route`` says what was chosen, ``tried`` what came before it in the order and was passed over,
    ``warnings`` what people should know of the choice. ``identity`` is which database it is, as the
    first connection has found; ``on_identity`` is called with it then, and raises nothing.
    ``ask_password`` is called where one is wanted, and gives it, or None to leave it at that.
    ``conninfo`` may hold a password, so it is not in the repr.
    """

    def __init__(
        self, endpoint: Endpoint, settings: Settings, tried: Sequence[Attempt] = ()
    ) -> None:
        self.route = endpoint.route
        self._location = endpoint.location
        self.identity: Identity | None = None
        self.on_identity: Callable[[Identity], None] = lambda identity: None
        self.ask_password: AskPassword = lambda target, error: None
        self._naming = threading.Lock()
        self.tried = tuple(tried)
        try:
            read = read_by_libpq(endpoint.parameters, _READ)
            endpoint = _with_password_file(endpoint, read.pop("passfile", None))
            self.conninfo, without_options = _conninfos(endpoint, read, settings.limits)
        except UnicodeError:
            raise SettingsError(f"{endpoint.route} is not UTF-8.") from None
        self._without_options: str | None = without_options
        self.warnings = endpoint.warnings
        self.extension_hint = endpoint.extension_hint
        self._wait = max(settings.wait, endpoint.wait)
        self._hint_of_endpoint = endpoint.hint
        self._ways_out = partial(_ways_out, settings, endpoint.location.source)
        self._close = endpoint.close

    def __repr__(self) -> str:
        return f"<Target {self.route}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of what makes the place reachable. Connections are closed by their owners."""
        self._close()

    def connect(self, on_wait: OnWait | None = None) -> psycopg.Connection[Any]:
        """Open a new connection, in autocommit and without prepared statements of psycopg's own.

        A server that does not answer, or is just starting, is waited for as long as the settings
        say. Raises ConnectionFailed when that time is over, and at once if the server refuses us;
        PasswordWanted if that is for want of a password.

        Settings of ours (``patience.SERVER_SIDE``, and the limits of locks and statements) come
        with the connection, so that a RESET ALL leaves them, unless a pooler takes none.
        """
        while True:
            try:
                return self._awaited(on_wait)
            except PasswordWanted as error:
                password = self.ask_password(self, error)
                if password is None:
                    raise
                self._use_password(password)

    def _use_password(self, password: str) -> None:
        self.conninfo = make_conninfo(self.conninfo, password=password)
        if self._without_options is not None:
            self._without_options = make_conninfo(self._without_options, password=password)

    def _awaited(self, on_wait: OnWait | None) -> psycopg.Connection[Any]:
        deadline = time.monotonic() + self._wait
        pause = _FIRST_PAUSE
        answers = False
        while True:
            try:
                return self._identified(self._conninfo_until(deadline))
            except (psycopg.Error, UnicodeError) as error:  # UnicodeError: a host that is no name
                if self._without_options and _OPTIONS_REFUSED.search(str(error)):
                    self.conninfo, self._without_options = self._without_options, None
                    continue
                left = deadline - time.monotonic()
                if answers or left <= 0:
                    raise self._failure(error) from error
                # It may have come up just now, so it gets one more try before its no is final.
                answers = self._answers(error)
                why = self._reason(error)
            if not answers:
                if on_wait:
                    on_wait(left, why)
                time.sleep(min(pause, left))
                pause = min(2 * pause, _LONGEST_PAUSE)

    def _conninfo_until(self, deadline: float) -> str:
        """The connection string, by which no attempt takes longer than what is left of a wait.

        (libpq takes 1 second for 2.) Raises psycopg.Error where its own limit is no number.
        """
        if not self._wait:
            return self.conninfo
        left = max(1, math.ceil(deadline - time.monotonic()))
        limit = timeout_from_conninfo(conninfo_to_dict(self.conninfo))
        return make_conninfo(self.conninfo, connect_timeout=min(limit, left))

    def _identified(self, conninfo: str) -> psycopg.Connection[Any]:
        """A new connection; the first one is asked which database it leads to."""
        conn = PatientConnection.connect(conninfo, autocommit=True, prepare_threshold=None)
        conn.conninfo = self.conninfo
        try:
            with self._naming:
                if self.identity is None:
                    self.identity = identify(conn, self._location)
                    self.on_identity(self.identity)
        except psycopg.Error:
            conn.close()
            raise
        return conn

    def _answers(self, error: Exception) -> bool:
        """Whether waiting is of no use: the server is up, or what we ask for cannot be tried.

        libpq's ping distinguishes them by SQLSTATE; the text of the error is in the server's
        language. The ping keeps the GIL, so a server that is silent is not asked again.
        """
        if isinstance(error, psycopg.errors.ConnectionTimeout):
            return False
        conninfo = make_conninfo(self.conninfo, connect_timeout=_PING_TIMEOUT)
        return pq.PGconn.ping(conninfo.encode()) in (pq.Ping.OK, pq.Ping.NO_ATTEMPT)

    def _reason(self, error: Exception) -> str:
        """The reason in libpq's form; psycopg 3.3 does not say of a single host that is silent."""
        parameters = conninfo_to_dict(self.conninfo)
        host, port = parameters.get("host") or parameters.get("hostaddr"), parameters.get("port")
        if host and str(error) == "connection timeout expired":
            return f'connection to server at "{host}", port {port} failed: {error}'
        return reason(error)

    def _failure(self, error: Exception) -> ConnectionFailed:
        attempts = (*self.tried, Attempt(self.route, self._reason(error)))
        lines = [f"  {route}: {why}" for route, why in attempts]
        name = conninfo_to_dict(self.conninfo).get("dbname")
        which = f" {visible(redact(str(name)))}" if name else ""
        message = "\n".join([f"Cannot connect to the database{which}.", *lines])
        if _wants_password(error):
            hint = self._hint_of_endpoint or _PASSWORD_HINT.format(self._location.source)
            return PasswordWanted(message, hint=hint)
        special = next((way for refusal, way in _WAYS_OUT if refusal.search(str(error))), None)
        hint = special or self._hint_of_endpoint or self._ways_out(self._answers(error))
        return ConnectionFailed(message, hint=hint)


def _ways_out(settings: Settings, source: str, answers: bool) -> str:
    """What to do when there is no connection to where ``source`` says the database is.

    ``answers``: the server is up, or what is asked for cannot be tried, so waiting is of no use.
    """
    if settings.dsn is not None:
        if answers:
            return f"Is {source} right?"
        return f"Is {source} right, and its server running? --wait 30 waits for one that starts."
    if settings.embedded is not None:
        return f"The log of the server is {settings.embedded / 'log'}"
    start = f"start the container (docker start {settings.container}), or"
    start = "" if settings.connection == "environment" else start
    variables = "set DATABASE_URL, or POSTGRES_HOST, _PORT, _USER, _DB and _PASSWORD."
    ways = " ".join(filter(None, (start, variables)))
    if source == NOTHING_NAMED:
        return (
            "To try it out, --embedded starts a PostgreSQL of its own; for one that is there, say"
            f" --dsn postgresql://USER@HOST/DATABASE. Or {ways}"
        )
    return f"{ways[0].upper()}{ways[1:-1]}, or use --dsn or --embedded."


_PASSWORD_HINT = "Is the password of {} right? PGPASSWORD or a password file can have it as well."
# What a password is called in the languages that PostgreSQL speaks: libpq does not pass on the
# SQLSTATE with which a server refuses a connection (28P01), and the message is in its language.
# PgBouncer says SASL of a wrong password, where it takes SCRAM.
_PASSWORD = re.compile(
    "passwor[dt]|SASL auth|mot de passe|senha|hasł|heslem|парол|lösenord|şifre|パスワード|პაროლ",
    re.IGNORECASE,
)


def _wants_password(error: Exception) -> bool:
    """Whether the server has asked for a password, and got none, or a wrong one."""
    pgconn = error.pgconn if isinstance(error, psycopg.Error) else None
    if pgconn is None:
        return False
    wrong = pgconn.used_password and _PASSWORD.search(str(error)) is not None
    return pgconn.needs_password or wrong


# PgBouncer's words for options that it does not pass on, those of other poolers, and what a server
# says that lacks a setting of ours (before 14), or cannot have it (on Windows).
_OPTIONS_REFUSED = re.compile(
    "startup parameter|command-line option|" + "|".join(SERVER_SIDE), re.IGNORECASE
)
# What only some refusals have for a way out. A server says the second one in its language; the
# texts are those of PostgreSQL from 14 on, and of PgBouncer.
_WAYS_OUT = (
    (
        re.compile("startup parameter"),
        "A pooler passes no options on: unset PGOPTIONS, or connect to the server itself.",
    ),
    (
        re.compile("too many (clients|connections)|remaining connection slots|no more connections"),
        "A run needs two connections: end other sessions, or raise the limit that is reached"
        " (max_connections, or the CONNECTION LIMIT of the role or the database).",
    ),
)


def _with_password_file(endpoint: Endpoint, named: str | None) -> Endpoint:
    """The endpoint, without the password file that libpq has ``named`` if it would not use it."""
    why = password_file.unusable(named)
    if why is None or endpoint.parameters.get("password") or os.environ.get("PGPASSWORD"):
        return endpoint
    parameters = {**endpoint.parameters, "passfile": password_file.NONE}
    return replace(endpoint, parameters=parameters, warnings=(*endpoint.warnings, why))


def _conninfos(endpoint: Endpoint, read: Mapping[str, str], limits: Limits) -> tuple[str, str]:
    """The connection string with options of ours, and the one for a pooler that takes none.

    ``read`` is what libpq has read of the endpoint. Raises UnicodeError.
    """
    parameters = {**_DEFAULTS, **read, **endpoint.parameters, **_FIXED}
    options = _options(read.get("options", ""), limits)
    return make_conninfo(**{**parameters, "options": options}), make_conninfo(**parameters)


def _options(theirs: str, limits: Limits) -> str:
    """The options of a connection: ours, the user's, the limits; the last one for a name wins."""
    options = [*(f"-c {name}={value}" for name, value in SERVER_SIDE.items()), theirs]
    options += (f"-c {name}={value}" for name, value in limits.timeouts.items())
    return " ".join(filter(None, options))


def reason(error: Exception) -> str:
    """The text of libpq's error on one line, without psycopg's prefixes and libpq's guesses."""
    _, several, failures = str(error).partition("All failures were:\n")
    text = failures if several else str(error)
    lines = _NUMBER.sub("", text).splitlines()
    texts = [_PREFIX.sub("", line) for line in lines if not line.startswith("\t")]
    return "; ".join(texts)


_NUMBER = re.compile(r"\[Errno -?\d+\] ")  # Python's, of a name that is not found
_PREFIX = re.compile(r"(- host: .*?: )?connection (failed|is bad): ")
