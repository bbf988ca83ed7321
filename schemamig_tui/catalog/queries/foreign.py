"""Foreign-data wrappers, servers and user mappings."""

from schemamig_tui.catalog.queries.fragments import comment, function, grants, made, owner

WRAPPERS = f"""
SELECT w.oid, 'foreign-data wrapper' AS kind, quote_ident(w.fdwname) AS name,
    {owner("w.fdwowner")},
    {function("w.fdwhandler")} AS handler,
    {function("w.fdwvalidator")} AS validator,
    w.fdwoptions AS "with",
    {comment("pg_foreign_data_wrapper", "w.oid")},
    {grants("w.fdwacl", "w.fdwowner", "'F'")}
FROM pg_foreign_data_wrapper AS w
WHERE {made("pg_foreign_data_wrapper", "w.oid")}
"""

SERVERS = f"""
SELECT s.oid, 'server' AS kind, quote_ident(s.srvname) AS name, {owner("s.srvowner")},
    s.srvtype AS type,
    s.srvversion AS version,
    quote_ident(w.fdwname) AS "foreign-data wrapper",
    s.srvoptions AS "with",
    {comment("pg_foreign_server", "s.oid")},
    {grants("s.srvacl", "s.srvowner", "'S'")}
FROM pg_foreign_server AS s JOIN pg_foreign_data_wrapper AS w ON w.oid = s.srvfdw
WHERE {made("pg_foreign_server", "s.oid")}
"""

USER_MAPPINGS = """
SELECT u.umid AS oid, 'user mapping' AS kind,
    format('for %s on server %I', CASE u.umuser WHEN 0 THEN 'PUBLIC'
        ELSE quote_ident(u.usename) END, u.srvname) AS name,
    u.umoptions AS options
FROM pg_user_mappings AS u
"""
"""The options are NULL for a role that is not allowed to see them."""
