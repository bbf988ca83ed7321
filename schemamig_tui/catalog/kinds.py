"""The kinds of objects that a snapshot has, in the order in which a diff shows them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

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


@dataclass(frozen=True, kw_only=True, eq=False)
class Kind:
    """How objects are read, and what belongs to them.

    ``catalog`` is the one whose oids the objects have. ``word`` is what they are called, unless the
    query says it, ``parts`` are the kinds of their parts. ``since`` is the first major version of
    the server that has such objects. ``shorten`` gets a definition, the name of the object, and the
    name of what it is a part of. ``in_order`` keeps the order of the query; all else is sorted by
    name, and not by the server, whose order depends on the database's collation. What is not
    ``portable`` says nothing of another database with the same schema.
    """

    query: str | Callable[[Server], str]
    catalog: str
    word: str = ""
    parts: tuple[str, ...] = ()
    since: int = 0
    shorten: Callable[[str, str, str], str] | None = None
    in_order: bool = False
    cluster_wide: bool = False
    portable: bool = True

    def sql(self, server: Server) -> str:
        """The query for a server."""
        return self.query if isinstance(self.query, str) else self.query(server)


PARTS: Mapping[str, Kind] = {
    "columns": Kind(query=relations.COLUMNS, catalog="pg_attribute", word="column", in_order=True),
    "constraints": Kind(query=table_parts.CONSTRAINTS, catalog="pg_constraint", word="constraint"),
    "indexes": Kind(
        query=table_parts.INDEXES, catalog="pg_class", word="index", shorten=definitions.index
    ),
    "triggers": Kind(query=table_parts.TRIGGERS, catalog="pg_trigger", shorten=definitions.trigger),
    "policies": Kind(query=table_parts.POLICIES, catalog="pg_policy", word="policy"),
    "labels": Kind(query=types.LABELS, catalog="pg_enum", word="value", in_order=True),
    "domain constraints": Kind(
        query=types.DOMAIN_CONSTRAINTS, catalog="pg_constraint", word="constraint"
    ),
}

KINDS: Mapping[str, Kind] = {
    "roles": Kind(query=cluster.ROLES, catalog="pg_authid", cluster_wide=True, portable=False),
    "settings": Kind(
        query=cluster.SETTINGS_OF_ALL,
        catalog="pg_db_role_setting",
        cluster_wide=True,
        portable=False,
    ),
    "tablespaces": Kind(
        query=cluster.TABLESPACES, catalog="pg_tablespace", cluster_wide=True, portable=False
    ),
    "parameters": Kind(
        query=cluster.PARAMETERS,
        catalog="pg_parameter_acl",
        since=15,
        cluster_wide=True,
        portable=False,
    ),
    "database": Kind(query=database.DATABASE, catalog="pg_database", portable=False),
    "role settings": Kind(query=database.ROLE_SETTINGS, catalog="pg_authid", portable=False),
    "schemas": Kind(query=database.NAMESPACES, catalog="pg_namespace"),
    "extensions": Kind(query=database.EXTENSIONS, catalog="pg_extension"),
    "languages": Kind(query=functions.LANGUAGES, catalog="pg_language"),
    "access methods": Kind(query=operators.ACCESS_METHODS, catalog="pg_am"),
    "wrappers": Kind(query=foreign.WRAPPERS, catalog="pg_foreign_data_wrapper"),
    "servers": Kind(query=foreign.SERVERS, catalog="pg_foreign_server"),
    "user mappings": Kind(query=foreign.USER_MAPPINGS, catalog="pg_user_mapping"),
    "collations": Kind(query=types.COLLATIONS, catalog="pg_collation"),
    "types": Kind(query=types.TYPES, catalog="pg_type", parts=("labels", "domain constraints")),
    "sequences": Kind(query=relations.SEQUENCES, catalog="pg_class"),
    "relations": Kind(
        query=relations.RELATIONS,
        catalog="pg_class",
        parts=("columns", "constraints", "indexes", "triggers", "policies"),
    ),
    "statistics": Kind(query=database.STATISTICS, catalog="pg_statistic_ext"),
    "functions": Kind(query=functions.FUNCTIONS, catalog="pg_proc"),
    "casts": Kind(query=functions.CASTS, catalog="pg_cast"),
    "conversions": Kind(query=functions.CONVERSIONS, catalog="pg_conversion"),
    "transforms": Kind(query=functions.TRANSFORMS, catalog="pg_transform"),
    "operators": Kind(query=operators.OPERATORS, catalog="pg_operator"),
    "operator families": Kind(query=operators.OPERATOR_FAMILIES, catalog="pg_opfamily"),
    "operator classes": Kind(query=operators.OPERATOR_CLASSES, catalog="pg_opclass"),
    "text search parsers": Kind(query=text_search.PARSERS, catalog="pg_ts_parser"),
    "text search templates": Kind(query=text_search.TEMPLATES, catalog="pg_ts_template"),
    "text search dictionaries": Kind(query=text_search.DICTIONARIES, catalog="pg_ts_dict"),
    "text search configurations": Kind(query=text_search.CONFIGURATIONS, catalog="pg_ts_config"),
    "event triggers": Kind(query=functions.EVENT_TRIGGERS, catalog="pg_event_trigger"),
    "publications": Kind(query=replication.publications, catalog="pg_publication"),
    "subscriptions": Kind(query=replication.subscriptions, catalog="pg_subscription"),
    "default privileges": Kind(query=database.DEFAULT_PRIVILEGES, catalog="pg_default_acl"),
    "privileges": Kind(query=database.PRIVILEGES, catalog="pg_init_privs"),
    "security labels": Kind(query=database.SECURITY_LABELS, catalog="pg_seclabel"),
}


def of_server(kinds: Mapping[str, Kind], server: Server) -> dict[str, Kind]:
    """Those of the kinds that the server can have."""
    return {name: kind for name, kind in kinds.items() if kind.since <= server.major}
