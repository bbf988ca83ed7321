"""Finds which of the rare kinds of objects a database has."""

from collections.abc import Collection

from schemamig_tui.catalog.queries.fragments import FIRST_OWN_OID

_MADE = f"oid >= {FIRST_OWN_OID}"
_ELSEWHERE = "<> 'pg_catalog'::regnamespace"

RARE = {
    "settings": "pg_db_role_setting",
    "role settings": "pg_db_role_setting",
    "parameters": "pg_parameter_acl",
    "languages": f"pg_language WHERE {_MADE}",
    "access methods": f"pg_am WHERE {_MADE}",
    "wrappers": f"pg_foreign_data_wrapper WHERE {_MADE}",
    "servers": f"pg_foreign_server WHERE {_MADE}",
    "user mappings": f"pg_foreign_server WHERE {_MADE}",  # hidden, but none is without a server
    "collations": f"pg_collation WHERE collnamespace {_ELSEWHERE}",
    "statistics": f"pg_statistic_ext WHERE stxnamespace {_ELSEWHERE}",
    "casts": f"pg_cast WHERE {_MADE}",
    "conversions": f"pg_conversion WHERE connamespace {_ELSEWHERE}",
    "transforms": f"pg_transform WHERE {_MADE}",
    "operators": f"pg_operator WHERE oprnamespace {_ELSEWHERE}",
    "operator families": f"pg_opfamily WHERE opfnamespace {_ELSEWHERE}",
    "operator classes": f"pg_opclass WHERE opcnamespace {_ELSEWHERE}",
    "text search parsers": f"pg_ts_parser WHERE prsnamespace {_ELSEWHERE}",
    "text search templates": f"pg_ts_template WHERE tmplnamespace {_ELSEWHERE}",
    "text search dictionaries": f"pg_ts_dict WHERE dictnamespace {_ELSEWHERE}",
    "text search configurations": f"pg_ts_config WHERE cfgnamespace {_ELSEWHERE}",
    "event triggers": f"pg_event_trigger WHERE {_MADE}",
    "publications": f"pg_publication WHERE {_MADE}",
    "subscriptions": "pg_subscription",
    "default privileges": "pg_default_acl",
    "security labels": "(SELECT 1 FROM pg_seclabel UNION ALL SELECT 1 FROM pg_shseclabel) AS l",
}
"""Where there is a row for each object of a kind, as the FROM clause of a query."""


def which(kinds: Collection[str]) -> str:
    """A query for those of the ``kinds`` that there may be something of.

    Most databases have nothing of all these, and to plan a query for each of them takes longer than
    all the rest of a small schema.
    """
    there = (f"CASE WHEN EXISTS (SELECT FROM {RARE[kind]}) THEN '{kind}' END" for kind in kinds)
    return f"SELECT array_remove(ARRAY[{', '.join(there)}]::text[], NULL) AS kinds"
