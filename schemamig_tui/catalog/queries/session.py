"""Queries of a snapshot that are not about objects: settings, writes, the database's identity."""

_SET = """
SELECT pg_catalog.has_column_privilege('pg_catalog.pg_subscription', 'subconninfo', 'SELECT'),
    pg_catalog.count(pg_catalog.set_config(name, value, true))
FROM (VALUES
{}
) AS needed (name, value)
WHERE pg_catalog.current_setting(name, true) IS NOT NULL
"""
_SETTINGS = """
    ('search_path', 'pg_catalog, pg_temp'),
    ('client_encoding', CASE
        WHEN pg_catalog.current_setting('server_encoding') OPERATOR(pg_catalog.=) 'SQL_ASCII'
        THEN 'SQL_ASCII' ELSE 'UTF8' END),
    ('lock_timeout', '100ms'),
    ('statement_timeout', '0'),
    ('transaction_timeout', '0'),
    ('idle_in_transaction_session_timeout', '0'),
    ('jit', 'off'),
    ('max_parallel_workers_per_gather', '0'),
    ('from_collapse_limit', '1'),
    ('join_collapse_limit', '1'),
    ('quote_all_identifiers', 'off'),
    ('standard_conforming_strings', 'on'),
    ('bytea_output', 'hex'),
    ('extra_float_digits', '1'),
    ('datestyle', 'ISO, YMD'),
    ('intervalstyle', 'postgres'),
    ('timezone', 'UTC'),
    ('lc_monetary', 'C')"""
SETTINGS = _SET.format(_SETTINGS)
"""For this transaction: what makes the texts of a definition depend on the session, set firmly.

A setting that the server does not have is left out: transaction_timeout came with PostgreSQL 17.
The joins are written in the order that is best, so that no time is lost on finding one.
A worker would read the catalogs once more, on a core that the second connection has a use for.

Returns whether the role may see everything, and how many settings there are.
"""

LOOKUPS = _SET.format(
    f"""{_SETTINGS},
    ('plan_cache_mode', 'force_generic_plan'),
    ('enable_hashjoin', 'off'),
    ('enable_mergejoin', 'off'),
    ('enable_seqscan', 'off')"""
)
"""The same for queries about few objects, planned once: look up what they have in the indexes.

While there is little in a catalog, a plan would read all of it, and would still do so later.
"""

IS_LARGE = "SELECT pg_relation_size('pg_attribute') > 8 * 1024 * 1024"
"""Whether there are so many tables, about 2,000, that it is worth to open another connection."""

# FirstNormalObjectId in access/transam.h is 16384.
CATALOG_OIDS = """
SELECT c.oid FROM pg_catalog.pg_class AS c
WHERE c.oid OPERATOR(pg_catalog.<) 16384 AND c.relkind OPERATOR(pg_catalog.=) 'r'
    AND c.relnamespace OPERATOR(pg_catalog.=) 'pg_catalog'::pg_catalog.regnamespace
"""
"""The oids of the catalogs."""


def writes(catalogs: str) -> str:
    """How many rows of which catalogs the open transaction has written, how many of these deleted.

    ``catalogs`` is an array of their oids as SQL: to find these takes longer than all else. NULL
    where that is not counted. In any session, also one whose search_path is not pg_catalog.
    """
    return f"""
SELECT CASE WHEN pg_catalog.current_setting('track_counts')::pg_catalog.bool THEN coalesce(
    pg_catalog.jsonb_object_agg(
        (SELECT c.relname FROM pg_catalog.pg_class AS c WHERE c.oid OPERATOR(pg_catalog.=) w.oid),
        ARRAY[w.kept OPERATOR(pg_catalog.+) w.deleted, w.deleted]
    ) FILTER (WHERE w.kept OPERATOR(pg_catalog.<>) 0 OR w.deleted OPERATOR(pg_catalog.<>) 0), '{{}}'
) END
FROM (
    SELECT oid, pg_catalog.pg_stat_get_xact_tuples_deleted(oid) AS deleted,
        pg_catalog.pg_stat_get_xact_tuples_inserted(oid)
            OPERATOR(pg_catalog.+) pg_catalog.pg_stat_get_xact_tuples_updated(oid) AS kept
    FROM pg_catalog.unnest({catalogs}) AS oid
    -- So each is asked for once, though it is of use several times.
    OFFSET 0
) AS w"""


SYSTEM = """
SELECT c.system_identifier || '/' || d.oid AS id
FROM pg_control_system() AS c, pg_database AS d WHERE d.datname = current_database()
"""
"""Which database of which cluster it is."""
