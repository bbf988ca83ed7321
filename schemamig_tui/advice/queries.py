"""The questions to the catalog about what the pending files touch.

No function in them takes a lock on a relation. Names are compared as ``name``, which cuts them as
the server does. The search_path begins with pg_catalog, see ``database``: the schema behind it is
the one that new objects are made in.
"""

RELATED = """
WITH RECURSIVE keys AS MATERIALIZED (
    SELECT conrelid, confrelid, bool_or(confupdtype IN ('c', 'n', 'd')
        OR confdeltype IN ('c', 'n', 'd')) AS follows
    FROM pg_catalog.pg_constraint WHERE contype = 'f' GROUP BY conrelid, confrelid
), near (oid) AS (
    SELECT oid FROM unnest(%(oids)s::oid[]) oid
    UNION
    SELECT other.oid FROM near n CROSS JOIN LATERAL (
        SELECT inhrelid FROM pg_catalog.pg_inherits WHERE inhparent = n.oid
        UNION ALL SELECT inhparent FROM pg_catalog.pg_inherits WHERE inhrelid = n.oid
        UNION ALL SELECT indrelid FROM pg_catalog.pg_index WHERE indexrelid = n.oid
        UNION ALL SELECT conrelid FROM keys
            WHERE confrelid = n.oid AND (%(transitive)s OR %(following)s AND follows)
    ) other (oid)
), wide (oid) AS (
    (SELECT oid FROM near
    UNION SELECT unnest(ARRAY[conrelid, confrelid]) FROM keys
        WHERE conrelid IN (SELECT oid FROM near) OR confrelid IN (SELECT oid FROM near))
    UNION SELECT i.inhrelid FROM wide w JOIN pg_catalog.pg_inherits i ON i.inhparent = w.oid
), chosen (oid) AS (
    SELECT oid FROM wide
    UNION SELECT indexrelid FROM pg_catalog.pg_index WHERE indrelid IN (SELECT oid FROM wide)
)
SELECT c.oid::bigint, c.relkind::text AS kind,
    quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS name,
    ARRAY(SELECT inhparent::bigint FROM pg_catalog.pg_inherits WHERE inhrelid = c.oid) AS parents,
    x.indrelid::bigint AS table,
    EXISTS (SELECT FROM pg_catalog.pg_partitioned_table WHERE partdefid = c.oid)
        AS default_partition,
    c.relispartition AS partition, c.relname::text AS bare, c.relpersistence::text AS persistence,
    coalesce(p.spcname::text, '') AS tablespace, coalesce(m.amname::text, '') AS access_method,
    c.reltoastrelid <> 0 AS toasted,
    ARRAY(SELECT a.attname::text FROM unnest(x.indkey) k JOIN pg_catalog.pg_attribute a
        ON a.attrelid = x.indrelid AND a.attnum = k) AS columns,
    CASE WHEN x.indexprs IS NOT NULL OR x.indpred IS NOT NULL THEN
        ARRAY(SELECT a.attname::text FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_attribute a
            ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
            WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = x.indexrelid
                AND d.refclassid = d.classid AND d.refobjid = x.indrelid AND d.refobjsubid > 0)
        ELSE '{}' END AS computed_from
FROM chosen JOIN pg_catalog.pg_class c USING (oid)
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_database b ON b.datname = current_database()
    LEFT JOIN pg_catalog.pg_tablespace p
        ON p.oid = coalesce(nullif(c.reltablespace, 0), b.dattablespace)
    LEFT JOIN pg_catalog.pg_am m ON m.oid = c.relam
    LEFT JOIN pg_catalog.pg_index x ON x.indexrelid = c.oid
WHERE c.relpersistence <> 't' AND c.relkind <> 'c' AND n.nspname <> 'pg_toast'
"""

# A name may be that of a constraint on several tables. conenforced came with PostgreSQL 18.
CONSTRAINTS = """
SELECT k.oid::bigint, k.conname::text AS name, k.contype::text AS kind,
    k.conrelid::bigint AS table, k.confrelid::bigint AS other,
    ARRAY(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY u (n, i)
        JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = n ORDER BY i)
        AS columns,
    ARRAY(SELECT a.attname::text FROM unnest(k.confkey) WITH ORDINALITY u (n, i)
        JOIN pg_catalog.pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = n ORDER BY i)
        AS others,
    k.convalidated AS validated, k.connoinherit AS no_inherit,
    k.convalidated OR coalesce((to_jsonb(k) ->> 'conenforced')::bool, true) AS enforced,
    CASE WHEN k.contype = 'c' THEN pg_get_expr(k.conbin, k.conrelid) ELSE '' END AS condition,
    k.confdeltype::text AS on_delete, k.confupdtype::text AS on_update
FROM pg_catalog.pg_constraint k
WHERE k.conrelid = ANY (%(oids)s::oid[]) OR k.contype = 'f' AND k.confrelid = ANY (%(oids)s::oid[])
ORDER BY k.oid
"""

