"""Text search: configurations, and the dictionaries, parsers and templates they are made of."""

from schemamig_tui.catalog.queries.fragments import comment, function, own, owner

PARSERS = f"""
SELECT p.oid, 'text search parser' AS kind, quote_ident(n.nspname) AS namespace,
    quote_ident(p.prsname) AS name,
    {function("p.prsstart")} AS start,
    {function("p.prstoken")} AS gettoken,
    {function("p.prsend")} AS end,
    {function("p.prsheadline")} AS headline,
    {function("p.prslextype")} AS lextypes,
    {comment("pg_ts_parser", "p.oid")}
FROM pg_ts_parser AS p JOIN pg_namespace AS n ON n.oid = p.prsnamespace
WHERE {own("pg_ts_parser", "p.oid")}
"""

TEMPLATES = f"""
SELECT t.oid, 'text search template' AS kind, quote_ident(n.nspname) AS namespace,
    quote_ident(t.tmplname) AS name,
    {function("t.tmplinit")} AS init,
    {function("t.tmpllexize")} AS lexize,
    {comment("pg_ts_template", "t.oid")}
FROM pg_ts_template AS t JOIN pg_namespace AS n ON n.oid = t.tmplnamespace
WHERE {own("pg_ts_template", "t.oid")}
"""

DICTIONARIES = f"""
SELECT d.oid, 'text search dictionary' AS kind, quote_ident(n.nspname) AS namespace,
    quote_ident(d.dictname) AS name, {owner("d.dictowner")},
    format('%I.%I', tn.nspname, t.tmplname) AS template,
    d.dictinitoption AS "with",
    {comment("pg_ts_dict", "d.oid")}
FROM pg_ts_dict AS d
    JOIN pg_namespace AS n ON n.oid = d.dictnamespace
    JOIN pg_ts_template AS t ON t.oid = d.dicttemplate
    JOIN pg_namespace AS tn ON tn.oid = t.tmplnamespace
WHERE {own("pg_ts_dict", "d.oid")}
"""

CONFIGURATIONS = f"""
SELECT c.oid, 'text search configuration' AS kind, quote_ident(n.nspname) AS namespace,
    quote_ident(c.cfgname) AS name, {owner("c.cfgowner")},
    format('%I.%I', pn.nspname, p.prsname) AS parser,
    ARRAY(
        SELECT token.alias || ' to ' || string_agg(
            m.mapdict::regdictionary::text, ', ' ORDER BY m.mapseqno
        )
        FROM pg_ts_config_map AS m JOIN ts_token_type(c.cfgparser) AS token
            ON token.tokid = m.maptokentype
        WHERE m.mapcfg = c.oid GROUP BY token.alias ORDER BY token.alias
    ) AS map,
    {comment("pg_ts_config", "c.oid")}
FROM pg_ts_config AS c
    JOIN pg_namespace AS n ON n.oid = c.cfgnamespace
    JOIN pg_ts_parser AS p ON p.oid = c.cfgparser
    JOIN pg_namespace AS pn ON pn.oid = p.prsnamespace
WHERE {own("pg_ts_config", "c.oid")}
"""
