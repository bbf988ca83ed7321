"""What belongs to a table: constraints, indexes, triggers, rules, policies."""

from schemamig_tui.catalog.queries.fragments import (
    FIRST_OWN_OID,
    comment,
    needed_extensions,
    of_people,
    state,
)

# The server takes them for expressions alone.
_STATISTICS = """CASE WHEN i.indexprs IS NOT NULL THEN ARRAY(
        SELECT format('column %s: %s', ia.attnum, ia.attstattarget) FROM pg_attribute AS ia
        WHERE ia.attrelid = ic.oid AND ia.attstattarget >= 0 ORDER BY ia.attnum
    ) END AS statistics"""
_ATTACHED_TO = """CASE WHEN ic.relispartition THEN (
        SELECT ARRAY[format('%I.%I', an.nspname, ap.relname)]
        FROM pg_inherits AS ah JOIN pg_class AS ap ON ap.oid = ah.inhparent
            JOIN pg_namespace AS an ON an.oid = ap.relnamespace
        WHERE ah.inhrelid = ic.oid
    ) END AS "partition of\""""

# What shortening leaves of the definition of an index on columns alone. The server's function would
# open the table, which takes several times as long. NULL where there is more to say, such as an
# order, an operator class of its own (text_ops is that of varchar), or what a UNIQUE one may have.
_PLAIN_INDEX = f"""CASE WHEN ic.relam = (SELECT oid FROM pg_am WHERE amname = 'btree')
        AND NOT i.indisunique AND i.indexprs IS NULL AND i.indpred IS NULL
        AND i.indnatts = i.indnkeyatts AND ic.reloptions IS NULL AND i.indoption::text !~ '[1-9]'
    THEN (
        SELECT '(' || string_agg(quote_ident(ka.attname), ', ' ORDER BY place) || ')'
        FROM generate_series(0, i.indnkeyatts - 1) AS place
            JOIN pg_attribute AS ka ON ka.attrelid = i.indrelid AND ka.attnum = i.indkey[place]
                AND ka.attcollation = i.indcollation[place]
            JOIN pg_opclass AS oc ON oc.oid = i.indclass[place] AND oc.opcdefault
                AND oc.oid < {FIRST_OWN_OID} AND oc.opcintype
                    = CASE ka.atttypid WHEN 'varchar'::regtype THEN 'text'::regtype
                    ELSE ka.atttypid END
        HAVING count(*) = i.indnkeyatts
    ) END"""

# By the triggers of a constraint, and by those on a partition of the referenced table, where they
# are not as the triggers above them are.
_FIRING = f"""
        SELECT {state("g.tgenabled")} || CASE WHEN g.tgrelid = k.conrelid THEN ''
            ELSE ' on the referenced table' END AS as_it_does
        FROM pg_trigger AS g WHERE g.tgconstraint = k.oid AND g.tgenabled <> 'O'
        UNION ALL
        SELECT format('%s on the referenced partition %I.%I',
            coalesce({state("g.tgenabled")}, 'enabled'), gn.nspname, gc.relname)
        FROM (
            WITH RECURSIVE below (oid) AS (
                SELECT b.oid FROM pg_constraint AS b
                WHERE b.conparentid = k.oid AND b.conrelid = k.conrelid
                UNION ALL
                SELECT b.oid FROM below JOIN pg_constraint AS b
                    ON b.conparentid = below.oid AND b.conrelid = k.conrelid
            ) TABLE below
        ) AS below
            JOIN pg_trigger AS g ON g.tgconstraint = below.oid
            JOIN pg_class AS gc ON gc.oid = g.tgrelid
            JOIN pg_namespace AS gn ON gn.oid = gc.relnamespace
            LEFT JOIN pg_trigger AS above ON above.oid = g.tgparentid
        WHERE g.tgenabled <> coalesce(above.tgenabled, 'O')"""

