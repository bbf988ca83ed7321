"""Tables, views, composite types, their columns, and sequences."""

from schemamig_tui.catalog.queries.fragments import (
    GRANT,
    comment,
    description,
    grants,
    needed_extensions,
    of_people,
    own,
    owner,
)

RELATIONS = f"""
SELECT c.oid, quote_ident(n.nspname) AS namespace, quote_ident(c.relname) AS name,
    CASE c.relkind
        WHEN 'r' THEN 'table' WHEN 'p' THEN 'partitioned table' WHEN 'f' THEN 'foreign table'
        WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' ELSE 'composite type'
    END AS kind,
    {owner("c.relowner")},
    CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid, true) ELSE '' END AS text,
    c.relpersistence = 'u' AS unlogged,
    CASE WHEN c.reloftype <> 0 THEN (
        SELECT ARRAY[format('%I.%I', tn.nspname, t.typname)]
        FROM pg_type AS t JOIN pg_namespace AS tn ON tn.oid = t.typnamespace
        WHERE t.oid = c.reloftype
    ) END AS "of type",
    CASE WHEN c.relispartition THEN parents.names || pg_get_expr(c.relpartbound, c.oid, true)
    END AS "partition of",
    CASE WHEN NOT c.relispartition THEN parents.names END AS inherits,
    CASE WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) END AS "partition by",
    quote_ident(s.srvname) AS server,
    nullif(am.amname, 'heap') AS using,
    quote_ident(ts.spcname) AS tablespace,
    coalesce(c.reloptions, '{{}}') || coalesce(f.ftoptions, '{{}}')
        || ARRAY(SELECT 'toast.' || option FROM unnest(toast.reloptions) AS option) AS "with",
    CASE WHEN c.relrowsecurity AND c.relforcerowsecurity THEN 'forced'
        WHEN c.relrowsecurity THEN 'enabled' WHEN c.relforcerowsecurity THEN 'forced, not enabled'
    END AS "row level security",
    CASE WHEN c.relkind IN ('v', 'c', 'f') THEN NULL
        WHEN c.relreplident = 'n' THEN 'nothing'
        WHEN c.relreplident = 'f' THEN 'full'
        WHEN c.relreplident = 'i' THEN 'index ' || (
            SELECT quote_ident(ic.relname)
            FROM pg_index AS i JOIN pg_class AS ic ON ic.oid = i.indexrelid
            WHERE i.indrelid = c.oid AND i.indisreplident
        )
    END AS "replica identity",
    {needed_extensions("pg_class", "c.oid")},
    CASE WHEN c.relkind = 'c' THEN {description("pg_type", "c.reltype")}
        ELSE {description("pg_class", "c.oid")} END AS comment,
    {grants("coalesce(c.relacl, ct.typacl)", "c.relowner", "letter.of_acl")}
FROM pg_class AS c
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    LEFT JOIN pg_type AS ct ON ct.oid = c.reltype AND c.relkind = 'c'
    LEFT JOIN pg_class AS toast ON toast.oid = c.reltoastrelid
    LEFT JOIN pg_am AS am ON am.oid = c.relam
    LEFT JOIN pg_tablespace AS ts ON ts.oid = c.reltablespace
    LEFT JOIN pg_foreign_table AS f ON f.ftrelid = c.oid
    LEFT JOIN pg_foreign_server AS s ON s.oid = f.ftserver,
    LATERAL (SELECT CASE WHEN EXISTS (SELECT FROM pg_inherits WHERE inhrelid = c.oid) THEN ARRAY(
        SELECT format('%I.%I', pn.nspname, p.relname)
        FROM pg_inherits AS i JOIN pg_class AS p ON p.oid = i.inhparent
            JOIN pg_namespace AS pn ON pn.oid = p.relnamespace
        WHERE i.inhrelid = c.oid ORDER BY i.inhseqno
    ) END AS names) AS parents,
    LATERAL (SELECT CASE c.relkind WHEN 'c' THEN 'T' ELSE 'r' END::"char" AS of_acl) AS letter
WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm', 'c') AND {own("pg_class", "c.oid")}
"""