COLUMNS = """
WITH RECURSIVE columns AS (
    SELECT a.* FROM unnest(%(oids)s::bigint[], %(names)s::name[]) AS asked (relation, name)
        JOIN pg_catalog.pg_attribute a ON a.attrelid = relation AND a.attname = name
    WHERE a.attnum > 0 AND NOT a.attisdropped
), base (oid, base) AS (
    SELECT DISTINCT atttypid, atttypid FROM columns
    UNION ALL SELECT b.oid, t.typbasetype FROM base b JOIN pg_catalog.pg_type t ON t.oid = b.base
        WHERE t.typtype = 'd'
)
SELECT DISTINCT a.attrelid::bigint AS table, a.attname::text AS name, a.atttypid::bigint AS type,
    base.base::bigint, format_type(base.base, a.atttypmod) AS written,
    a.attcollation::bigint AS collation,
    a.attnotnull AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint k WHERE k.contype = 'n'
        AND k.conrelid = a.attrelid AND k.conkey = ARRAY[a.attnum] AND NOT k.convalidated)
        AS not_null,
    a.attgenerated::text AS generated, quote_ident(a.attname) AS quoted,
    (SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname)
        FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_class c ON c.oid = d.objid
            JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            JOIN pg_catalog.pg_sequence s ON s.seqrelid = c.oid
        WHERE d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = a.attrelid
            AND d.refobjsubid = a.attnum AND d.classid = d.refclassid AND d.deptype = 'a'
            AND s.seqtypid IN ('int2'::regtype, 'int4'::regtype) LIMIT 1) AS short_sequence
FROM columns a JOIN base ON base.oid = a.atttypid
    JOIN pg_catalog.pg_type t ON t.oid = base.base AND t.typtype <> 'd'
"""

TYPES = """
WITH RECURSIVE asked AS (
    SELECT text, to_regtype(text)::oid AS oid FROM unnest(%(texts)s::text[]) text
), base (text, oid, base, modifier, constrained, volatile) AS (
    SELECT a.text, a.oid, a.oid, -1, false, false FROM asked a WHERE a.oid IS NOT NULL
    UNION ALL
    SELECT b.text, b.oid, t.typbasetype, greatest(b.modifier, t.typtypmod),
        b.constrained OR t.typnotnull
            OR EXISTS (SELECT FROM pg_catalog.pg_constraint WHERE contypid = t.oid),
        b.volatile OR EXISTS (SELECT FROM pg_catalog.pg_depend d
            JOIN pg_catalog.pg_proc p ON p.oid = d.refobjid AND p.provolatile = 'v'
            WHERE d.classid = 'pg_catalog.pg_type'::regclass AND d.objid = t.oid
                AND d.refclassid = 'pg_catalog.pg_proc'::regclass)
    FROM base b JOIN pg_catalog.pg_type t ON t.oid = b.base WHERE t.typtype = 'd'
)
SELECT b.text, b.oid::bigint, b.base::bigint, t.typcollation::bigint AS collation, b.constrained,
    b.volatile, format_type(b.base, NULL) AS written,
    EXISTS (SELECT FROM pg_catalog.pg_type WHERE oid = b.oid AND typdefault IS NOT NULL)
        AS defaulted,
    CASE WHEN b.oid = b.base THEN '' ELSE format_type(b.base, b.modifier) END AS limited,
    ARRAY(SELECT enumlabel::text FROM pg_catalog.pg_enum WHERE enumtypid = b.base) AS labels
FROM base b JOIN pg_catalog.pg_type t ON t.oid = b.base AND t.typtype <> 'd'
"""

COLLATIONS = """
SELECT text AS name, to_regcollation(text)::oid::bigint AS oid FROM unnest(%(texts)s::text[]) text
WHERE to_regcollation(text) IS NOT NULL
"""

CASTS = """
SELECT castsource::bigint AS source, casttarget::bigint AS target FROM pg_catalog.pg_cast
WHERE castmethod = 'b' AND castsource = ANY (%(sources)s::oid[])
    AND casttarget = ANY (%(targets)s::oid[])
"""

FUNCTIONS = """
SELECT proname::text AS name, bool_or(provolatile = 'v') AS volatile
FROM pg_catalog.pg_proc WHERE proname = ANY (%(names)s::name[]) GROUP BY proname
"""