CONSTRAINTS = f"""
SELECT k.conrelid AS parent, k.oid, quote_ident(k.conname) AS name,
    k.conparentid <> 0 OR (k.coninhcount > 0 AND NOT k.conislocal) AS follows,
    -- As pg_dump, which leaves out a name that the server would choose by itself.
    k.contype = 'n' AND NOT k.connoinherit
        AND said.description IS NULL AND k.conname = (
            SELECT kc.relname || '_' || ka.attname || '_not_null'
            FROM pg_class AS kc JOIN pg_attribute AS ka ON ka.attrelid = kc.oid
            WHERE kc.oid = k.conrelid AND ka.attnum = k.conkey[1]
        ) AS implied,
    CASE WHEN k.convalidated THEN d.definition
        ELSE regexp_replace(d.definition, ' NOT VALID$', '') END AS _definition,
    CASE WHEN k.contype <> 'n' AND NOT k.convalidated AND d.definition LIKE '% NOT VALID'
        THEN 'not valid' END AS _valid,
    ic.reloptions AS "with",
    quote_ident(ts.spcname) AS tablespace,
    i.indisclustered AS clustered,
    {_STATISTICS},
    {_ATTACHED_TO},
    CASE WHEN k.contype = 'f' OR k.condeferrable THEN (
        SELECT string_agg(DISTINCT fires.as_it_does, ', ') FROM ({_FIRING}) AS fires
    ) END AS _firing,
    {needed_extensions("pg_class", "ic.oid")},
    said.description AS comment,
    {comment("pg_class", "ic.oid", label="comment on its index")}
FROM pg_constraint AS k
    LEFT JOIN pg_description AS said ON said.objoid = k.oid
        AND said.classoid = 'pg_constraint'::regclass AND said.objsubid = 0
    JOIN pg_namespace AS n ON n.oid = k.connamespace
    LEFT JOIN pg_index AS i ON i.indexrelid = k.conindid AND k.contype IN ('p', 'u', 'x')
    LEFT JOIN pg_class AS ic ON ic.oid = i.indexrelid AND ic.relkind IN ('i', 'I')
    LEFT JOIN pg_tablespace AS ts ON ts.oid = ic.reltablespace,
    LATERAL (SELECT pg_get_constraintdef(k.oid, true) AS definition) AS d
WHERE k.conrelid <> 0 AND k.contype IN ('c', 'f', 'n', 'p', 'u', 'x')
    -- A foreign key to a partitioned table has a constraint for each partition as well.
    AND (k.conparentid = 0 OR k.conrelid IS DISTINCT FROM (
        SELECT above.conrelid FROM pg_constraint AS above WHERE above.oid = k.conparentid
    ))
    AND {of_people()}
"""

INDEXES = f"""
SELECT i.indrelid AS parent, i.indexrelid AS oid, quote_ident(ic.relname) AS name,
    ic.relispartition AS follows,
    coalesce({_PLAIN_INDEX}, pg_get_indexdef(i.indexrelid, 0, true))
        || coalesce(' TABLESPACE ' || quote_ident(ts.spcname), '') AS _definition,
    CASE WHEN NOT i.indisvalid THEN 'invalid' END AS _valid,
    i.indisclustered AS clustered,
    {_STATISTICS},
    {_ATTACHED_TO},
    {needed_extensions("pg_class", "ic.oid")},
    {comment("pg_class", "i.indexrelid")}
FROM pg_index AS i
    JOIN pg_class AS ic ON ic.oid = i.indexrelid
    JOIN pg_namespace AS n ON n.oid = ic.relnamespace
    LEFT JOIN pg_tablespace AS ts ON ts.oid = ic.reltablespace
WHERE {of_people()} AND NOT i.indisprimary AND NOT i.indisexclusion
    AND NOT (i.indisunique AND EXISTS (
        SELECT FROM pg_constraint AS k
        -- Only by the table there is an index.
        WHERE k.conrelid = i.indrelid AND k.conindid = i.indexrelid
            AND k.contype IN ('p', 'u', 'x')
    ))
"""

TRIGGERS = f"""
SELECT g.tgrelid AS parent, g.oid, 'trigger' AS kind, quote_ident(g.tgname) AS name,
    g.tgparentid <> 0 AS follows, pg_get_triggerdef(g.oid, true) AS _definition,
    {state("g.tgenabled")} AS _firing,
    {needed_extensions("pg_trigger", "g.oid")},
    {comment("pg_trigger", "g.oid")}
FROM pg_trigger AS g
-- On partitions they are internal up to 14.
WHERE (NOT g.tgisinternal OR g.tgparentid <> 0 AND g.tgconstraint = 0)
UNION ALL
SELECT r.ev_class, r.oid, 'rule', quote_ident(r.rulename), false, pg_get_ruledef(r.oid, true),
    {state("r.ev_enabled")},
    '{{}}',
    {comment("pg_rewrite", "r.oid")}
FROM pg_rewrite AS r
    JOIN pg_class AS c ON c.oid = r.ev_class
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE r.rulename <> '_RETURN' AND {of_people()}
"""

POLICIES = f"""
SELECT p.polrelid AS parent, p.oid, quote_ident(p.polname) AS name,
    CASE WHEN p.polpermissive THEN 'permissive' ELSE 'restrictive' END AS as,
    CASE p.polcmd WHEN 'r' THEN 'select' WHEN 'a' THEN 'insert' WHEN 'w' THEN 'update'
        WHEN 'd' THEN 'delete' ELSE 'all' END AS for,
    array_to_string(ARRAY(
        SELECT CASE role WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(role)) END
        FROM unnest(p.polroles) AS role ORDER BY 1
    ), ', ') AS to,
    '(' || pg_get_expr(p.polqual, p.polrelid, true) || ')' AS using,
    '(' || pg_get_expr(p.polwithcheck, p.polrelid, true) || ')' AS "with check",
    {comment("pg_policy", "p.oid")}
FROM pg_policy AS p
"""
