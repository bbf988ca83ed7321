"""The kinds of objects that a snapshot has, in the order in which a diff shows them."""

from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass
from enum import Enum, auto

from schemamig_tui.catalog import definitions
from schemamig_tui.catalog.queries import (
    cluster,
    database,
    foreign,
    functions,
    operators,
    relations,
    replication,
    table_parts,
    text_search,
    types,
)
from schemamig_tui.catalog.queries.fragments import Server


class Scope(Enum):
    """Where objects belong; only those of the schema can be compared between databases."""

    SCHEMA = auto()
    DATABASE = auto()
    CLUSTER = auto()


@dataclass(frozen=True, eq=False)
class CatalogKind:
    """How objects are read, and what belongs to them.

    ``catalogs`` are the system catalogs about the objects; the first has their oids. ``by_oid`` is
    for kinds of which there may be thousands: only the touched ones are read again. ``word`` is
    what the objects are called, unless the query says it, ``parts`` are the kinds of their parts.
    ``numbered``: their oids are numbers within the object of which they are a part, so that many
    have the same. ``implied``: some of them only repeat what another line says. ``since`` is the
    first major version of the server that has such objects. ``shorten`` gets a definition, the name
    of the object, and the name of what it is a part of. ``in_order`` keeps the order of the query;
    all else is sorted by name, and not by the server, whose order depends on the database's
    collation.
    """

    query: str | Callable[[Server], str]
    catalogs: tuple[str, ...]
    _: KW_ONLY
    by_oid: bool = False
    word: str = ""
    parts: tuple[str, ...] = ()
    numbered: bool = False
    implied: bool = False
    since: int = 0
    shorten: Callable[[str, str, str], str] | None = None
    in_order: bool = False
    scope: Scope = Scope.SCHEMA

    @property
    def catalog(self) -> str:
        """The one whose oids the objects have."""
        return self.catalogs[0]

    def sql(self, server: Server) -> str:
        """The query for a server."""
        return self.query if isinstance(self.query, str) else self.query(server)


PARTS: Mapping[str, CatalogKind] = {
    "columns": CatalogKind(
        relations.COLUMNS, ("pg_attribute",), word="column", numbered=True, in_order=True
    ),
    "constraints": CatalogKind(
        table_parts.CONSTRAINTS, ("pg_constraint",), word="constraint", implied=True
    ),
    "indexes": CatalogKind(
        table_parts.INDEXES, ("pg_class",), word="index", shorten=definitions.index
    ),
    "triggers": CatalogKind(
        table_parts.TRIGGERS, ("pg_trigger", "pg_rewrite"), shorten=definitions.trigger
    ),
    "policies": CatalogKind(table_parts.POLICIES, ("pg_policy",), word="policy"),
    "labels": CatalogKind(types.LABELS, ("pg_enum",), word="value", in_order=True),
    "domain constraints": CatalogKind(
        types.DOMAIN_CONSTRAINTS, ("pg_constraint",), word="constraint"
    ),
}

KINDS: Mapping[str, CatalogKind] = {
    "roles": CatalogKind(
        cluster.ROLES,
        ("pg_authid", "pg_auth_members", "pg_db_role_setting", "pg_shdescription"),
        scope=Scope.CLUSTER,
    ),
    "settings": CatalogKind(cluster.SETTINGS_OF_ALL, ("pg_db_role_setting",), scope=Scope.CLUSTER),
    "tablespaces": CatalogKind(
        cluster.TABLESPACES, ("pg_tablespace", "pg_shdescription"), scope=Scope.CLUSTER
    ),
    "parameters": CatalogKind(
        cluster.PARAMETERS, ("pg_parameter_acl",), since=15, scope=Scope.CLUSTER
    ),
    "database": CatalogKind(
        database.DATABASE,
        ("pg_database", "pg_db_role_setting", "pg_shdescription"),
        scope=Scope.DATABASE,
    ),
    "role settings": CatalogKind(
        database.ROLE_SETTINGS, ("pg_db_role_setting",), scope=Scope.DATABASE
    ),
    "schemas": CatalogKind(database.NAMESPACES, ("pg_namespace",)),
    "extensions": CatalogKind(database.EXTENSIONS, ("pg_extension",)),
    "languages": CatalogKind(functions.LANGUAGES, ("pg_language",)),
    "access methods": CatalogKind(operators.ACCESS_METHODS, ("pg_am",)),
    "wrappers": CatalogKind(foreign.WRAPPERS, ("pg_foreign_data_wrapper",)),
    "servers": CatalogKind(foreign.SERVERS, ("pg_foreign_server",)),
    "user mappings": CatalogKind(foreign.USER_MAPPINGS, ("pg_user_mapping",)),
    "collations": CatalogKind(types.COLLATIONS, ("pg_collation",)),
    "types": CatalogKind(
        types.TYPES, ("pg_type", "pg_range"), by_oid=True, parts=("labels", "domain constraints")
    ),
    "sequences": CatalogKind(
        relations.SEQUENCES, ("pg_class", "pg_sequence"), by_oid=True, implied=True
    ),
    "relations": CatalogKind(
        relations.RELATIONS,
        ("pg_class", "pg_inherits"),
        by_oid=True,
        parts=("columns", "constraints", "indexes", "triggers", "policies"),
    ),
    "statistics": CatalogKind(database.STATISTICS, ("pg_statistic_ext",)),
    "functions": CatalogKind(functions.FUNCTIONS, ("pg_proc", "pg_aggregate"), by_oid=True),
    "casts": CatalogKind(functions.CASTS, ("pg_cast",)),
    "conversions": CatalogKind(functions.CONVERSIONS, ("pg_conversion",)),
    "transforms": CatalogKind(functions.TRANSFORMS, ("pg_transform",)),
    "operators": CatalogKind(operators.OPERATORS, ("pg_operator",)),
    "operator families": CatalogKind(
        operators.OPERATOR_FAMILIES, ("pg_opfamily", "pg_amop", "pg_amproc")
    ),
    "operator classes": CatalogKind(operators.OPERATOR_CLASSES, ("pg_opclass",)),
    "text search parsers": CatalogKind(text_search.PARSERS, ("pg_ts_parser",)),
    "text search templates": CatalogKind(text_search.TEMPLATES, ("pg_ts_template",)),
    "text search dictionaries": CatalogKind(text_search.DICTIONARIES, ("pg_ts_dict",)),
    "text search configurations": CatalogKind(
        text_search.CONFIGURATIONS, ("pg_ts_config", "pg_ts_config_map")
    ),
    "event triggers": CatalogKind(functions.EVENT_TRIGGERS, ("pg_event_trigger",)),
    "publications": CatalogKind(
        replication.publications,
        ("pg_publication", "pg_publication_rel", "pg_publication_namespace"),
    ),
    "subscriptions": CatalogKind(replication.subscriptions, ("pg_subscription",)),
    "default privileges": CatalogKind(database.DEFAULT_PRIVILEGES, ("pg_default_acl",)),
    "privileges": CatalogKind(
        database.PRIVILEGES,
        (
            "pg_init_privs",
            "pg_namespace",
            "pg_language",
            "pg_foreign_data_wrapper",
            "pg_foreign_server",
        ),
    ),
    "security labels": CatalogKind(database.SECURITY_LABELS, ("pg_seclabel", "pg_shseclabel")),
}


def of_server(kinds: Mapping[str, CatalogKind], server: Server) -> dict[str, CatalogKind]:
    """Those of the kinds that the server can have."""
    return {name: kind for name, kind in kinds.items() if kind.since <= server.major}
