"""Warns of rights that the role lacks for the statements of the pending files."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from schemamig_tui.advice.advice import Advice, warning
from schemamig_tui.advice.database import Database
from schemamig_tui.advice.objects import RelationFacts, TouchedRelation
from schemamig_tui.advice.targets import Use
from schemamig_tui.sql.touch import IN_SCHEMAS, ObjectKind, Right

_ROLE = """
SELECT quote_ident(current_user) AS name, r.rolsuper AS superuser, r.rolcreaterole AS makes_roles,
    r.rolcreatedb AS makes_databases, quote_ident(current_database()) AS database,
    has_database_privilege(current_database(), 'CREATE') AS makes_schemas,
    (current_schemas(false))[2] AS schema
FROM pg_catalog.pg_roles r WHERE r.rolname = current_user
"""
_SCHEMAS = """
SELECT nspname AS key, quote_ident(nspname) AS name,
    quote_ident(pg_get_userbyid(nspowner)) AS owner, pg_has_role(nspowner, 'USAGE') AS owned,
    has_schema_privilege(oid, 'CREATE') AS open
FROM pg_catalog.pg_namespace WHERE nspname = ANY (%(names)s::name[])
ORDER BY array_position(%(names)s::name[], nspname)
"""
_TYPES = """
SELECT a.number::int, t.* FROM unnest(%(schemas)s::name[], %(names)s::name[])
    WITH ORDINALITY AS a (schema, name, number) CROSS JOIN LATERAL (
    SELECT quote_ident(s.nspname) || '.' || quote_ident(t.typname) AS name,
        quote_ident(pg_get_userbyid(t.typowner)) AS owner,
        pg_has_role(t.typowner, 'USAGE') AS owned, pg_has_role(s.nspowner, 'USAGE') AS schema_owned
    FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace s ON s.oid = t.typnamespace
    WHERE t.typname = a.name
        AND s.nspname = ANY (CASE WHEN a.schema IS NULL THEN current_schemas(true)
            ELSE ARRAY[a.schema] END)
    ORDER BY array_position(current_schemas(true), s.nspname) LIMIT 1
) t ORDER BY a.number
"""
# The default version is the one that is created; newer servers may find an extension twice.
_EXTENSIONS = """
SELECT a.name::text, bool_or(a.installed_version IS NOT NULL) AS installed,
    bool_or(v.superuser) AS guarded, bool_or(v.trusted) AS trusted
FROM pg_catalog.pg_available_extensions a
    JOIN pg_catalog.pg_available_extension_versions v
        ON v.name = a.name AND v.version = a.default_version