IN_UTC = """
SELECT current_setting('TimeZone') IN ('UTC', 'GMT', 'Etc/UTC', 'Etc/GMT', 'Etc/UCT', 'UCT',
    'Zulu', 'Etc/Zulu', 'Universal', 'Etc/Universal', 'Greenwich', 'Etc/Greenwich') AS in_utc
"""

# Events are those of pg_rewrite: 1 is to read, 2 UPDATE, 3 INSERT, 4 DELETE; the bits of tgtype are
# in pg_trigger.h. A view is not looked through where a rule or a trigger does something instead.
# A write to a view is one to the only table in its FROM, which is the first relation in its tree.
# The trees of rules have the lock that is taken on each relation: 3 is ROW EXCLUSIVE. Commands have
# the numbers of the events, and the first such relation behind a command is the one it writes to.
THROUGH_RULES = """
WITH RECURSIVE reached (number, oid, event, named, how) AS (
    SELECT number, oid, event, true, 'read'
    FROM unnest(%(numbers)s::int[], %(oids)s::oid[], %(events)s::"char"[])
        AS a (number, oid, event)
    UNION
    SELECT v.number, next.oid, next.event, false, next.how FROM reached v, LATERAL (
        SELECT d.refobjid AS oid, v.event, v.how FROM pg_catalog.pg_class c
            JOIN pg_catalog.pg_rewrite w ON w.ev_class = c.oid AND w.ev_type = '1'
            CROSS JOIN LATERAL (SELECT refobjid FROM pg_catalog.pg_depend
                WHERE classid = 'pg_catalog.pg_rewrite'::regclass AND objid = w.oid
                    AND refclassid = 'pg_catalog.pg_class'::regclass AND v.event = '1'
                UNION (SELECT found[1]::oid FROM regexp_matches(w.ev_action::text,
                    ':relid (\\d+)', 'g') found
                WHERE v.event <> '1' AND found[1]::oid NOT IN (0, v.oid) LIMIT 1)) d
        WHERE c.oid = v.oid AND c.relkind IN ('v', 'm') AND d.refobjid <> v.oid
            AND (c.relkind = 'v' OR v.named) AND (v.event = '1'
            OR NOT EXISTS (SELECT FROM pg_catalog.pg_rewrite i WHERE i.ev_class = v.oid
                    AND i.ev_type = v.event AND i.is_instead AND i.ev_qual = '<>')
                AND NOT EXISTS (SELECT FROM pg_catalog.pg_trigger t WHERE t.tgrelid = v.oid
                    AND t.tgtype & 64 <> 0 AND t.tgtype
                        & CASE v.event WHEN '2' THEN 16 WHEN '3' THEN 4 ELSE 8 END <> 0))
        UNION ALL
        SELECT found[2]::oid, found[1]::"char", 'written' FROM pg_catalog.pg_rewrite w,
            regexp_matches(w.ev_action::text,
                ':commandType ([234]).*?:relid (\\d+)[^{}]*? :rellockmode 3', 'g') found
        WHERE w.ev_class = v.oid AND w.ev_type = v.event AND w.ev_type <> '1'
            AND w.ev_enabled <> 'D'
    ) next
), rules AS (
    SELECT v.number, v.how, w.* FROM reached v JOIN pg_catalog.pg_rewrite w ON w.ev_class = v.oid
        AND w.ev_type = v.event AND w.ev_type <> '1' AND w.ev_enabled <> 'D'
)
SELECT number, oid, how FROM (
    SELECT number, oid::bigint, how, named FROM reached
    UNION ALL SELECT number, ev_class::bigint, 'replaced', false FROM rules
    WHERE how = 'read' AND is_instead AND ev_qual = '<>'
    UNION ALL SELECT number, found[1]::bigint, 'written', false FROM rules,
        regexp_matches(ev_action::text, ':relid (\\d+)[^{}]*? :rellockmode 3', 'g') found
) a
GROUP BY number, oid, how ORDER BY number, bool_or(named) DESC, oid
"""

PUBLISHED = """
SELECT a.number, r.prrelid::bigint AS oid
FROM unnest(%(numbers)s::int[], %(names)s::name[]) AS a (number, name)
    JOIN pg_catalog.pg_publication p ON p.pubname = a.name
    JOIN pg_catalog.pg_publication_rel r ON r.prpubid = p.oid
"""

