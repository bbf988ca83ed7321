"""Whether the migrations make the schema that a target has: they run from zero on a scratch."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

from schemamig_tui.catalog.objects import Schema
from schemamig_tui.catalog.snapshot import snapshot
from schemamig_tui.connect import OnWait, Target, binaries, environment
from schemamig_tui.connect.identity import Location
from schemamig_tui.connect.target import Endpoint
from schemamig_tui.engine import Ledger, MigrationFile, Survey
from schemamig_tui.engine.pipeline.loss import losses_as_errors
from schemamig_tui.errors import SettingsError
from schemamig_tui.rehearsal.rehearsal import schema_errors
from schemamig_tui.scratch.comparison import SchemaComparison, compare_schemas
from schemamig_tui.scratch.database import scratch_database
from schemamig_tui.scratch.replay import (
    Progress,
    plan_from_zero,
    refuse_shared_changes,
    refuse_subscriptions,
    replay,
    shared_changes,
)
from schemamig_tui.scratch.server import Roles, choose, scratch_server
from schemamig_tui.scratch.verified import SchemaVerification
from schemamig_tui.settings import Settings, default_embedded_directory
from schemamig_tui.survey import looking
from schemamig_tui.text import visible

Cancelling = Callable[[Callable[[], None]], contextlib.AbstractContextManager[None]]
"""A context in which a function is called if the user wants to stop."""

# Who has made the ledger has run the migrations; without one, it is us.
_FACTS = """
SELECT coalesce(
    (SELECT pg_catalog.pg_get_userbyid(relowner)
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = %s AND c.relname = %s),
    current_user)::text,
    pg_catalog.format('%%I.%%I', %s::text, %s::text)