COLUMNS = f"""
SELECT a.attrelid AS parent, a.attnum AS oid, quote_ident(a.attname) AS name,
    a.attinhcount > 0 AND NOT a.attislocal AS follows,
    format_type(a.atttypid, a.atttypmod) AS type,
    quote_ident(cn.nspname) || '.' || quote_ident(co.collname) AS collate,
    CASE WHEN a.attnotnull THEN 'not null'
        || CASE WHEN not_valid.oid IS NULL THEN '' ELSE ' not valid' END END AS _null,
    CASE WHEN a.attgenerated = '' THEN e.expression END AS default,
    CASE a.attidentity WHEN 'a' THEN 'always as identity' WHEN 'd' THEN 'by default as identity'
    END AS generated,
    CASE WHEN a.attgenerated <> '' THEN format('(%s) ', e.expression)
        || CASE a.attgenerated WHEN 's' THEN 'stored' ELSE 'virtual' END
    END AS "generated always as",
    nullif(array_remove(ARRAY[
        CASE WHEN a.attstorage <> t.typstorage THEN 'storage ' || CASE a.attstorage
            WHEN 'p' THEN 'plain' WHEN 'e' THEN 'external' WHEN 'm' THEN 'main' ELSE 'extended'
        END END,
        CASE a.attcompression WHEN 'p' THEN 'compression pglz' WHEN 'l' THEN 'compression lz4' END,
        'statistics ' || nullif(a.attstattarget, -1)
    ], NULL) || coalesce(a.attoptions, '{{}}') || coalesce(a.attfdwoptions, '{{}}'),
        '{{}}') AS "with",
    {comment("pg_class", "a.attrelid", "a.attnum")},
    CASE WHEN a.attacl IS NOT NULL
        THEN ARRAY(SELECT {GRANT} FROM aclexplode(a.attacl) ORDER BY 1) END AS grants
FROM pg_attribute AS a
    JOIN pg_class AS c ON c.oid = a.attrelid
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    JOIN pg_type AS t ON t.oid = a.atttypid
    LEFT JOIN pg_collation AS co
        ON co.oid = a.attcollation AND a.attcollation <> t.typcollation
    LEFT JOIN pg_namespace AS cn ON cn.oid = co.collnamespace
    LEFT JOIN pg_constraint AS not_valid ON not_valid.conrelid = a.attrelid
        AND not_valid.conkey[1] = a.attnum
        AND not_valid.contype = 'n' AND NOT not_valid.convalidated
    LEFT JOIN pg_attrdef AS d ON a.atthasdef AND d.adrelid = a.attrelid AND d.adnum = a.attnum
    LEFT JOIN LATERAL (
        -- Only where it may name columns does it look at the table.
        SELECT pg_get_expr(d.adbin, CASE WHEN a.attgenerated <> '' THEN d.adrelid ELSE 0 END, true)
            AS expression
    ) AS e ON true
WHERE a.attnum > 0 AND NOT a.attisdropped
    AND c.relkind IN ('r', 'p', 'f', 'v', 'm', 'c') AND {of_people()}
ORDER BY a.attrelid, a.attnum
"""

SEQUENCES = f"""
SELECT c.oid, quote_ident(n.nspname) AS namespace, quote_ident(c.relname) AS name,
    'sequence' AS kind,
    d.deptype = 'i' AS follows,
    -- Its column says it all.
    d.deptype = 'i' AND c.relpersistence = 'p'
        AND (s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache, s.seqcycle)
            = (1, 1, 1, bound.largest, 1, false)
        AND {description("pg_class", "c.oid")} IS NULL AS implied,
    -- That of a column's sequence is the owner of its table.
    CASE WHEN d.deptype IS NULL THEN quote_ident(pg_get_userbyid(c.relowner)) END AS owner,
    format_type(s.seqtypid, NULL) AS type,
    nullif(s.seqstart, 1)::text AS start,
    nullif(s.seqincrement, 1)::text AS increment,
    nullif(s.seqmin, CASE WHEN s.seqincrement > 0 THEN 1 ELSE -bound.largest - 1 END)::text
        AS minimum,
    nullif(s.seqmax, CASE WHEN s.seqincrement > 0 THEN bound.largest ELSE -1 END)::text AS maximum,
    nullif(s.seqcache, 1)::text AS cache,
    s.seqcycle AS cycle,
    c.relpersistence = 'u' AS unlogged,
    CASE WHEN d.deptype = 'a' THEN ARRAY[format('%I.%I.%I', tn.nspname, t.relname, a.attname)]
    END AS "owned by",
    {comment("pg_class", "c.oid")},
    {grants("c.relacl", "c.relowner", "'s'")}
FROM pg_sequence AS s
    JOIN pg_class AS c ON c.oid = s.seqrelid
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    LEFT JOIN pg_depend AS d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid
        AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i')
    LEFT JOIN pg_class AS t ON t.oid = d.refobjid
    LEFT JOIN pg_namespace AS tn ON tn.oid = t.relnamespace
    LEFT JOIN pg_attribute AS a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid,
    LATERAL (SELECT CASE s.seqtypid WHEN 'int2'::regtype THEN 32767 WHEN 'int4'::regtype
        THEN 2147483647 ELSE 9223372036854775807 END AS largest) AS bound
WHERE {own("pg_class", "c.oid")}
"""