# A schema of NULL is all of them. The rules are those of get_all_vacuum_rels, get_tables_to_cluster
# and ReindexMultipleTables in src/backend/commands: a table that the role may not keep up is left
# out. A partitioned table is locked by VACUUM as well, before it is found to have no rows.
KEPT_UP = """
SELECT a.number, c.oid::bigint
FROM unnest(%(numbers)s::int[], %(schemas)s::name[], %(statements)s::text[])
        AS a (number, schema, statement)
    JOIN pg_catalog.pg_namespace n ON n.nspname = a.schema OR a.schema IS NULL
    JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid
    JOIN pg_catalog.pg_database b ON b.datname = current_database()
    CROSS JOIN LATERAL (SELECT coalesce(has_table_privilege(c.oid, %(maintain)s),
        pg_has_role(c.relowner, 'USAGE'))) r (maintained)
WHERE c.relkind IN ('r', 'm', 'p') AND c.relpersistence <> 't'
    AND CASE
        WHEN a.statement = 'REINDEX CONCURRENTLY' THEN c.relkind <> 'p'
            AND n.nspname <> 'pg_catalog'
        WHEN a.statement = 'REINDEX' THEN c.relkind <> 'p' AND (r.maintained OR NOT c.relisshared)
            AND (a.schema IS NOT NULL OR %(catalogs)s OR n.nspname <> 'pg_catalog')
        WHEN a.statement = 'CLUSTER' THEN r.maintained AND EXISTS (
            SELECT FROM pg_catalog.pg_index WHERE indrelid = c.oid AND indisclustered)
        ELSE r.maintained OR pg_has_role(b.datdba, 'USAGE') AND NOT c.relisshared END
"""

# What IF EXISTS and IF NOT EXISTS ask for.
PRESENT = """
SELECT a.number
FROM unnest(%(numbers)s::int[], %(kinds)s::text[], %(tables)s::bigint[], %(schemas)s::name[],
    %(names)s::name[]) AS a (number, kind, "table", schema, name)
WHERE CASE a.kind
    WHEN 'relation' THEN EXISTS (SELECT FROM pg_catalog.pg_class c
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relname = a.name AND n.nspname = coalesce(a.schema, (current_schemas(false))[2]))
    WHEN 'index' THEN EXISTS (SELECT FROM pg_catalog.pg_class c
        JOIN pg_catalog.pg_class t ON t.relnamespace = c.relnamespace
        WHERE c.relname = a.name AND t.oid = a."table")
    WHEN 'column' THEN EXISTS (SELECT FROM pg_catalog.pg_attribute
        WHERE attrelid = a."table" AND attname = a.name AND NOT attisdropped)
    WHEN 'trigger' THEN EXISTS (SELECT FROM pg_catalog.pg_trigger
        WHERE tgrelid = a."table" AND tgname = a.name)
    WHEN 'rule' THEN EXISTS (SELECT FROM pg_catalog.pg_rewrite
        WHERE ev_class = a."table" AND rulename = a.name)
    WHEN 'policy' THEN EXISTS (SELECT FROM pg_catalog.pg_policy
        WHERE polrelid = a."table" AND polname = a.name)
    END
"""

# Where a column has the domain inside an array, a range or a composite type, the server refuses.
OF_TYPE = """
WITH RECURSIVE asked AS (
    SELECT a.number, t.oid
    FROM unnest(%(numbers)s::int[], %(schemas)s::name[], %(names)s::name[])
            AS a (number, schema, name)
        CROSS JOIN LATERAL (
            SELECT y.oid FROM pg_catalog.pg_type y
                JOIN pg_catalog.pg_namespace s ON s.oid = y.typnamespace
            WHERE y.typname = a.name
                AND s.nspname = ANY (CASE WHEN a.schema IS NULL THEN current_schemas(true)
                    ELSE ARRAY[a.schema] END)
            ORDER BY array_position(current_schemas(true), s.nspname) LIMIT 1
        ) t
), types (number, oid, domain) AS (
    SELECT a.number, t.oid, t.typtype = 'd'
    FROM asked a JOIN pg_catalog.pg_type t ON t.oid = a.oid
    UNION SELECT o.number, t.oid, true
    FROM types o JOIN pg_catalog.pg_type t ON t.typbasetype = o.oid WHERE t.typtype = 'd'
)
SELECT number::int, attrelid::bigint AS oid
FROM types JOIN pg_catalog.pg_attribute a ON atttypid = types.oid AND NOT attisdropped
    JOIN pg_catalog.pg_class c ON c.oid = attrelid AND relkind IN ('r', 'm')
WHERE domain
UNION SELECT number::int, c.oid::bigint
FROM types JOIN pg_catalog.pg_class c ON c.reloftype = types.oid
"""
