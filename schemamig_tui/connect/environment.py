"""Reads from the command line and the environment where the database is."""

import os
import re
from collections.abc import Mapping, Sequence

import psycopg
from psycopg.conninfo import conninfo_to_dict

from schemamig_tui.connect.identity import Location
from schemamig_tui.connect.target import NOTHING_NAMED, Attempt, Endpoint
from schemamig_tui.errors import SettingsError
from schemamig_tui.settings.dsn import for_libpq

_POSTGRES = {
    "POSTGRES_HOST": "host",
    "POSTGRES_PORT": "port",
    "POSTGRES_USER": "user",
    "POSTGRES_DB": "dbname",
    "POSTGRES_PASSWORD": "password",
}
_LIBPQ = {
    "PGHOST": "host",
    "PGHOSTADDR": "hostaddr",
    "PGPORT": "port",
    "PGUSER": "user",
    "PGDATABASE": "dbname",
}
_NOT_SET = "not set"
_NO_FILE: Mapping[str, str] = {}
# In every container of a namespace that has a service named postgres, Kubernetes sets this, as
# Docker does for a link of that name:
# https://kubernetes.io/docs/tutorials/services/connect-applications-service/#environment-variables
_SERVICE_LINK = re.compile(r"(?:tcp|udp|sctp)://")
_LINK_IGNORED = (
    "POSTGRES_PORT is an address that Kubernetes or Docker has set for a service of the name"
    " postgres, and no port: it is not used"
)

_FORM = (
    "Write postgresql://user:password@host:port/database, or host=... dbname=... In a URI,"
    " characters such as @ : / ? % in a name or password are written %40 %3A %2F %3F %25."
)

# What Prisma, JDBC, Doctrine, Rails and node-postgres have in their URIs. Any other name that libpq
# does not know may be a piece of a password.
_OF_OTHERS = re.compile(
    'parameter: "(schema|pgbouncer|connection_limit|(?:pool|socket)_timeout|statement_cache_size'
    "|sslaccept|sslidentity|currentSchema|prepareThreshold|serverVersion|charset|encoding|pool"
    '|pool_size|prepared_statements|ssl|uselibpqcompat)"'
)


def from_dsn(
    dsn: str,
    source: str = "--dsn",
    env: Mapping[str, str] = os.environ,
    of_file: Mapping[str, str] = _NO_FILE,
) -> Endpoint:
    """The place that ``dsn`` names; where it says nothing, libpq takes the variables in ``env``.

    ``source`` is the flag, variable or key that has given the DSN. ``of_file`` has the variables
    that a file has given, with the file, safe to show. Raises SettingsError if the DSN cannot be
    read.
    """
    parameters = parse(source, dsn)
    _check_pgport(parameters, env, of_file)
    source += _completed_by(parameters, env, of_file)
    return Endpoint(parameters, source, Location(source), warnings=_padded(parameters, env))


def find(
    env: Mapping[str, str], of_file: Mapping[str, str] = _NO_FILE
) -> tuple[Endpoint, tuple[Attempt, ...]]:
    """The place that the environment names, and what was not set before it in the order.

    ``DATABASE_URL`` comes first, then ``POSTGRES_HOST``, ``_PORT``, ``_USER``, ``_DB`` and
    ``_PASSWORD``: one of them is enough, and libpq decides the others as it does for psql. With
    none of these, libpq decides everything, by its PG* variables, service file and defaults. An
    empty variable counts as not set, and so does, with a warning, a ``POSTGRES_PORT`` that
    Kubernetes or Docker has set. For ``of_file`` see ``from_dsn``. Raises SettingsError, which
    names the variable.
    """
    if url := env.get("DATABASE_URL"):
        return from_dsn(url, _spelled(["DATABASE_URL"], of_file), env, of_file), ()
    tried = [Attempt("DATABASE_URL", _NOT_SET)]
    named = [name for name in _POSTGRES if env.get(name)]
    warnings: tuple[str, ...] = ()
    if _SERVICE_LINK.match(env.get("POSTGRES_PORT", "")):
        named.remove("POSTGRES_PORT")
        warnings = (_LINK_IGNORED,)
    parameters = {_POSTGRES[name]: env[name] for name in named}
    warnings += _padded(parameters, env, named)
    _check_pgport(parameters, env, of_file)
    if named:
        _check_port(_spelled(["POSTGRES_PORT"], of_file), parameters)
        source = _spelled(["POSTGRES_HOST"] if "host" in parameters else named, of_file)
        route = " ".join(filter(None, (source, _address(parameters))))
        more = _completed_by(parameters, env, of_file)
        endpoint = Endpoint(parameters, route + more, Location(source + more), warnings=warnings)
        return endpoint, tuple(tried)
    tried.append(Attempt("POSTGRES_HOST", _NOT_SET))
    source = _spelled(_variables({}, env), of_file) or NOTHING_NAMED
    return Endpoint({}, source, Location(source), warnings=warnings), tuple(tried)


