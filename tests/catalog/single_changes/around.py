"""What is around the schemas: the database as such, and its cluster.

These are made one after the other, in one database, whose name stands where an ``@`` is.
"""

from tests.catalog.single_changes import Case

# pg_dump --create shows these.
DATABASE = (
    Case("", "ALTER DATABASE @ SET work_mem = '1MB'", "+ set work_mem=1MB"),
    Case("", "ALTER DATABASE @ SET work_mem = '2MB'", "set work_mem=1MB -> work_mem=2MB"),
    Case("", "ALTER DATABASE @ RESET work_mem", "- set work_mem=2MB"),
    Case("", "COMMENT ON DATABASE @ IS 'x'", "+ comment 'x'"),
    Case("", "ALTER DATABASE @ CONNECTION LIMIT 9", "connection limit none -> 9"),
    Case("", "ALTER DATABASE @ IS_TEMPLATE true", "+ template"),
    Case("", "ALTER DATABASE @ IS_TEMPLATE false", "- template"),
    Case("", "REVOKE CONNECT ON DATABASE @ FROM PUBLIC", "- grant CONNECT to PUBLIC"),
    Case("CREATE ROLE role_@;", "GRANT CREATE ON DATABASE @ TO role_@", "+ grant CREATE to role_@"),
    Case("", "ALTER DATABASE @ OWNER TO role_@", "owner postgres -> role_@"),
    Case(
        "",
        "ALTER ROLE role_@ IN DATABASE @ SET work_mem = '3MB'",
        "+ settings of role role_@ in database @ set (work_mem=3MB)",
    ),
    Case("", "ALTER ROLE role_@ IN DATABASE @ RESET ALL", "- settings of role role_@ in database"),
    Case("", "COMMENT ON SCHEMA public IS 'x'", "schema public"),
    Case("", "GRANT CREATE ON SCHEMA public TO role_@", "+ grant CREATE to role_@"),
    Case("", "DROP SCHEMA public", "- schema public"),
    Case("", "CREATE SCHEMA public", "+ schema public"),
)

# pg_dumpall --globals-only shows these.
CLUSTER = (
    Case("", "CREATE ROLE role_@", "+ cluster-wide role role_@"),
    Case("", "ALTER ROLE role_@ LOGIN", "cluster-wide role role_@"),
    Case("", "ALTER ROLE role_@ SUPERUSER", "+ superuser"),
    Case("", "ALTER ROLE role_@ NOINHERIT", "+ no inherit"),
    Case("", "ALTER ROLE role_@ CREATEROLE", "+ create role"),
    Case("", "ALTER ROLE role_@ CREATEDB", "+ create database"),
    Case("", "ALTER ROLE role_@ REPLICATION", "+ replication"),
    Case("", "ALTER ROLE role_@ BYPASSRLS", "+ bypass row level security"),
    Case("", "ALTER ROLE role_@ CONNECTION LIMIT 9", "connection limit none -> 9"),
    Case("", "ALTER ROLE role_@ VALID UNTIL '2030-01-01 UTC'", "+ valid until 2030-01-01"),
    Case("", "ALTER ROLE role_@ SET work_mem = '1MB'", "+ set work_mem=1MB"),
    Case("", "ALTER ROLE role_@ RESET work_mem", "- set work_mem=1MB"),
    Case("", "COMMENT ON ROLE role_@ IS 'x'", "+ comment 'x'"),
    Case("CREATE ROLE role_@_x;", "GRANT role_@ TO role_@_x", "+ member of role_@"),
    Case("", "GRANT role_@ TO role_@_x WITH ADMIN OPTION", "role_@ with admin"),
    Case("", "GRANT role_@ TO role_@_x WITH INHERIT FALSE", "without inherit", since=16),
    Case("", "GRANT role_@ TO role_@_x WITH SET FALSE", "without set", since=16),
    Case("", "REVOKE role_@ FROM role_@_x", "- member of role_@"),
    Case("", "GRANT pg_monitor TO role_@", "+ member of pg_monitor"),
    Case("", "ALTER ROLE role_@ RENAME TO role_@_y", "role role_@ renamed to role_@_y"),
    Case("", "DROP ROLE role_@_x", "- cluster-wide role role_@_x"),
    Case("", "CREATE TABLESPACE ts_@ LOCATION ''", "+ cluster-wide tablespace ts_@ location"),
    Case("", "ALTER TABLESPACE ts_@ SET (random_page_cost = 1)", "+ with random_page_cost=1"),
    Case("", "COMMENT ON TABLESPACE ts_@ IS 'x'", "+ comment 'x'"),
    Case("", "GRANT CREATE ON TABLESPACE ts_@ TO role_@_y", "+ grant CREATE to role_@_y"),
    Case("", "ALTER TABLESPACE ts_@ OWNER TO role_@_y", "owner postgres -> role_@_y"),
    Case("", "ALTER TABLESPACE ts_@ RENAME TO ts_@_y", "ts_@ renamed to ts_@_y"),
    Case("", "DROP TABLESPACE ts_@_y", "- cluster-wide tablespace ts_@_y"),
    Case(
        "",
        "GRANT SET ON PARAMETER session_replication_role TO role_@_y",
        "+ cluster-wide parameter session_replication_role",
        since=15,
    ),
    Case(
        "",
        "REVOKE SET ON PARAMETER session_replication_role FROM role_@_y",
        "- cluster-wide parameter session_replication_role",
        since=15,
    ),
    Case(
        "",
        "ALTER ROLE ALL SET work_mem = '1MB'",
        "+ cluster-wide settings of all roles set (work_mem=1MB)",
        unlike="pg_dumpall leaves it out",
    ),
    Case(
        "",
        "ALTER ROLE ALL RESET ALL",
        "- cluster-wide settings of all roles",
        unlike="pg_dumpall leaves it out",
    ),
)
