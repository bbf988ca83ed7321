"""Remembers databases that migrations have made from zero, so that later runs need not do so.

Such a template is found again by a digest of all that its schema depends on. One run at a time uses
it, and leaves nothing in it, because a rehearsal rolls back. Where that is not certain, because a
run was killed or a sequence has moved on, the template is removed. On a server that others use too,
templates belong to our own role: a database of such a name that belongs to another role is no
template.
"""

import contextlib
import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import psycopg
from psycopg import sql

from schemamig_tui._version import __version__
from schemamig_tui.engine.pipeline.loss import ends_session
from schemamig_tui.errors import SchemamigError
from schemamig_tui.patience import SERVER_SIDE
from schemamig_tui.text import one_line

MOST = 5
"""So many are kept on a server: those that were used last."""
MOST_USES = 50
"""So often one is used before it is made anew, as rolled back changes take room in its catalogs."""

_PREFIX = "schemamig_template_"
_TEMPLATES = """
SELECT d.datname, pg_catalog.shobj_description(d.oid, 'pg_database')
FROM pg_catalog.pg_database d JOIN pg_catalog.pg_roles r ON r.oid = d.datdba
WHERE d.datname ~ '^schemamig_template_[0-9a-f]{16}$' AND (%s OR r.rolname = current_user)
"""
# A limit ends a run, and makes no other schema.
_LIMITS = ("application_name", "lock_timeout", "statement_timeout", *SERVER_SIDE)
_SERVER = """
SELECT pg_catalog.version(), current_user::text,
    (SELECT pg_catalog.to_jsonb(d) - ARRAY['oid', 'datname', 'datdba', 'datfrozenxid', 'datminmxid',
        'dattablespace', 'datacl', 'datconnlimit', 'datallowconn', 'datistemplate']
     FROM pg_catalog.pg_database d WHERE datname = pg_catalog.current_database()),
    (SELECT pg_catalog.md5(pg_catalog.string_agg(
        pg_catalog.concat_ws(' ', name, default_version), ',' ORDER BY name))
     FROM pg_catalog.pg_available_extensions),
    (SELECT pg_catalog.md5(pg_catalog.string_agg(
        pg_catalog.concat_ws(' ', name, setting), ',' ORDER BY name))
     FROM pg_catalog.pg_settings WHERE source <> 'default' AND name <> ALL (%s))
"""
# What is set for all roles, and for postgres, is for all databases of a server.
_SET_FOR_ALL = """
SELECT FROM pg_catalog.pg_db_role_setting WHERE setdatabase = 0 AND setrole IN (0, 10)
"""


@dataclass(frozen=True)
class SchemaVerdict:
    """How many differences there are to a database, for which ``digest`` stands, and in what."""

    digest: str
    differences: int
    differing: tuple[str, ...]


@dataclass(frozen=True)
class SchemaTemplate:
    """A remembered database.

    ``roles`` are those that were made for it alone, by their oids, and ``owner`` is whom it belongs
    to; None: to us. ``used`` is when it was used last, in seconds since 1970, and ``uses`` how
    often. It is ``clean`` unless a run is at work in it, or has not come to its end. ``verdict`` is
    that of the last comparison.
    """

    name: str
    roles: Mapping[int, str]
    owner: str | None
    used: float = 0.0
    uses: int = 0
    clean: bool = True
    verdict: SchemaVerdict | None = None


def template_name(conn: psycopg.Connection[Any], *facts: object) -> str:
    """The name of a template: the digest of ``facts``, and of the server as ``conn`` sees it.

    That is its version, the versions of the extensions that it can make, the locale that databases
    get, the role and the settings of the session; and our own version.
    """
    server = conn.execute(_SERVER, [[*_LIMITS]]).fetchall()
    text = json.dumps([__version__, server, facts], default=str)
    return _PREFIX + hashlib.sha256(text.encode()).hexdigest()[:16]


def templates(conn: psycopg.Connection[Any], *, private: bool) -> list[SchemaTemplate]:
    """All there are, the one that was used last first.

    On a ``private`` server, which nobody else uses, they are of any role.
    """
    found = []
    for name, comment in conn.execute(_TEMPLATES, [private]).fetchall():
        with contextlib.suppress(ValueError, KeyError, TypeError, AttributeError):
            noted = json.loads(comment)
            noted["roles"] = {int(oid): str(role) for oid, role in noted["roles"].items()}
            if verdict := noted.pop("verdict", None):
                names = tuple(verdict.pop("differing"))
                noted["verdict"] = SchemaVerdict(**verdict, differing=names)
            found.append(SchemaTemplate(name, **noted))
    return sorted(found, key=lambda one: -one.used)


def is_of_others(conn: psycopg.Connection[Any], name: str) -> bool:
    """Whether another role has given a database the name of a template."""
    query = """
        SELECT FROM pg_catalog.pg_database d JOIN pg_catalog.pg_roles r ON r.oid = d.datdba
        WHERE datname = %s AND rolname <> current_user
    """
    return bool(conn.execute(query, [name]).fetchall())


def sets_for_all(conn: psycopg.Connection[Any]) -> bool:
    """Whether something is set for all roles, or for postgres, of a server."""
    return bool(conn.execute(_SET_FOR_ALL).fetchall())


def keep(conn: psycopg.Connection[Any], database: str, template: SchemaTemplate) -> None:
    """Make a database, to which nobody is connected, a template, to which nobody else connects.

    Raises SchemamigError where it cannot be one.
    """
    names = map(sql.Identifier, (database, template.name))
    try:
        with conn.transaction():
            query = sql.SQL("REVOKE CONNECT ON DATABASE {} FROM PUBLIC")
            conn.execute(query.format(sql.Identifier(database)))
            _note(conn, database, template)
            conn.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(*names))
    except psycopg.Error as error:
        if ends_session(error):
            raise
        raise SchemamigError(
            f"the scratch database cannot be kept: {one_line(error)}",
            hint="try again: another run may just have removed it",
        ) from error


def begin_use(conn: psycopg.Connection[Any], template: SchemaTemplate) -> SchemaTemplate:
    """Note that a run is at work in a template, which is not ``clean`` until ``end_use``."""
    uses = template.uses + 1
    template = replace(template, used=time.time(), uses=uses, clean=False)
    _note(conn, template.name, template)
    return template


def end_use(
    conn: psycopg.Connection[Any], template: SchemaTemplate, *, clean: bool, private: bool
) -> None:
    """Note that it is as it was, or remove it; and those that were not used for the longest."""
    if clean and template.uses < MOST_USES:
        _note(conn, template.name, replace(template, clean=True))
    else:
        remove(conn, template)
    for old in templates(conn, private=private)[MOST:]:
        with contextlib.suppress(psycopg.errors.ObjectInUse):  # by another run
            query = sql.SQL("DROP DATABASE IF EXISTS {}")
            conn.execute(query.format(sql.Identifier(old.name)))


def remove(conn: psycopg.Connection[Any], template: SchemaTemplate) -> None:
    """Remove one that no other run may be at work in."""
    query = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
    conn.execute(query.format(sql.Identifier(template.name)))


def _note(conn: psycopg.Connection[Any], database: str, template: SchemaTemplate) -> None:
    values = asdict(template)
    del values["name"]
    query = sql.SQL("COMMENT ON DATABASE {} IS {}")
    conn.execute(query.format(sql.Identifier(database), sql.Literal(json.dumps(values))))
