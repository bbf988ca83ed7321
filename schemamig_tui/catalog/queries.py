"""The queries of a snapshot: one per kind of object, on pg_catalog alone, for PostgreSQL 13 to 19.

The columns of a result are named after the fields of the value that a row becomes; ``parent`` is
the oid of the object that it is a part of. Search_path has to be ``pg_catalog``: then every name
of a person's object is written qualified. A definition (or an identity) is NULL when another
session has just dropped what it belongs to.
"""

from schemamig_tui.catalog.fragments import comment, grants, own
from schemamig_tui.catalog.part_queries import (
    COLUMNS,
    CONSTRAINTS,
    INDEXES,
    LABELS,
    POLICIES,
    TRIGGERS,
)

SETTINGS = """
SELECT pg_catalog.set_config(name, value, true) FROM (VALUES
    ('search_path', 'pg_catalog, pg_temp'),
    ('client_encoding', CASE pg_catalog.current_setting('server_encoding')
        WHEN 'SQL_ASCII' THEN 'SQL_ASCII' ELSE 'UTF8' END),
    ('lock_timeout', '100ms'),
    ('statement_timeout', '0'),
    ('jit', 'off'),
    ('quote_all_identifiers', 'off'),
    ('standard_conforming_strings', 'on'),
    ('bytea_output', 'hex'),
    ('extra_float_digits', '1'),
    ('datestyle', 'ISO, YMD'),
    ('intervalstyle', 'postgres'),
    ('timezone', 'UTC'),
    ('lc_monetary', 'C')
) AS needed (name, value)
"""
"""For this transaction: what makes the texts of a definition depend on the session, set firmly."""

WRITES = """
SELECT CASE WHEN pg_catalog.current_setting('track_counts') = 'on' THEN pg_catalog.sum(
    pg_catalog.pg_stat_get_xact_tuples_inserted(oid)
        + pg_catalog.pg_stat_get_xact_tuples_updated(oid)
        + pg_catalog.pg_stat_get_xact_tuples_deleted(oid)
)::pg_catalog.int8 END
FROM pg_catalog.pg_class
WHERE relnamespace = 'pg_catalog'::pg_catalog.regnamespace AND relkind = 'r'
"""
"""How many rows of catalogs the open transaction has written; NULL where that is not counted.

In any session, also one whose search_path is not pg_catalog.
"""

DATABASE = """
SELECT c.system_identifier || '/' || d.oid AS id
FROM pg_control_system() AS c, pg_database AS d WHERE d.datname = current_database()
"""

NAMESPACES = f"""
SELECT n.oid, quote_ident(n.nspname) AS name, quote_ident(pg_get_userbyid(n.nspowner)) AS owner,
    {comment("pg_namespace", "n.oid")}, {grants("n.nspacl", "n.nspowner")}
FROM pg_namespace AS n
WHERE {own("pg_namespace", "n.oid")}
"""

EXTENSIONS = """
SELECT e.oid, quote_ident(e.extname) AS name, e.extversion AS version,
    quote_ident(n.nspname) AS namespace
FROM pg_extension AS e JOIN pg_namespace AS n ON n.oid = e.extnamespace
"""