def _spelled(names: Sequence[str], of_file: Mapping[str, str]) -> str:
    """``PGHOST, .env: PGPORT, PGUSER``: those that a file has given come behind its name."""
    own = [name for name in names if name not in of_file]
    given = [name for name in names if name in of_file]
    if given:
        given[0] = f"{of_file[given[0]]}: {given[0]}"
    return ", ".join((*own, *given))


def _padded(
    parameters: Mapping[str, str], env: Mapping[str, str], named: Sequence[str] = ()
) -> tuple[str, ...]:
    """A warning for each variable in use with white space around it, as a file with a secret has.

    ``named`` are those that the parameters are from.
    """
    password = () if "password" in parameters else ("PGPASSWORD",)
    return tuple(
        f"{name} begins or ends with white space, which counts"
        for name in (*named, *_variables(parameters, env), *password)
        if env.get(name, "") != env.get(name, "").strip()
    )


def _completed_by(
    parameters: Mapping[str, str], env: Mapping[str, str], of_file: Mapping[str, str]
) -> str:
    """The words behind the source of the parameters: the variables that libpq adds to them."""
    variables = _spelled(_variables(parameters, env), of_file)
    return f" with {variables}" if variables else ""


def _variables(parameters: Mapping[str, str], env: Mapping[str, str]) -> list[str]:
    """The variables that libpq takes for what ``parameters`` say nothing of.

    A service file goes before the others, so that none of them has to count beside one.
    """
    if "service" in parameters:
        return []
    if env.get("PGSERVICE"):
        return ["PGSERVICE"]
    return [name for name, keyword in _LIBPQ.items() if env.get(name) and keyword not in parameters]


def names_a_server(env: Mapping[str, str]) -> bool:
    """Whether ``env`` says which server is meant, and does not leave it to libpq's defaults."""
    names = ("DATABASE_URL", "POSTGRES_HOST", "PGHOST", "PGHOSTADDR", "PGSERVICE")
    return any(env.get(name) for name in names)


def parse(source: str, text: str) -> dict[str, str]:
    """The parameters in ``text``, a URI or a libpq connection string that ``source`` holds.

    Raises SettingsError, and never quotes the text: where a password is not encoded as it should
    be, libpq takes pieces of it for a host, a port or a name, and would show them.
    """
    text = for_libpq(text)
    if not text:
        raise SettingsError(f"{source} is empty.", hint=_FORM)
    if text[0] in "'\"":
        raise SettingsError(
            f"{source} begins with a quotation mark, which is no part of it.",
            hint="Leave the quotation marks out: Docker takes them as they are from a file of"
            " variables.",
        )
    if uri := re.match(r"(?:jdbc:)?([a-z][a-z0-9]*)(?:\+[a-z0-9_]+)?://", text, re.I):
        if uri[1] != "postgresql":
            raise SettingsError(f"{source} is a URI for {uri[1]}, not for PostgreSQL.", hint=_FORM)
        if _has_stray_at(text[uri.end() :]):
            raise SettingsError(f"{source} has an @ or / that is not encoded.", hint=_FORM)
    try:
        parameters = {name: str(value) for name, value in conninfo_to_dict(text).items()}
    except UnicodeError:
        raise SettingsError(f"{source} is not UTF-8.") from None
    except psycopg.Error as error:
        if of_others := _OF_OTHERS.search(str(error)):
            raise SettingsError(
                f"{source} has the parameter {of_others[1]}, which libpq does not know.",
                hint="It is another tool's: leave it out.",
            ) from None
        reason = re.sub(r'".*"', '"..."', str(error).strip(), flags=re.S)
        raise SettingsError(f"{source} cannot be read: {reason}", hint=_FORM) from None
    _check_port(source, parameters)
    return parameters


def _has_stray_at(rest: str) -> bool:
    """Whether, behind ``//``, there is an @ in what libpq takes for the host or the database.

    It looks for the end of user and password first, which is the first @ that comes before a /
    (conninfo_uri_parse_options in fe-connect.c). An @ in the query behind is one like any other.
    """
    login, at, behind = rest.partition("@")
    if not at or "/" in login:
        behind = rest
    return "@" in behind.partition("?")[0]


def _check_port(source: str, parameters: Mapping[str, str]) -> None:
    for port in parameters.get("port", "").split(","):
        if port and not (re.fullmatch(r"[0-9]{1,5}", port) and 0 < int(port) < 65536):
            raise SettingsError(f"{source}: the port is not a number from 1 to 65535.", hint=_FORM)


def _check_pgport(
    parameters: Mapping[str, str], env: Mapping[str, str], of_file: Mapping[str, str]
) -> None:
    if "PGPORT" in _variables(parameters, env):
        _check_port(_spelled(["PGPORT"], of_file), {"port": env["PGPORT"].strip()})


def _address(parameters: Mapping[str, str]) -> str:
    """Host and port, as far as they are known; empty without a host."""
    if "host" not in parameters:
        return ""
    return ":".join(parameters[part] for part in ("host", "port") if part in parameters)
