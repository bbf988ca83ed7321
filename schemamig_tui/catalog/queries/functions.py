"""Functions, and what is made from them: aggregates, languages, casts, conversions, transforms."""

from schemamig_tui.catalog.queries.fragments import (
    comment,
    function,
    grants,
    made,
    needed_extensions,
    own,
    owner,
    state,
)

_AGGREGATE = f"""concat_ws(E'\\n',
        'SFUNC = ' || {function("a.aggtransfn")},
        'STYPE = ' || format_type(a.aggtranstype, NULL),
        'SSPACE = ' || nullif(a.aggtransspace, 0)::text,
        'FINALFUNC = ' || {function("a.aggfinalfn")},
        CASE WHEN a.aggfinalextra THEN 'FINALFUNC_EXTRA' END,
        'FINALFUNC_MODIFY = ' || nullif(a.aggfinalmodify, usual.modification)::text,
        'COMBINEFUNC = ' || {function("a.aggcombinefn")},
        'SERIALFUNC = ' || {function("a.aggserialfn")},
        'DESERIALFUNC = ' || {function("a.aggdeserialfn")},
        'INITCOND = ' || quote_literal(a.agginitval),
        'MSFUNC = ' || {function("a.aggmtransfn")},
        'MINVFUNC = ' || {function("a.aggminvtransfn")},
        'MSTYPE = ' || format_type(nullif(a.aggmtranstype, 0), NULL),
        'MSSPACE = ' || nullif(a.aggmtransspace, 0)::text,
        'MFINALFUNC = ' || {function("a.aggmfinalfn")},
        CASE WHEN a.aggmfinalextra THEN 'MFINALFUNC_EXTRA' END,
        'MFINALFUNC_MODIFY = ' || nullif(a.aggmfinalmodify, usual.modification)::text,
        'MINITCOND = ' || quote_literal(a.aggminitval),
        'SORTOP = ' || nullif(a.aggsortop, 0)::regoperator::text,
        CASE a.aggkind WHEN 'o' THEN 'ORDERED SET' WHEN 'h' THEN 'HYPOTHETICAL' END,
        'PARALLEL = ' || p.proparallel::text
    )"""

FUNCTIONS = f"""
SELECT p.oid, quote_ident(n.nspname) AS namespace,
    quote_ident(p.proname) || '(' || oidvectortypes(p.proargtypes) || ')' AS name,
    CASE p.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate'
        WHEN 'w' THEN 'window function' ELSE 'function' END AS kind,
    {owner("p.proowner")},
    pg_get_function_result(p.oid) AS returns,
    CASE WHEN p.prokind <> 'a' THEN substr(
        pg_get_functiondef(p.oid),
        length('CREATE OR REPLACE FUNCTION ') + (p.prokind = 'p')::int
            + length(format('%I.%I', n.nspname, p.proname)) + 1
    ) ELSE pg_get_function_arguments(p.oid) || E'\\n' || {_AGGREGATE} END AS text,
    {needed_extensions("pg_proc", "p.oid")},
    {comment("pg_proc", "p.oid")},
    {grants("p.proacl", "p.proowner", "'f'")}
FROM pg_proc AS p
    JOIN pg_namespace AS n ON n.oid = p.pronamespace
    LEFT JOIN pg_aggregate AS a ON a.aggfnoid = p.oid,
    LATERAL (SELECT CASE a.aggkind WHEN 'n' THEN 'r' ELSE 'w' END::"char" AS modification) AS usual
WHERE {own("pg_proc", "p.oid", "'e', 'i'")}
"""

LANGUAGES = f"""
SELECT l.oid, 'language' AS kind, quote_ident(l.lanname) AS name, {owner("l.lanowner")},
    l.lanpltrusted AS trusted,
    {function("l.lanplcallfoid")} AS handler,
    {function("l.laninline")} AS inline,
    {function("l.lanvalidator")} AS validator,
    {comment("pg_language", "l.oid")},
    {grants("l.lanacl", "l.lanowner", "'l'")}
FROM pg_language AS l
WHERE {made("pg_language", "l.oid")}
"""

CASTS = f"""
SELECT c.oid, 'cast' AS kind, i.identity AS name,
    CASE c.castmethod WHEN 'f' THEN 'with function ' || c.castfunc::regprocedure
        WHEN 'i' THEN 'with inout' ELSE 'without function' END AS _method,
    CASE c.castcontext WHEN 'a' THEN 'as assignment' WHEN 'i' THEN 'as implicit' END AS _context,
    {comment("pg_cast", "c.oid")}
FROM pg_cast AS c, LATERAL pg_identify_object('pg_cast'::regclass, c.oid, 0) AS i
WHERE {made("pg_cast", "c.oid", "'e', 'i'")}
"""

CONVERSIONS = f"""
SELECT c.oid, 'conversion' AS kind, quote_ident(n.nspname) AS namespace,
    quote_ident(c.conname) AS name, {owner("c.conowner")},
    pg_encoding_to_char(c.conforencoding) AS for,
    pg_encoding_to_char(c.contoencoding) AS to,
    {function("c.conproc")} AS from,
    c.condefault AS default,
    {comment("pg_conversion", "c.oid")}
FROM pg_conversion AS c JOIN pg_namespace AS n ON n.oid = c.connamespace
WHERE {own("pg_conversion", "c.oid")}
"""

TRANSFORMS = f"""
SELECT t.oid, 'transform' AS kind, i.identity AS name,
    {function("t.trffromsql")} AS "from sql with",
    {function("t.trftosql")} AS "to sql with",
    {comment("pg_transform", "t.oid")}
FROM pg_transform AS t, LATERAL pg_identify_object('pg_transform'::regclass, t.oid, 0) AS i
WHERE {made("pg_transform", "t.oid")}
"""

EVENT_TRIGGERS = f"""
SELECT e.oid, 'event trigger' AS kind, quote_ident(e.evtname) AS name, {owner("e.evtowner")},
    e.evtevent AS on,
    e.evttags AS when,
    {function("e.evtfoid")} AS execute,
    {state("e.evtenabled")} AS _firing,
    {comment("pg_event_trigger", "e.oid")}
FROM pg_event_trigger AS e
WHERE {made("pg_event_trigger", "e.oid")}
"""