RELATIONS = f"""
SELECT c.oid, format('%I.%I', n.nspname, c.relname) AS name,
    CASE c.relkind
        WHEN 'r' THEN 'table' WHEN 'p' THEN 'partitioned table' WHEN 'f' THEN 'foreign table'
        WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' ELSE 'composite type'
    END AS kind,
    quote_ident(pg_get_userbyid(c.relowner)) AS owner,
    CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid, true) ELSE '' END AS definition,
    c.relpersistence = 'u' AS unlogged,
    ARRAY(
        SELECT format('%I.%I', pn.nspname, p.relname)
        FROM pg_inherits AS i JOIN pg_class AS p ON p.oid = i.inhparent
            JOIN pg_namespace AS pn ON pn.oid = p.relnamespace
        WHERE i.inhrelid = c.oid ORDER BY i.inhseqno
    ) AS parents,
    pg_get_expr(c.relpartbound, c.oid, true) AS bound,
    CASE WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) END AS partition_key,
    quote_ident(s.srvname) AS server,
    nullif(am.amname, 'heap') AS access_method,
    quote_ident(ts.spcname) AS tablespace,
    coalesce(c.reloptions, '{{}}') || coalesce(f.ftoptions, '{{}}')
        || ARRAY(SELECT 'toast.' || option FROM unnest(t.reloptions) AS option) AS options,
    CASE WHEN c.relrowsecurity AND c.relforcerowsecurity THEN 'forced'
        WHEN c.relrowsecurity THEN 'enabled' WHEN c.relforcerowsecurity THEN 'forced, not enabled'
    END AS row_security,
    CASE WHEN c.relkind IN ('v', 'c', 'f') THEN NULL
        WHEN c.relreplident = 'n' THEN 'nothing'
        WHEN c.relreplident = 'f' THEN 'full'
        WHEN c.relreplident = 'i' THEN 'index ' || (
            SELECT quote_ident(ic.relname)
            FROM pg_index AS i JOIN pg_class AS ic ON ic.oid = i.indexrelid
            WHERE i.indrelid = c.oid AND i.indisreplident
        )
    END AS replica_identity,
    {comment("pg_class", "c.oid")},
    {grants("c.relacl", "c.relowner")}
FROM pg_class AS c
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    LEFT JOIN pg_class AS t ON t.oid = c.reltoastrelid
    LEFT JOIN pg_am AS am ON am.oid = c.relam
    LEFT JOIN pg_tablespace AS ts ON ts.oid = c.reltablespace
    LEFT JOIN pg_foreign_table AS f ON f.ftrelid = c.oid
    LEFT JOIN pg_foreign_server AS s ON s.oid = f.ftserver
WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm', 'c')
    AND {own("pg_class", "c.oid")}
"""

SEQUENCES = f"""
SELECT c.oid, format('%I.%I', n.nspname, c.relname) AS name,
    o.follows,
    CASE WHEN NOT o.follows THEN quote_ident(pg_get_userbyid(c.relowner)) END AS owner,
    format_type(s.seqtypid, NULL) AS type, s.seqstart AS start, s.seqincrement AS increment,
    s.seqmin AS minimum, s.seqmax AS maximum, s.seqcache AS cache, s.seqcycle AS cycle,
    c.relpersistence = 'u' AS unlogged,
    {comment("pg_class", "c.oid")},
    {grants("c.relacl", "c.relowner")}
FROM pg_sequence AS s
    JOIN pg_class AS c ON c.oid = s.seqrelid
    JOIN pg_namespace AS n ON n.oid = c.relnamespace,
    LATERAL (
        SELECT count(*) > 0 AS follows FROM pg_depend AS d
        WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
            AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0
            AND d.deptype IN ('a', 'i')
    ) AS o
WHERE {own("pg_class", "c.oid")}
"""

FUNCTIONS = f"""
SELECT p.oid, q.name || '(' || oidvectortypes(p.proargtypes) || ')' AS name,
    CASE p.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate'
        WHEN 'w' THEN 'window function' ELSE 'function' END AS kind,
    quote_ident(pg_get_userbyid(p.proowner)) AS owner,
    pg_get_function_result(p.oid) AS result,
    CASE WHEN p.prokind <> 'a' THEN substr(
        pg_get_functiondef(p.oid),
        length('CREATE OR REPLACE FUNCTION ') + (p.prokind = 'p')::int + length(q.name) + 1
    ) ELSE array_to_string(ARRAY[
        'SFUNC = ' || a.aggtransfn::text,
        'STYPE = ' || format_type(a.aggtranstype, NULL),
        'FINALFUNC = ' || nullif(a.aggfinalfn::oid, 0)::regproc,
        'COMBINEFUNC = ' || nullif(a.aggcombinefn::oid, 0)::regproc,
        'INITCOND = ' || quote_literal(a.agginitval),
        'PARALLEL = ' || p.proparallel::text
    ], E'\\n') END AS definition,
    {comment("pg_proc", "p.oid")},
    {grants("p.proacl", "p.proowner", "f")}
FROM pg_proc AS p
    JOIN pg_namespace AS n ON n.oid = p.pronamespace
    LEFT JOIN pg_aggregate AS a ON a.aggfnoid = p.oid,
    LATERAL (SELECT format('%I.%I', n.nspname, p.proname) AS name) AS q
WHERE {own("pg_proc", "p.oid", "'e', 'i'")}
"""