"""


@dataclass(frozen=True)
class _TargetFacts:
    """What was read of the target: ``owner`` has made the ledger, which is ``ledger`` quoted."""

    survey: Survey
    schema: Schema
    roles: Roles
    owner: str
    ledger: str
    major: int
    extensions: tuple[str, ...]

    @property
    def files(self) -> tuple[MigrationFile, ...]:
        """The files that are applied."""
        return tuple(one.file for one in self.survey.status.applied if one.file)


@dataclass(frozen=True)
class _ScratchPlace:
    """A scratch database, and where that is in a few words."""

    target: Target
    words: str


def verify(
    target: Target,
    settings: Settings,
    on_wait: OnWait,
    *,
    warn: Callable[[str], None],
    progress: Progress,
    cancelling: Cancelling,
) -> SchemaVerification:
    """Run the applied migrations from zero on a scratch, and compare its schema with the target's.

    ``settings.scratch`` says where the scratch is. Nothing is written to the target's database.
    Raises FilesError, SettingsError, LedgerError, LockTimeout, ConnectionFailed and Interrupted.
    """
    found = _read(target, settings, on_wait)
    for warning in _warnings(found):
        warn(warning)
    settings = replace(
        settings, statement_timeout=settings.rehearsal_statement_timeout or 0, lock_timeout=None
    )
    with (
        losses_as_errors(),
        _place(target, settings, found, on_wait) as place,
        # Open all the time, so that no other run takes the database for one that was left.
        contextlib.closing(place.target.connect(on_wait)) as conn,
    ):
        major = conn.info.server_version // 10000
        same_version = major == found.major
        if not same_version:
            warn(
                f"The scratch is PostgreSQL {major} and the database PostgreSQL {found.major}:"
                " what only one of them has is not compared."
            )
        replayed = replay(
            plan_from_zero(
                place.target.connect,
                found.survey.folder,
                Ledger(settings.table),
                {file.name for file in found.files},
            ),
            place.target.connect,
            settings.directory,
            settings.table,
            settings.limits,
            progress,
            cancelling,
        )
        comparison = None
        if not replayed.failed:
            comparison = _compared(conn, found, same_version=same_version)
        words = f"PostgreSQL {major} ({place.words})"
        return SchemaVerification(words, replayed, comparison, same_version)


def _read(target: Target, settings: Settings, on_wait: OnWait) -> _TargetFacts:
    ledger = Ledger(settings.table)
    with schema_errors(), looking(target, settings, on_wait) as (conn, survey):
        names = (ledger.schema, ledger.table) * 2
        ((owner, quoted),) = conn.execute(_FACTS, names).fetchall()
        extensions = conn.execute("SELECT extname FROM pg_catalog.pg_extension").fetchall()
        return _TargetFacts(
            survey,
            snapshot(conn),
            Roles.read(conn),
            owner,
            quoted,
            conn.info.server_version // 10000,
            tuple(name for (name,) in extensions),
        )


def _warnings(found: _TargetFacts) -> Iterator[str]:
    status = found.survey.status
    for one in status.missing:
        yield f"{visible(one.name)} is recorded, and its file is gone: it cannot run on the scratch"
    for one in status.changed:
        yield f"{visible(one.name)} has changed since it was applied: it runs as it is now"
    for one in status.failed:
        yield f"{visible(one.name)} has failed: what it has left in the database is compared too"


@contextlib.contextmanager
def _place(
    target: Target, settings: Settings, found: _TargetFacts, on_wait: OnWait
) -> Iterator[_ScratchPlace]:
    refuse_subscriptions(found.files)
    with contextlib.ExitStack() as stack:
        if settings.scratch == "embedded":
            yield stack.enter_context(_embedded(settings, found, on_wait))
            return
        refuse_shared_changes(found.files)
        server, words = target, "a database on the same server"
        if settings.scratch != "server":
            source = settings.origins.get("scratch", "--scratch")
            words = f"a database on the server of {source}"
            endpoint = environment.from_dsn(settings.scratch, source)
            server = stack.enter_context(Target(endpoint, settings))
        conn = stack.enter_context(contextlib.closing(server.connect(on_wait)))
        _require_extensions(conn, found.extensions)
        yield stack.enter_context(_beside(conn, server, settings, words))


@contextlib.contextmanager
def _beside(
    conn: psycopg.Connection[Any], target: Target, settings: Settings, words: str
) -> Iterator[_ScratchPlace]:
    """A scratch database on the server of ``target``, to which ``conn`` is a connection."""
    with scratch_database(conn) as name:
        parameters = {**conninfo_to_dict(target.conninfo), "dbname": name}
        endpoint = Endpoint(
            {key: str(value) for key, value in parameters.items()},
            "the scratch database",
            Location("--scratch"),
        )
        yield _ScratchPlace(Target(endpoint, settings), words)


@contextlib.contextmanager
def _embedded(settings: Settings, found: _TargetFacts, on_wait: OnWait) -> Iterator[_ScratchPlace]:
    programs = choose(found.major, found.extensions, binaries.server_account())
    base = default_embedded_directory().with_name("scratch")
    made = {change.makes_role for _, _, change in shared_changes(found.files)}
    roles = replace(
        found.roles,
        attributes={
            name: words for name, words in found.roles.attributes.items() if name not in made
        },
    )
    owner = "postgres" if found.owner in made else found.owner
    with (
        scratch_server(base, programs, roles, owner, on_wait) as (server, conn),
        scratch_database(conn, owner) as name,
    ):
        endpoint = Endpoint(
            {**server.parameters, "user": owner, "dbname": name},
            "the scratch database",
            Location("--scratch", embedded=str(server.base)),
        )
        yield _ScratchPlace(Target(endpoint, settings), "embedded")


def _require_extensions(conn: psycopg.Connection[Any], wanted: tuple[str, ...]) -> None:
    """Raise SettingsError where the server of the scratch lacks an extension of the database."""
    query = "SELECT name FROM pg_catalog.pg_available_extensions"
    there = {name for (name,) in conn.execute(query).fetchall()}
    if missing := ", ".join(sorted(set(wanted) - there)):
        raise SettingsError(
            f"the server of the scratch lacks extensions that the database has: {missing}",
            hint="install them there, or use --scratch server",
        )


def _compared(
    conn: psycopg.Connection[Any], found: _TargetFacts, *, same_version: bool
) -> SchemaComparison:
    with schema_errors():
        query = "SELECT quote_ident(current_user), quote_ident(%s)"
        ((role, owner),) = conn.execute(query, [found.owner]).fetchall()
        made = snapshot(conn)
    return compare_schemas(
        made, found.schema, found.ledger, {role: owner}, same_version=same_version
    )