WHERE a.name = ANY (%(names)s::name[]) GROUP BY a.name
"""


@dataclass(frozen=True, slots=True)
class MigrationRole:
    """The role that runs the migrations, and what it may do in this database.

    ``name`` and ``database`` are quoted as SQL. ``schema`` is where it creates what has no schema
    in its name.
    """

    name: str
    superuser: bool
    makes_roles: bool
    makes_databases: bool
    database: str
    makes_schemas: bool
    schema: str | None


@dataclass(frozen=True, slots=True)
class _TypeFacts:
    """An existing type, found for the ``number``-th name asked for. Names are quoted as SQL."""

    number: int
    name: str
    owner: str
    owned: bool
    schema_owned: bool


@dataclass(frozen=True, slots=True)
class _SchemaFacts:
    key: str
    name: str
    owner: str
    owned: bool
    open: bool


@dataclass(frozen=True, slots=True)
class _ExtensionFacts:
    """An extension. If ``guarded``, only a superuser may create it; if ``trusted``, also a role
    with CREATE on the database.
    """

    name: str
    installed: bool
    guarded: bool
    trusted: bool


def find_role(database: Database) -> MigrationRole | None:
    """The role of this session."""
    return next(iter(database.ask("the role that runs the migrations", MigrationRole, _ROLE)), None)


def privilege_advice(
    database: Database, role: MigrationRole, found: Sequence[TouchedRelation], uses: Sequence[Use]
) -> Iterator[Advice]:
    """A warning for each right that is missing, with what would give it."""
    judged = [use for use in uses if use.touch.right]
    yield from _on_extensions(database, role, judged)
    if role.superuser:
        return
    missing = _Missing(role)
    for item in found:
        _judge_relation(missing, item)
    _judge_types(database, missing, judged)
    _judge_schemas(database, missing, judged)
    for use in judged:
        _judge_creation(missing, use)
    yield from missing.advice()


class _Missing:
    """Collects missing rights: the same right for several objects becomes one warning."""

    def __init__(self, role: MigrationRole) -> None:
        self.role = role
        self._groups: dict[tuple[str, str, str], tuple[Use, list[str]]] = {}

    def owner(self, use: Use, thing: RelationFacts | _TypeFacts | _SchemaFacts) -> None:
        """Only the owner of the thing may do it."""
        self._add(
            use,
            thing.name,
            f"needs the owner of {_NAMES}, and {self.role.name} is no member of {thing.owner}",
            f"Run it as {thing.owner}, or as a member of that role.",
        )

    def privilege(self, use: Use, privilege: str, kind: str, name: str) -> None:
        """It takes a privilege on an object; ``kind`` is as GRANT names it: ``SCHEMA``."""
        self._add(
            use,
            name,
            f"needs {privilege} on {kind.lower()} {_NAMES}, which {self.role.name} does not have",
            f"GRANT {privilege} ON {kind} {_NAMES} TO {self.role.name};",
        )

    def attribute(self, use: Use, attribute: str) -> None:
        """It takes an attribute of the role."""
        self._add(
            use,
            "",
            f"needs {attribute}, which {self.role.name} does not have",
            f"ALTER ROLE {self.role.name} {attribute};",
        )

    def advice(self) -> Iterator[Advice]:
        for (statement, needs, hint), (use, names) in self._groups.items():
            some = ", ".join(names[:_NAMED])
            more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
            yield warning(
                f"{statement} {needs.replace(_NAMES, some + more)}.",
                hint=hint.replace(_NAMES, some),
                file=use.file,
                line=use.line,
            )

    def _add(self, use: Use, name: str, needs: str, hint: str) -> None:
        _, names = self._groups.setdefault((use.touch.statement, needs, hint), (use, []))
        if name not in names:
            names.append(name)


_NAMED = 3
# Where the names go: no name of the server has a NUL in it.
_NAMES = "\0"


def _judge_relation(missing: _Missing, found: TouchedRelation) -> None:
    relation = found.relation
    for use in found.uses:
        right = use.touch.right
        if right is None:
            continue
        if not relation.reachable:
            missing.privilege(use, "USAGE", "SCHEMA", relation.schema)
        elif right in (Right.OWNER, Right.DROP, Right.MAINTAIN):
            held = relation.owned or right in relation.rights
            if not held and not (right is Right.DROP and relation.schema_owned):
                missing.owner(use, relation)
        elif right not in relation.rights:
            missing.privilege(use, right, "TABLE", relation.name)


def _judge_types(database: Database, missing: _Missing, uses: Sequence[Use]) -> None:
    asked = [
        u for u in uses if u.touch.target is ObjectKind.TYPE and u.touch.right is not Right.CREATE
    ]
    if not asked:
        return
    names = [use.touch.name for use in asked]
    parameters = {"schemas": [n.schema for n in names], "names": [n.name for n in names]}
    for row in database.ask("the types that are changed", _TypeFacts, _TYPES, parameters):
        use = asked[row.number - 1]
        if not row.owned and not (use.touch.right is Right.DROP and row.schema_owned):
            missing.owner(use, row)


def _judge_schemas(database: Database, missing: _Missing, uses: Sequence[Use]) -> None:
    """Schemas that are changed or dropped, and those in which something is created."""
    asked: dict[str, list[Use]] = {}
    for use in uses:
        touch = use.touch
        if touch.target is ObjectKind.SCHEMA and touch.right is not Right.CREATE:
            asked.setdefault(touch.name.name, []).append(use)
        elif touch.target in IN_SCHEMAS and touch.right is Right.CREATE:
            schema = touch.name.schema or missing.role.schema
            if schema:
                asked.setdefault(schema, []).append(use)
    if not asked:
        return
    rows = database.ask("the schemas that are used", _SchemaFacts, _SCHEMAS, {"names": list(asked)})
    for row in rows:
        for use in asked.get(row.key, ()):
            if use.touch.target is ObjectKind.SCHEMA:
                if not row.owned:
                    missing.owner(use, row)
            elif not row.open:
                missing.privilege(use, "CREATE", "SCHEMA", row.name)


def _judge_creation(missing: _Missing, use: Use) -> None:
    """What is created in the database, or in the whole server."""
    role, touch = missing.role, use.touch
    if touch.right is not Right.CREATE:
        return
    if touch.target is ObjectKind.SCHEMA and not role.makes_schemas:
        missing.privilege(use, "CREATE", "DATABASE", role.database)
    elif touch.target is ObjectKind.ROLE and not role.makes_roles:
        missing.attribute(use, "CREATEROLE")
    elif touch.target is ObjectKind.DATABASE and not role.makes_databases:
        missing.attribute(use, "CREATEDB")


def _on_extensions(
    database: Database, role: MigrationRole, uses: Sequence[Use]
) -> Iterator[Advice]:
    asked: dict[str, Use] = {}
    for use in uses:
        if use.touch.target is ObjectKind.EXTENSION and use.touch.creates:
            asked.setdefault(use.touch.name.name, use)
    if not asked:
        return
    failures = len(database.unknown)
    rows = database.ask(
        "the extensions that are created", _ExtensionFacts, _EXTENSIONS, {"names": list(asked)}
    )
    if len(database.unknown) > failures:
        return
    known = {row.name: row for row in rows}
    for name, use in asked.items():
        extension = known.get(name)
        if extension is None:
            yield warning(
                f"The server does not have the extension {use.touch.name}.",
                hint="Its files have to be installed on the server's machine.",
                file=use.file,
                line=use.line,
            )
        elif extension.installed or not extension.guarded or role.superuser:
            continue
        elif not (extension.trusted and role.makes_schemas):
            what = f"a superuser, or CREATE on database {role.database}"
            yield warning(
                f"CREATE EXTENSION {use.touch.name} needs"
                f" {what if extension.trusted else 'a superuser'}: {role.name} is none.",
                hint="A managed service may allow it all the same.",
                file=use.file,
                line=use.line,
            )
