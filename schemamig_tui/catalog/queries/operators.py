"""Operators, operator classes and families, and the access methods that use them."""

from schemamig_tui.catalog.queries.fragments import comment, function, made, own, owner

OPERATORS = f"""
SELECT o.oid, 'operator' AS kind, quote_ident(n.nspname) AS namespace,
    o.oprname || '(' || coalesce(format_type(nullif(o.oprleft, 0), NULL), 'NONE') || ','
        || format_type(o.oprright, NULL) || ')' AS name,
    {owner("o.oprowner")},
    {function("o.oprcode")} AS function,
    nullif(o.oprcom, 0)::regoperator::text AS commutator,
    nullif(o.oprnegate, 0)::regoperator::text AS negator,
    {function("o.oprrest")} AS restrict,
    {function("o.oprjoin")} AS join,
    o.oprcanhash AS hashes,
    o.oprcanmerge AS merges,
    {comment("pg_operator", "o.oid")}
FROM pg_operator AS o JOIN pg_namespace AS n ON n.oid = o.oprnamespace
-- An operator that another one only names has no function yet.
WHERE o.oprcode <> 0 AND {own("pg_operator", "o.oid")}
"""

OPERATOR_FAMILIES = f"""
SELECT f.oid, 'operator family' AS kind, quote_ident(n.nspname) AS namespace,
    format('%I USING %I', f.opfname, am.amname) AS name, {owner("f.opfowner")},
    ARRAY(
        SELECT o.amopstrategy || ' ' || o.amopopr::regoperator
            || coalesce(' for order by ' || (
                SELECT format('%I.%I', sn.nspname, s.opfname)
                FROM pg_opfamily AS s JOIN pg_namespace AS sn ON sn.oid = s.opfnamespace
                WHERE s.oid = nullif(o.amopsortfamily, 0)), '')
        FROM pg_amop AS o WHERE o.amopfamily = f.oid
        ORDER BY o.amoplefttype::regtype::text, o.amoprighttype::regtype::text, o.amopstrategy
    ) AS operator,
    ARRAY(
        SELECT format('%s (%s, %s) %s', p.amprocnum, format_type(p.amproclefttype, NULL),
            format_type(p.amprocrighttype, NULL), p.amproc::regprocedure)
        FROM pg_amproc AS p WHERE p.amprocfamily = f.oid
        ORDER BY p.amproclefttype::regtype::text, p.amprocrighttype::regtype::text, p.amprocnum
    ) AS function,
    {comment("pg_opfamily", "f.oid")}
FROM pg_opfamily AS f
    JOIN pg_namespace AS n ON n.oid = f.opfnamespace
    JOIN pg_am AS am ON am.oid = f.opfmethod
WHERE {own("pg_opfamily", "f.oid")}
"""

OPERATOR_CLASSES = f"""
SELECT c.oid, 'operator class' AS kind, quote_ident(n.nspname) AS namespace,
    format('%I USING %I', c.opcname, am.amname) AS name, {owner("c.opcowner")},
    c.opcdefault AS default,
    format_type(c.opcintype, NULL) AS for,
    format('%I.%I', fn.nspname, f.opfname) AS family,
    format_type(nullif(c.opckeytype, 0), NULL) AS storage,
    {comment("pg_opclass", "c.oid")}
FROM pg_opclass AS c
    JOIN pg_namespace AS n ON n.oid = c.opcnamespace
    JOIN pg_am AS am ON am.oid = c.opcmethod
    JOIN pg_opfamily AS f ON f.oid = c.opcfamily
    JOIN pg_namespace AS fn ON fn.oid = f.opfnamespace
WHERE {own("pg_opclass", "c.oid")}
"""

ACCESS_METHODS = f"""
SELECT a.oid, 'access method' AS kind, quote_ident(a.amname) AS name,
    CASE a.amtype WHEN 'i' THEN 'index' ELSE 'table' END AS type,
    {function("a.amhandler")} AS handler,
    {comment("pg_am", "a.oid")}
FROM pg_am AS a
WHERE {made("pg_am", "a.oid")}
"""
