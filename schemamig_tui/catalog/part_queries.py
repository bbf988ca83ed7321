"""The queries for the parts of objects (columns, constraints, indexes ...); see ``queries``."""

from schemamig_tui.catalog.fragments import comment, grants

COLUMNS = f"""
SELECT a.attrelid AS parent, a.attnum AS oid, quote_ident(a.attname) AS name,
    a.attinhcount > 0 AND NOT a.attislocal AS follows,
    format_type(a.atttypid, a.atttypmod) AS type,
    quote_ident(cn.nspname) || '.' || quote_ident(co.collname) AS collation,
    a.attnotnull AS not_null,
    NOT coalesce(nn.convalidated, true) AS not_null_not_valid,
    CASE WHEN a.attgenerated = '' THEN e.expression END AS "default",
    CASE a.attidentity WHEN 'a' THEN 'always' WHEN 'd' THEN 'by default' END AS identity,
    format('(%s)', e.expression) || CASE a.attgenerated WHEN 's' THEN ' stored'
        WHEN 'v' THEN ' virtual' END AS generated,
    array_remove(ARRAY[
        CASE WHEN a.attstorage <> t.typstorage THEN 'storage ' || CASE a.attstorage
            WHEN 'p' THEN 'plain' WHEN 'e' THEN 'external' WHEN 'm' THEN 'main' ELSE 'extended'
        END END,
        @compression@,
        'statistics ' || nullif(a.attstattarget, -1)
    ], NULL) || coalesce(a.attoptions, '{{}}') || coalesce(a.attfdwoptions, '{{}}')
        AS settings,
    {comment("pg_class", "a.attrelid", "a.attnum")},
    {grants("a.attacl", "c.relowner")}
FROM pg_attribute AS a
    JOIN pg_class AS c ON c.oid = a.attrelid
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    JOIN pg_type AS t ON t.oid = a.atttypid
    LEFT JOIN pg_collation AS co ON co.oid = a.attcollation AND a.attcollation <> t.typcollation
    LEFT JOIN pg_namespace AS cn ON cn.oid = co.collnamespace
    LEFT JOIN pg_constraint AS nn ON nn.conrelid = a.attrelid
        AND nn.contype = 'n' AND nn.conkey[1] = a.attnum
    LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    LEFT JOIN LATERAL (SELECT pg_get_expr(d.adbin, d.adrelid, true) AS expression) AS e ON true
WHERE a.attnum > 0 AND NOT a.attisdropped
    AND c.relkind IN ('r', 'p', 'f', 'v', 'm', 'c')
    AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
ORDER BY a.attrelid, a.attnum
"""

CONSTRAINTS = f"""
SELECT CASE WHEN k.conrelid <> 0 THEN k.conrelid::bigint ELSE -k.contypid::bigint END AS parent,
    k.oid, quote_ident(k.conname) AS name,
    k.conparentid <> 0 OR (k.coninhcount > 0 AND NOT k.conislocal) AS follows,
    regexp_replace(d.definition, ' NOT VALID$', '') AS definition,
    d.definition LIKE '% NOT VALID' AS not_valid,
    {comment("pg_constraint", "k.oid")}
FROM pg_constraint AS k
    JOIN pg_namespace AS n ON n.oid = k.connamespace
    LEFT JOIN pg_constraint AS above ON above.oid = k.conparentid AND above.conrelid = k.conrelid,
    LATERAL (SELECT pg_get_constraintdef(k.oid, true) AS definition) AS d
WHERE k.contype IN ('c', 'f', 'p', 'u', 'x')
    -- A foreign key to a partitioned table has a constraint for each partition as well.
    AND above.oid IS NULL
    AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
"""

INDEXES = f"""
SELECT i.indrelid AS parent, i.indexrelid AS oid, quote_ident(c.relname) AS name,
    c.relispartition AS follows,
    pg_get_indexdef(i.indexrelid, 0, true)
        || coalesce(' TABLESPACE ' || quote_ident(ts.spcname), '') AS definition,
    NOT i.indisvalid AS invalid,
    {comment("pg_class", "i.indexrelid")}
FROM pg_index AS i
    JOIN pg_class AS c ON c.oid = i.indexrelid
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    LEFT JOIN pg_tablespace AS ts ON ts.oid = c.reltablespace
WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    AND NOT EXISTS (
        SELECT FROM pg_constraint AS k
        WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x')
    )
"""

TRIGGERS = f"""
SELECT g.tgrelid AS parent, g.oid, 'trigger' AS kind, quote_ident(g.tgname) AS name,
    g.tgparentid <> 0 AS follows, pg_get_triggerdef(g.oid, true) AS definition,
    CASE g.tgenabled WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'on replicas' WHEN 'A' THEN 'always'
    END AS firing,
    {comment("pg_trigger", "g.oid")}
FROM pg_trigger AS g
WHERE NOT g.tgisinternal
UNION ALL
SELECT r.ev_class, r.oid, 'rule', quote_ident(r.rulename), false, pg_get_ruledef(r.oid, true),
    CASE r.ev_enabled WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'on replicas' WHEN 'A' THEN 'always'
    END,
    {comment("pg_rewrite", "r.oid")}
FROM pg_rewrite AS r
    JOIN pg_class AS c ON c.oid = r.ev_class
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE r.rulename <> '_RETURN' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
"""

POLICIES = f"""
SELECT p.polrelid AS parent, p.oid, quote_ident(p.polname) AS name,
    CASE WHEN p.polpermissive THEN 'permissive' ELSE 'restrictive' END AS mode,
    CASE p.polcmd WHEN 'r' THEN 'select' WHEN 'a' THEN 'insert' WHEN 'w' THEN 'update'
        WHEN 'd' THEN 'delete' ELSE 'all' END AS command,
    array_to_string(ARRAY(
        SELECT CASE role WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(role)) END
        FROM unnest(p.polroles) AS role ORDER BY 1
    ), ', ') AS roles,
    '(' || pg_get_expr(p.polqual, p.polrelid, true) || ')' AS "using",
    '(' || pg_get_expr(p.polwithcheck, p.polrelid, true) || ')' AS "check",
    {comment("pg_policy", "p.oid")}
FROM pg_policy AS p
"""

LABELS = """
SELECT enumtypid AS parent, oid, quote_literal(enumlabel) AS name,
    quote_literal(lag(enumlabel) OVER (PARTITION BY enumtypid ORDER BY enumsortorder)) AS after
FROM pg_enum
ORDER BY enumtypid, enumsortorder
"""
