"""Types with the values of enums and the constraints of domains, and collations."""

from schemamig_tui.catalog.queries.fragments import (
    comment,
    description,
    function,
    grants,
    own,
    owner,
)

TYPES = f"""
SELECT t.oid, quote_ident(n.nspname) AS namespace, quote_ident(t.typname) AS name,
    CASE WHEN NOT t.typisdefined THEN 'shell type' WHEN t.typtype = 'e' THEN 'enum'
        WHEN t.typtype = 'd' THEN 'domain' WHEN t.typtype = 'r' THEN 'range type'
        ELSE 'base type' END AS kind,
    {owner("t.typowner")},
    format_type(nullif(t.typbasetype, 0), t.typtypmod) AS as,
    format_type(r.rngsubtype, NULL) AS of,
    quote_ident(cn.nspname) || '.' || quote_ident(co.collname) AS collate,
    CASE WHEN t.typnotnull THEN 'not null' END AS _null,
    t.typdefault AS default,
    -- As makeMultirangeTypeName() in catalog/pg_type.c would call it.
    quote_ident(mn.nspname) || '.' || quote_ident(nullif(m.typname::text,
        CASE WHEN t.typname LIKE '%range%' THEN regexp_replace(t.typname, 'range', 'multirange')
            ELSE t.typname || '_multirange' END)) AS multirange,
    (
        SELECT format('%I.%I', ocn.nspname, oc.opcname)
        FROM pg_opclass AS oc JOIN pg_namespace AS ocn ON ocn.oid = oc.opcnamespace
        WHERE oc.oid = r.rngsubopc AND NOT oc.opcdefault
    ) AS "operator class",
    {function("r.rngcanonical")} AS canonical,
    {function("r.rngsubdiff")} AS difference,
    base.*,
    {comment("pg_type", "t.oid")},
    {grants("t.typacl", "t.typowner", "'T'")}
FROM pg_type AS t
    JOIN pg_namespace AS n ON n.oid = t.typnamespace
    LEFT JOIN pg_type AS b ON b.oid = t.typbasetype
    LEFT JOIN pg_range AS r ON r.rngtypid = t.oid
    LEFT JOIN pg_type AS m ON m.oid = r.rngmultitypid
    LEFT JOIN pg_namespace AS mn ON mn.oid = m.typnamespace
    LEFT JOIN pg_collation AS co
        ON co.oid = coalesce(r.rngcollation, t.typcollation)
        AND co.oid <> coalesce(b.typcollation, 100)
    LEFT JOIN pg_namespace AS cn ON cn.oid = co.collnamespace
    LEFT JOIN LATERAL (
        SELECT {function("t.typinput")} AS input, {function("t.typoutput")} AS output,
            {function("t.typreceive")} AS receive, {function("t.typsend")} AS send,
            {function("t.typmodin")} AS "modifier input",
            {function("t.typmodout")} AS "modifier output",
            {function("t.typanalyze")} AS analyze, {function("t.typsubscript")} AS subscript,
            nullif(t.typlen, -1)::text AS length, t.typbyval AS "passed by value",
            t.typalign::text AS alignment, t.typstorage::text AS storage,
            t.typcategory::text AS category, t.typispreferred AS preferred,
            format_type(nullif(t.typelem, 0), NULL) AS element, t.typdelim::text AS delimiter,
            t.typcollation <> 0 AS collatable
    ) AS base ON t.typtype = 'b' AND t.typisdefined
WHERE (
        t.typtype IN ('e', 'd', 'r') OR NOT t.typisdefined
        OR t.typtype = 'b' AND NOT EXISTS (SELECT FROM pg_type AS of WHERE of.typarray = t.oid)
    )
    AND {own("pg_type", "t.oid")}
"""

LABELS = """
SELECT enumtypid AS parent, oid, quote_literal(enumlabel) AS name,
    coalesce('after ' || quote_literal(
        lag(enumlabel) OVER (PARTITION BY enumtypid ORDER BY enumsortorder)), '') AS place
FROM pg_enum
ORDER BY enumtypid, enumsortorder
"""

DOMAIN_CONSTRAINTS = f"""
SELECT k.contypid AS parent, k.oid, quote_ident(k.conname) AS name,
    -- That of NOT NULL, from 17 on, has a name of its own where people have given it one.
    k.contype = 'n' AND k.conname = t.typname || '_not_null'
        AND {description("pg_constraint", "k.oid")} IS NULL AS implied,
    regexp_replace(d.definition, ' NOT VALID$', '') AS _definition,
    CASE WHEN NOT k.convalidated THEN 'not valid' END AS _valid,
    {comment("pg_constraint", "k.oid")}
FROM pg_constraint AS k
    JOIN pg_type AS t ON t.oid = k.contypid,
    LATERAL (SELECT pg_get_constraintdef(k.oid, true) AS definition) AS d
WHERE k.contype IN ('c', 'n')
"""

COLLATIONS = f"""
SELECT c.oid, quote_ident(n.nspname) AS namespace, quote_ident(c.collname) AS name,
    'collation' AS kind, {owner("c.collowner")},
    CASE c.collprovider WHEN 'c' THEN 'libc' WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin' END
        AS provider,
    coalesce(row ->> 'colllocale', row ->> 'colliculocale') AS locale,
    nullif(c.collcollate, '') AS "collate",
    nullif(c.collctype, '') AS "character type",
    row ->> 'collicurules' AS rules,
    CASE WHEN NOT c.collisdeterministic THEN 'not deterministic' END AS _deterministic,
    {comment("pg_collation", "c.oid")}
FROM pg_collation AS c
    JOIN pg_namespace AS n ON n.oid = c.collnamespace, LATERAL to_jsonb(c) AS row
WHERE {own("pg_collation", "c.oid")}
"""