TYPES = f"""
SELECT t.oid, format('%I.%I', n.nspname, t.typname) AS name,
    CASE t.typtype WHEN 'e' THEN 'enum' WHEN 'd' THEN 'domain' ELSE 'range type' END AS kind,
    quote_ident(pg_get_userbyid(t.typowner)) AS owner,
    coalesce(format_type(nullif(t.typbasetype, 0), t.typtypmod), format_type(r.rngsubtype, NULL))
        AS base,
    quote_ident(cn.nspname) || '.' || quote_ident(co.collname) AS collation,
    t.typnotnull AS not_null,
    t.typdefault AS "default",
    {comment("pg_type", "t.oid")},
    {grants("t.typacl", "t.typowner", "T")}
FROM pg_type AS t
    JOIN pg_namespace AS n ON n.oid = t.typnamespace
    LEFT JOIN pg_type AS b ON b.oid = t.typbasetype
    LEFT JOIN pg_range AS r ON r.rngtypid = t.oid
    LEFT JOIN pg_collation AS co
        ON co.oid = coalesce(r.rngcollation, t.typcollation)
        AND co.oid <> coalesce(b.typcollation, 100)
    LEFT JOIN pg_namespace AS cn ON cn.oid = co.collnamespace
WHERE t.typtype IN ('e', 'd', 'r') AND {own("pg_type", "t.oid")}
"""

_RARE = (
    "pg_cast",
    "pg_collation",
    "pg_conversion",
    "pg_event_trigger",
    "pg_foreign_data_wrapper",
    "pg_foreign_server",
    "pg_language",
    "pg_opclass",
    "pg_operator",
    "pg_opfamily",
    "pg_publication",
    "pg_statistic_ext",
    "pg_transform",
    "pg_ts_config",
    "pg_ts_dict",
)
# Below are the objects that initdb has made (FirstNormalObjectId in access/transam.h).
_FIRST_OWN_OID = 16384

OTHERS = f"""
SELECT o.oid, i.type AS kind, i.identity AS name,
    CASE WHEN o.classid = 'pg_statistic_ext'::regclass THEN replace(
            pg_get_statisticsobjdef(o.oid), 'CREATE STATISTICS ' || i.identity || ' ', ''
        ) ELSE '' END AS definition,
    (SELECT d.description FROM pg_description AS d
        WHERE d.objoid = o.oid AND d.classoid = o.classid AND d.objsubid = 0) AS comment,
    '{{}}'::text[] AS grants
FROM (
    {" UNION ALL ".join(f"SELECT '{c}'::regclass AS classid, oid FROM {c}" for c in _RARE)}
) AS o, LATERAL pg_identify_object(o.classid, o.oid, 0) AS i
WHERE o.oid >= {_FIRST_OWN_OID}
    AND i.identity IS NOT NULL
    AND NOT EXISTS (
        SELECT FROM pg_depend AS e
        WHERE e.classid = o.classid AND e.objid = o.oid AND e.deptype IN ('e', 'i')
    )
UNION ALL
SELECT a.oid, 'default privileges', i.identity, '', NULL,
    {grants("a.defaclacl", "a.defaclrole")}
FROM pg_default_acl AS a,
    LATERAL pg_identify_object('pg_default_acl'::regclass, a.oid, 0) AS i
"""


def by_kind(server_version: int) -> dict[str, str]:
    """Every query under a name; ``server_version`` as libpq gives it, such as 130014."""
    compression = """CASE a.attcompression
            WHEN 'p' THEN 'compression pglz' WHEN 'l' THEN 'compression lz4' END"""
    return {
        "database": DATABASE,
        "namespaces": NAMESPACES,
        "extensions": EXTENSIONS,
        "types": TYPES,
        "labels": LABELS,
        "sequences": SEQUENCES,
        "relations": RELATIONS,
        "columns": COLUMNS.replace(
            "@compression@", compression if server_version >= 140000 else "NULL"
        ),
        "constraints": CONSTRAINTS,
        "indexes": INDEXES,
        "triggers": TRIGGERS,
        "policies": POLICIES,
        "functions": FUNCTIONS,
        "others": OTHERS,
    }
