"""Publications and subscriptions."""

from schemamig_tui.catalog.queries.fragments import Server, comment, made, owner

_COLUMNS_AND_FILTER = """
            || coalesce(' (' || (
                SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum)
                FROM pg_attribute AS a
                WHERE a.attrelid = r.prrelid AND a.attnum = ANY (r.prattrs::int2[])
            ) || ')', '')
            || coalesce(' where (' || pg_get_expr(r.prqual, r.prrelid, true) || ')', '')"""
_SCHEMAS = """ARRAY(
        SELECT quote_ident(n.nspname)
        FROM pg_publication_namespace AS s JOIN pg_namespace AS n ON n.oid = s.pnnspid
        WHERE s.pnpubid = p.oid ORDER BY 1
    )"""


def publications(server: Server) -> str:
    """Tables with columns and a filter, and whole schemas, can be published from 15 on."""
    new = server.major >= 15
    return f"""
SELECT p.oid, 'publication' AS kind, quote_ident(p.pubname) AS name, {owner("p.pubowner")},
    p.puballtables AS "for all tables",
    ARRAY(
        SELECT format('%I.%I', n.nspname, c.relname){_COLUMNS_AND_FILTER if new else ""}
        FROM pg_publication_rel AS r
            JOIN pg_class AS c ON c.oid = r.prrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE r.prpubid = p.oid ORDER BY 1
    ) AS table,
    {_SCHEMAS if new else "'{}'::text[]"} AS "tables in schema",
    concat_ws(', ', CASE WHEN p.pubinsert THEN 'insert' END,
        CASE WHEN p.pubupdate THEN 'update' END, CASE WHEN p.pubdelete THEN 'delete' END,
        CASE WHEN p.pubtruncate THEN 'truncate' END) AS publish,
    p.pubviaroot AS "via partition root",
    CASE to_jsonb(p) ->> 'pubgencols' WHEN 's' THEN 'stored' END AS "generated columns",
    {comment("pg_publication", "p.oid")}
FROM pg_publication AS p
WHERE {made("pg_publication", "p.oid")}
"""


def subscriptions(server: Server) -> str:
    """Where they connect to is hidden from all but a superuser, as are columns one by one."""

    def since(major: int, expression: str) -> str:
        return expression if server.major >= major else "NULL"

    return f"""
SELECT s.oid, 'subscription' AS kind, quote_ident(s.subname) AS name, {owner("s.subowner")},
    {"s.subconninfo" if server.superuser else "NULL"} AS connection,
    s.subpublications AS publication,
    CASE WHEN NOT s.subenabled THEN 'disabled' END AS _firing,
    quote_ident(s.subslotname) AS slot,
    s.subbinary AS binary,
    s.substream::text AS streaming,
    s.subsynccommit AS "synchronous commit",
    {since(15, "s.subtwophasestate::text")} AS "two phase",
    {since(15, "s.subdisableonerr::text")} AS "disable on error",
    {since(16, "s.subpasswordrequired::text")} AS "password required",
    {since(16, "s.subrunasowner::text")} AS "run as owner",
    {since(16, "s.suborigin")} AS origin,
    {since(17, "s.subfailover::text")} AS failover,
    {comment("pg_subscription", "s.oid")}
FROM pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid
WHERE d.datname = current_database()
"""
