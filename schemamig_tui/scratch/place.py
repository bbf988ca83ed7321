"""Where scratch databases are made: on the embedded server, on the target's own, or on another."""

import contextlib
import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

from schemamig_tui.connect import binaries, environment
from schemamig_tui.connect.identity import Location
from schemamig_tui.connect.target import Endpoint, OnWait, Target
from schemamig_tui.errors import SettingsError
from schemamig_tui.patience import NO_TRANSACTION_TIMEOUT
from schemamig_tui.scratch.facts import TargetFacts
from schemamig_tui.scratch.roles import Roles, roles_in_use
from schemamig_tui.scratch.server import choose, reserve, scratch_server
from schemamig_tui.scratch.templates import SchemaTemplate, remove, templates
from schemamig_tui.settings import Settings, default_embedded_directory

# What limits the statements of migrations is not meant for the making of a database.
_UNLIMITED = f"""
SELECT pg_catalog.set_config('statement_timeout', '0', false),
    {NO_TRANSACTION_TIMEOUT}
"""


@dataclass(frozen=True)
class ScratchPlace:
    """A server for scratch databases, to which ``conn`` is a connection.

    ``words`` say in short what it is and where. With ``remembers`` a template may stay there.
    ``roles`` are the roles that have to be made there, and ``owner`` is the role that is to own the
    databases. Both are None where others use the server too: no role is made there.
    """

    conn: psycopg.Connection[Any]
    words: str
    parameters: Mapping[str, str]
    location: Location
    remembers: bool
    roles: Roles | None = None
    owner: str | None = None

    @property
    def is_shared(self) -> bool:
        """Whether others use the server, so that what is for all of it has to stay as it is."""
        return self.roles is None

    @property
    def facts(self) -> tuple[object, ...]:
        """What the schema that migrations make depends on, besides what ``conn`` shows."""
        roles = self.roles or Roles.read(self.conn)
        options = self.parameters.get("options") or os.environ.get("PGOPTIONS")
        return self.owner, roles.attributes, roles.members, options

    def make_roles(self, made_by_files: Collection[str]) -> str | None:
        """Make the roles but for those that the files make; whom a database is to belong to."""
        if self.roles is None or self.owner is None:
            return None
        owner = "postgres" if self.owner in made_by_files else self.owner
        self.roles.without(made_by_files).create(self.conn, owner)
        return owner

    def template(self, name: str, owner: str | None) -> SchemaTemplate:
        """A template to be of what is there now: a database of ``owner``, and the roles."""
        return SchemaTemplate(name, {} if self.is_shared else roles_in_use(self.conn), owner)

    def find(self, name: str, on_wait: OnWait) -> SchemaTemplate | None:
        """The template of this name, reserved; None where it has to be made."""
        if self.is_shared:
            number = int(name.rpartition("_")[2], 16)
            reserve(self.conn, number - (1 << 63), on_wait)
        for one in templates(self.conn, private=not self.is_shared):
            if one.name == name:
                if one.clean:
                    return one
                remove(self.conn, one)
        return None

    def target(self, database: str, owner: str | None, settings: Settings) -> Target:
        """A database of this server as a target, for the role that it belongs to."""
        parameters = {**self.parameters, "dbname": database}
        if owner is not None:
            parameters["user"] = owner
        return Target(Endpoint(parameters, "the scratch database", self.location), settings)


@contextlib.contextmanager
def scratch_place(
    target: Target, settings: Settings, found: TargetFacts, on_wait: OnWait
) -> Iterator[ScratchPlace]:
    """Where ``settings.scratch`` says; ``found`` was read of ``target``.

    Raises SettingsError where extensions are missing there, ConnectionFailed and LockTimeout.
    """
    if settings.scratch == "embedded":
        programs = choose(found.major, found.extensions, binaries.server_account())
        base = default_embedded_directory().with_name("scratch")
        with scratch_server(base, programs, on_wait) as (server, conn):
            location = Location("--scratch", embedded=str(server.base))
            yield ScratchPlace(
                conn,
                _words(conn, "embedded"),
                server.parameters,
                location,
                remembers=True,
                roles=found.roles,
                owner=found.owner,
            )
        return
    with contextlib.ExitStack() as stack:
        server_target, words = target, "a database on the same server"
        if settings.scratch != "server":
            source = settings.origins.get("scratch", "--scratch")
            words = f"a database on the server of {source}"
            endpoint = environment.from_dsn(settings.scratch, source)
            # What limits statements is no part of what they make.
            unlimited = replace(settings, statement_timeout=None)
            server_target = stack.enter_context(Target(endpoint, unlimited))
        conn = stack.enter_context(contextlib.closing(server_target.connect(on_wait)))
        conn.execute(_UNLIMITED)
        _require_extensions(conn, found.extensions)
        parameters = {
            key: str(value) for key, value in conninfo_to_dict(server_target.conninfo).items()
        }
        # Nothing is to stay on the server of the target itself.
        remembers = server_target is not target
        yield ScratchPlace(conn, _words(conn, words), parameters, Location("--scratch"), remembers)


def _words(conn: psycopg.Connection[Any], where: str) -> str:
    return f"PostgreSQL {conn.info.server_version // 10000} ({where})"


def _require_extensions(conn: psycopg.Connection[Any], wanted: tuple[str, ...]) -> None:
    """Raise SettingsError where the server of the scratch lacks an extension of the database."""
    query = "SELECT name FROM pg_catalog.pg_available_extensions"
    there = {name for (name,) in conn.execute(query).fetchall()}
    if missing := ", ".join(sorted(set(wanted) - there)):
        raise SettingsError(
            f"the server of the scratch lacks extensions that the database has: {missing}",
            hint="install them there, or use --scratch server",
        )
