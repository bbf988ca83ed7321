"""What belongs to the whole cluster: roles, tablespaces, privileges on parameters."""

from schemamig_tui.catalog.queries.fragments import grants, owner, shared_comment

ROLES = f"""
SELECT r.oid, 'role' AS kind, quote_ident(r.rolname) AS name,
    r.rolcanlogin AS login,
    r.rolsuper AS superuser,
    NOT r.rolinherit AS "no inherit",
    r.rolcreaterole AS "create role",
    r.rolcreatedb AS "create database",
    r.rolreplication AS replication,
    r.rolbypassrls AS "bypass row level security",
    nullif(r.rolconnlimit, -1)::text AS "connection limit",
    nullif(r.rolvaliduntil, 'infinity')::text AS "valid until",
    ARRAY(
        SELECT concat_ws(' ', quote_ident(pg_get_userbyid(m.roleid)),
            CASE WHEN m.admin_option THEN 'with admin' END,
            CASE WHEN NOT (row ->> 'inherit_option')::bool THEN 'without inherit' END,
            CASE WHEN NOT (row ->> 'set_option')::bool THEN 'without set' END,
            'by ' || quote_ident(pg_get_userbyid(nullif(m.grantor, 10))))
        FROM pg_auth_members AS m, LATERAL to_jsonb(m) AS row WHERE m.member = r.oid ORDER BY 1
    ) AS "member of",
    r.rolconfig AS set,
    {shared_comment("pg_authid", "r.oid")}
FROM pg_roles AS r
WHERE r.rolname !~ '^pg_'
"""

SETTINGS_OF_ALL = """
SELECT 0 AS oid, 'settings' AS kind, 'of all roles' AS name, s.setconfig AS set
FROM pg_db_role_setting AS s
WHERE s.setdatabase = 0 AND s.setrole = 0
"""

TABLESPACES = f"""
SELECT t.oid, 'tablespace' AS kind, quote_ident(t.spcname) AS name, {owner("t.spcowner")},
    pg_tablespace_location(t.oid) AS location,
    t.spcoptions AS "with",
    {shared_comment("pg_tablespace", "t.oid")},
    {grants("t.spcacl", "t.spcowner", "'t'")}
FROM pg_tablespace AS t
"""

PARAMETERS = f"""
SELECT p.oid, 'parameter' AS kind, quote_ident(p.parname) AS name,
    {grants("p.paracl", "10", "'p'")}
FROM pg_parameter_acl AS p
"""
