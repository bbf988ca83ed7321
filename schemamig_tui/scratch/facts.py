"""Reads what a scratch needs of the target: ledger, schema, roles, sizes of tables.

All of it is read once, before anything runs on a scratch.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import psycopg

from schemamig_tui.advice.database import Database
from schemamig_tui.advice.objects import SizeFacts, read_sizes
from schemamig_tui.catalog.snapshot import CatalogAnswers, read_catalogs
from schemamig_tui.engine import Survey
from schemamig_tui.engine.pipeline.timeouts import without_statement_timeout
from schemamig_tui.scratch.roles import Roles
from schemamig_tui.text import visible

# Who has made the ledger has run the migrations; without one, it is us.
_FACTS = """
SELECT coalesce(
    (SELECT pg_catalog.pg_get_userbyid(relowner)
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = %s AND c.relname = %s),
    current_user)::text,
    pg_catalog.format('%%I.%%I', %s::text, %s::text)
"""
# As a rehearsal writes it in its events.
_TABLES = """
SELECT c.oid::bigint,
    CASE c.relkind WHEN 'r' THEN 'table ' ELSE 'materialized view ' END
        || pg_catalog.format('%I.%I', n.nspname, c.relname)
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'm') AND c.relpersistence <> 't'
    AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
"""


@dataclass(frozen=True)
class TargetFacts:
    """What was read of the target: ``owner`` has made the ledger, which is ``ledger`` quoted.

    ``sizes`` are those of its tables and materialized views, by ``table schema.name``.
    """

    survey: Survey
    catalogs: CatalogAnswers
    roles: Roles
    owner: str
    ledger: str
    major: int
    extensions: tuple[str, ...]
    sizes: Mapping[str, SizeFacts] = field(default_factory=dict)

    @property
    def applied(self) -> frozenset[str]:
        """The names of the files that are applied, and still there."""
        return frozenset(one.name for one in self.survey.status.applied if one.file)

    @property
    def digest(self) -> str:
        """What stands for all that a comparison with a scratch depends on in the target."""
        return f"{self.catalogs.digest} {self.owner} {self.ledger}"

    def warnings(self) -> Iterator[str]:
        """Why what the files make on a scratch may differ from what was applied, as sentences."""
        status = self.survey.status
        for one in status.missing:
            gone = "is recorded, and its file is gone"
            what = f"has been renamed to {visible(one.renamed_to)}" if one.renamed_to else gone
            yield f"{visible(one.name)} {what}: it does not run on the scratch"
        for one in status.changed:
            yield f"{visible(one.name)} has changed since it was applied: it runs as it is now"
        for one in status.failed:
            yield (
                f"{visible(one.name)} has failed: what it has left in the database is compared too"
            )


def facts_of(
    conn: psycopg.Connection[Any], survey: Survey, *, with_sizes: bool = False
) -> TargetFacts:
    """What ``conn``, a connection to the target, shows besides the ``survey`` of it.

    No table is locked, but that the definition of a view is read under ACCESS SHARE on its tables.
    No statement_timeout of the role counts. Raises psycopg.Error.
    """
    return without_statement_timeout(conn, lambda: _read(conn, survey, with_sizes))


def _read(conn: psycopg.Connection[Any], survey: Survey, with_sizes: bool) -> TargetFacts:
    names = (survey.ledger.schema, survey.ledger.table) * 2
    ((owner, quoted),) = conn.execute(_FACTS, names).fetchall()
    extensions = conn.execute("SELECT extname FROM pg_catalog.pg_extension").fetchall()
    return TargetFacts(
        survey,
        read_catalogs(conn),
        Roles.read(conn),
        owner,
        quoted,
        conn.info.server_version // 10000,
        tuple(name for (name,) in extensions),
        _sizes(conn) if with_sizes else {},
    )


def _sizes(conn: psycopg.Connection[Any]) -> dict[str, SizeFacts]:
    tables = dict(conn.execute(_TABLES).fetchall())
    database = Database(conn)
    with database.asking():
        return {tables[oid]: one for oid, one in read_sizes(database, [*tables]).items()}
